import { readModel, type ReadTensor } from '../../../onnx/model-reader.ts'
import type { Values } from '../../../learning/networks/initialise.ts'

/**
 * The parameters of the recognition net out of an ONNX file that `exportNetwork` wrote. The export folds scale and shift
 * into each convolution, so they come back as a scale of one and the shift: another way to write the same function.
 * Throws where the file is of another network.
 */
export function parametersFrom(
  file: Uint8Array,
  parameters: readonly { name: string; shape: readonly number[] }[],
): Values {
  const { nodes, tensors } = readModel(file)
  const kernels = nodes
    .filter(({ operator }) => operator === 'Conv' || operator === 'FusedConv')
    .map(({ inputs }) => ({
      weights: tensors.get(inputs[1] ?? ''),
      bias: tensors.get(inputs[2] ?? '') ?? null,
    }))
  // A graph keeps the order in which the network's function computes, which is that of its parameters.
  const names = parameters.filter(({ name }) => name.endsWith('.weights') && name !== 'fc.weights')
  const shapes = new Map(parameters.map(({ name, shape }) => [name, shape]))
  if (kernels.length !== names.length)
    throw new Error(`the file has ${kernels.length} convolutions, the network ${names.length}`)
  const last = lastLayerOf(file)
  const width = sizeOf(shapes.get('fc.weights')!)
  if (last.length !== width)
    throw new Error(`the last layer has ${last.length} numbers in the file and ${width} in the network`)
  const values: Values = { 'fc.weights': last }
  for (const [i, { name }] of names.entries()) {
    const { weights, bias } = kernels[i]!
    const layer = name.slice(0, -'.weights'.length)
    const wanted = shapes.get(name)!
    if (weights?.shape.join() !== wanted.join())
      throw new Error(
        `${layer} is [${weights?.shape.join()}] in the file and [${wanted.join()}] in the network`,
      )
    // A shape is what a file says of itself: the numbers may be others.
    if (weights.values.length !== sizeOf(wanted) || (bias && bias.values.length !== wanted[0]))
      throw new Error(`${layer} has not as many numbers in the file as its shape says`)
    values[name] = weights.values
    values[`${layer}.scale`] = new Float32Array(wanted[0]!).fill(1)
    values[`${layer}.shift`] = bias?.values ?? new Float32Array(wanted[0]!)
  }
  return values
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1)

/** The last linear layer of a network's file, [features × embedding], row by row. Throws where it has none. */
export function lastLayerOf(file: Uint8Array): Float32Array {
  const { nodes, tensors } = readModel(file)
  const matrices = nodes
    .filter(({ operator }) => operator === 'MatMul')
    .map(({ inputs }) =>
      inputs.map((name) => tensors.get(name)).find((found): found is ReadTensor => !!found),
    )
  const last = matrices.at(-1)
  if (!last) throw new Error('the file has no last linear layer')
  return last.values
}
