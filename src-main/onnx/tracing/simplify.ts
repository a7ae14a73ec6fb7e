import { foldIntoConvolutions } from './fold-convolution.ts'
import type { Graph, GraphNode } from './graph.ts'

/** The same graph with fewer operations: known patterns are fused, and what no output needs is left out. */
export function simplify(graph: Graph): Graph {
  fuseLeakyRelu(graph)
  foldIntoConvolutions(graph)
  return withoutUnused(graph)
}

/** relu(x − a·x) + a·x is LeakyRelu(x) with slope a (how face-api writes it). */
function fuseLeakyRelu(graph: Graph): void {
  for (const [index, node] of graph.nodes.entries()) {
    if (node.operator !== 'Add') continue
    for (const [rest, scaled] of [node.inputs, [...node.inputs].reverse()] as [string, string][]) {
      const relu = graph.producer(rest)
      const product = graph.producer(scaled)
      const difference = relu?.operator === 'Relu' ? graph.producer(relu.inputs[0]!) : undefined
      if (product?.operator !== 'Mul' || difference?.operator !== 'Sub' || difference.inputs[1] !== scaled)
        continue
      const x = difference.inputs[0]!
      const factor = product.inputs.find((name) => name !== x)
      const slope = factor === undefined ? undefined : graph.initializers.get(factor)
      if (!product.inputs.includes(x) || slope?.values.length !== 1) continue
      graph.nodes[index] = {
        operator: 'LeakyRelu',
        inputs: [x],
        outputs: node.outputs,
        attributes: { alpha: { float: slope.values[0]! } },
      }
    }
  }
}

/** What no output needs is left out. */
export function withoutUnused(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map(({ name }) => name))
  const kept: GraphNode[] = []
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((name) => needed.has(name))) continue
    node.inputs.forEach((name) => needed.add(name))
    kept.unshift(node)
  }
  graph.nodes.splice(0, graph.nodes.length, ...kept)
  for (const name of graph.initializers.keys()) if (!needed.has(name)) graph.initializers.delete(name)
  return graph
}
