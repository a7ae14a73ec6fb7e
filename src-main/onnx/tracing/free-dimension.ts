import type { Graph, Initializer } from './graph.ts'
import { sameNumbers } from './tensor.ts'

/**
 * Two traces of one function, at two sizes of one dimension, made into one graph in which that dimension is free.
 * Throws where the graph depends on the size in a way that ONNX cannot be told, naming the node.
 */
export function freeDimension(graph: Graph, other: Graph, name: string): Graph {
  const unlike = (what: string) =>
    new Error(`Dimension “${name}” cannot be free: ${what} depends on its size`)
  if (graph.nodes.length !== other.nodes.length) throw unlike('the number of operations')
  graph.nodes.forEach((node, index) => {
    if (JSON.stringify(node) !== JSON.stringify(other.nodes[index])) throw unlike(node.outputs[0]!)
  })
  for (const [key, initializer] of graph.initializers) {
    const twin = other.initializers.get(key)
    if (twin && sameInitializer(initializer, twin)) continue
    const users = graph.nodes.filter(({ inputs }) => inputs.includes(key))
    const isShape = users.every(({ operator, inputs }) => operator === 'Reshape' && inputs.indexOf(key) === 1)
    const user = users[0]?.outputs[0] ?? key
    if (!twin || !isShape || initializer.values.length !== twin.values.length) throw unlike(user)
    const values = Array.from(initializer.values)
    const differing = values.flatMap((value, index) => (value === twin.values[index] ? [] : [index]))
    if (differing.length !== 1) throw unlike(user)
    values[differing[0]!] = -1
    initializer.values = values
  }
  for (const [index, value] of [...graph.inputs, ...graph.outputs].entries()) {
    const twin = [...other.inputs, ...other.outputs][index]!
    value.shape = value.shape.map((size, axis) => (size === twin.shape[axis] ? size : name))
  }
  return graph
}

function sameInitializer(a: Initializer, b: Initializer): boolean {
  return a.dtype === b.dtype && sameNumbers(a.shape, b.shape) && sameValues(a.values, b.values)
}

function sameValues(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}
