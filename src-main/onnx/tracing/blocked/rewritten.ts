import type { Graph, GraphNode } from '../graph.ts'
import { sizeOf } from '../tensor.ts'

/** The nodes that read each value. */
export type Users = Map<string, GraphNode[]>

/** x > 0 holds where relu(x) > 0: asked there, so that x itself need not be kept, unless it is for others too. */
export function masksFromRectified(graph: Graph, users: Users): void {
  const isMask = (node: GraphNode) => isPositive(graph, node)
  const place = new Map(graph.nodes.map((node, index) => [node, index]))
  for (const relu of graph.nodes) {
    if (relu.operator !== 'Relu') continue
    const [x] = relu.inputs as [string]
    const others = users.get(x)!.filter((user) => user !== relu)
    if (!others.every((user) => isMask(user) && place.get(user)! > place.get(relu)!)) continue
    for (const mask of others) mask.inputs = [relu.outputs[0]!, mask.inputs[1]!]
    users.set(x, [relu])
    users.set(relu.outputs[0]!, [...(users.get(relu.outputs[0]!) ?? []), ...others])
  }
}

/**
 * What is joined in several steps, as WebGPU wants it, is copied twice at most. Not once: ONNX Runtime computes next what
 * a join waits for, and with all gradients in one join it keeps a sixth more activations until their turn.
 */
export function joinInTwoSteps(graph: Graph, users: Users): void {
  const isJoin = (name: string, axis: unknown) => {
    const node = graph.producer(name)
    return node?.operator === 'Concat' && node.attributes.axis === axis
  }
  for (const { operator, inputs, attributes } of graph.nodes) {
    if (operator !== 'Concat') continue
    const flat = inputs.flatMap((name) => {
      const parts = isJoin(name, attributes.axis) ? graph.producer(name)!.inputs : []
      const isMiddle = parts.some((part) => isJoin(part, attributes.axis))
      return isMiddle && users.get(name)!.length === 1 ? parts : [name]
    })
    inputs.splice(0, inputs.length, ...flat)
  }
}

/** Whether the node asks of each number whether it is greater than zero. */
export function isPositive(graph: Graph, { operator, inputs }: GraphNode): boolean {
  if (operator !== 'Greater' || sizeOf(graph.values.get(inputs[1]!)?.shape ?? []) !== 1) return false
  const than = graph.initializers.get(inputs[1]!)
  return !!than && Array.from(than.values)[0] === 0
}
