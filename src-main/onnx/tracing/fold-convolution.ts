import type { Graph, GraphNode, Initializer } from './graph.ts'

/**
 * Numbers per channel that are added to a convolution's output or multiply it (a bias, a batch norm with known
 * statistics) go into its weights: a network that is only run then makes one pass where it made four.
 */
export function foldIntoConvolutions(graph: Graph): void {
  const users = new Map<string, GraphNode[]>()
  for (const node of graph.nodes) {
    for (const name of new Set(node.inputs)) users.set(name, [...(users.get(name) ?? []), node])
  }
  const gone = new Set<GraphNode>()
  for (const convolution of graph.nodes) {
    const kernel = graph.initializers.get(convolution.inputs[1] ?? '')
    if (convolution.operator !== 'Conv' || !kernel || convolution.inputs.length > 2) continue
    const channels = kernel.shape[0]!
    const factor = new Float64Array(channels).fill(1)
    const shift = new Float64Array(channels)
    let folded = false
    for (;;) {
      const [next, ...others] = users.get(convolution.outputs[0]!) ?? []
      if (!next || others.length > 0) break
      const place = next.inputs.indexOf(convolution.outputs[0]!)
      const by = perChannel(graph.initializers.get(next.inputs[1 - place] ?? ''), channels)
      if (!by || !absorb(next.operator, place, by, factor, shift)) break
      gone.add(next)
      convolution.outputs = next.outputs
      folded = true
    }
    if (!folded) continue
    convolution.inputs = [
      convolution.inputs[0]!,
      graph.initializer(scaled(kernel.values as Float32Array, factor), kernel.shape, 'float32'),
      graph.initializer(Float32Array.from(shift), [channels], 'float32'),
    ]
  }
  const kept = graph.nodes.filter((node) => !gone.has(node))
  graph.nodes.splice(0, graph.nodes.length, ...kept)
}

/** conv · factor + shift, followed by one more operation; false where it is not one that fits that form. */
function absorb(
  operator: string,
  place: number,
  by: Float32Array,
  factor: Float64Array,
  shift: Float64Array,
): boolean {
  if (!['Add', 'Sub', 'Mul'].includes(operator) || (operator === 'Sub' && place === 1)) return false
  by.forEach((value, channel) => {
    if (operator === 'Add') shift[channel]! += value
    else if (operator === 'Sub') shift[channel]! -= value
    else {
      factor[channel]! *= value
      shift[channel]! *= value
    }
  })
  return true
}

function scaled(weights: Float32Array, factor: Float64Array): Float32Array {
  if (factor.every((value) => value === 1)) return weights
  const result = new Float32Array(weights.length)
  const each = weights.length / factor.length
  for (let index = 0; index < result.length; index++) {
    result[index] = weights[index]! * factor[Math.floor(index / each)]!
  }
  return result
}

/** A constant as one number per output channel, or null where it is something else. */
function perChannel(constant: Initializer | undefined, channels: number): Float32Array | null {
  if (constant?.dtype !== 'float32') return null
  const values = constant.values as Float32Array
  if (values.length === 1) return new Float32Array(channels).fill(values[0]!)
  const alongChannels = constant.shape.at(-3) === channels && values.length === channels
  return alongChannels ? values : null
}
