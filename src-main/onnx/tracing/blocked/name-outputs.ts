import type { Graph } from '../graph.ts'

/** Nodes whose values the graph gives back write them under that name, where a copy did. */
export function nameOutputs(graph: Graph): void {
  const given = new Set(graph.inputs.map(({ name }) => name))
  const names = new Map<string, string>()
  for (const { operator, inputs, outputs } of graph.nodes) {
    const [from, to] = [inputs[0]!, outputs[0]!]
    const isOutput = operator === 'Identity' && graph.outputs.some(({ name }) => name === to)
    if (isOutput && !names.has(from) && !given.has(from) && !graph.initializers.has(from)) names.set(from, to)
  }
  const renamed = (name: string) => names.get(name) ?? name
  const kept = graph.nodes
    .map((node) => ({ ...node, inputs: node.inputs.map(renamed), outputs: node.outputs.map(renamed) }))
    .filter(({ operator, inputs, outputs }) => operator !== 'Identity' || inputs[0] !== outputs[0])
  graph.nodes.splice(0, graph.nodes.length, ...kept)
}
