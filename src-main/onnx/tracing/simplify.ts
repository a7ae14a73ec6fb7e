import { foldIntoConvolutions } from './fold-convolution.ts'
import type { Graph, GraphNode, Initializer } from './graph.ts'

/** The same graph with fewer operations: known patterns are fused, and what no output needs is left out. */
export function simplify(graph: Graph): Graph {
  fuseLeakyRelu(graph)
  transposeFirst(graph)
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

/**
 * An image that is brought to ONNX's order after numbers were taken from its channels: brought there first. ONNX Runtime
 * meets a channel's number with a whole plane ten times as fast as with every third value.
 */
function transposeFirst(graph: Graph): void {
  const users = (name: string) => graph.nodes.filter(({ inputs }) => inputs.includes(name))
  for (const transpose of graph.nodes.filter(({ operator }) => operator === 'Transpose')) {
    const perm = transpose.attributes.perm as readonly number[]
    const chain: GraphNode[] = [] // from the image to the transpose
    for (let name = transpose.inputs[0]!; ;) {
      const node = graph.producer(name)
      const constant = graph.initializers.get(node?.inputs[1] ?? '')
      if (!node || !['Add', 'Sub', 'Mul', 'Div'].includes(node.operator) || users(name).length > 1) break
      if (!constant || users(constant.name).length > 1 || !isAlongOneAxis(constant)) break
      chain.unshift(node)
      name = node.inputs[0]!
    }
    const image = graph.inputs.find(({ name }) => name === chain[0]?.inputs[0])
    if (!image || image.shape.length !== perm.length || users(image.name).length > 1) continue
    const planes = `${image.name}_in_planes`
    const permuted = (shape: readonly number[]) =>
      perm.map((axis) => shape[shape.length - perm.length + axis] ?? 1)
    const first = chain[0]!
    graph.nodes.splice(graph.nodes.indexOf(transpose), 1)
    graph.nodes.splice(graph.nodes.indexOf(first), 0, {
      ...transpose,
      inputs: first.inputs.slice(0, 1),
      outputs: [planes],
    })
    first.inputs = [planes, first.inputs[1]!]
    const shape = permuted(image.shape as number[])
    graph.values.set(planes, { shape, dtype: image.dtype })
    for (const { inputs, outputs } of chain) {
      graph.values.set(outputs[0]!, { shape, dtype: image.dtype })
      const constant = graph.initializers.get(inputs[1]!)!
      constant.shape = permuted(constant.shape)
    }
    chain.at(-1)!.outputs = transpose.outputs
  }
}

/** Its elements lie in the same order however its axes do. */
function isAlongOneAxis({ shape }: Initializer): boolean {
  return shape.filter((size) => size > 1).length <= 1
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
