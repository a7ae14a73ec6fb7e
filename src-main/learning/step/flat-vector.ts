import * as tf from '@tensorflow/tfjs'
import type { Tensors } from '../layers/layer.ts'
import type { Values } from '../networks/initialise.ts'
import { size } from '../networks/network.ts'

/**
 * Many tensors laid end to end in one vector. A step's state is a handful of such vectors: a hundred separate inputs
 * would cost a kernel launch each in the optimiser, and a join of a hundred exceeds WebGPU's storage buffers.
 */
export interface FlatVector {
  name: string
  parts: readonly FlatPart[]
  length: number
}

export interface FlatPart {
  name: string
  shape: readonly number[]
  offset: number
  length: number
}

/** Lays tensors end to end in the order given. */
export function flatVector(
  name: string,
  owners: readonly { name: string; shape: readonly number[] }[],
): FlatVector {
  let length = 0
  const parts = owners.map(({ name, shape }) => {
    const part = { name, shape, offset: length, length: size(shape) }
    length += part.length
    return part
  })
  return { name, parts, length }
}

/** Named numbers → one vector. Throws when a part is missing or has another length. */
export function pack(flat: FlatVector, values: Values): Float32Array<ArrayBuffer> {
  const vector = new Float32Array(flat.length)
  for (const { name, offset, length } of flat.parts) {
    const part = values[name]
    if (part?.length !== length)
      throw new Error(`${flat.name}: ${name} has ${part?.length ?? 'no'} numbers, expected ${length}`)
    vector.set(part, offset)
  }
  return vector
}

/** One vector → named numbers (copies). */
export function unpack(flat: FlatVector, vector: Float32Array): Values {
  return Object.fromEntries(
    flat.parts.map(({ name, offset, length }) => [name, vector.slice(offset, offset + length)]),
  )
}

/** The parts of a vector tensor as tensors of their own shapes. */
export function slices(flat: FlatVector, vector: tf.Tensor): Tensors {
  return Object.fromEntries(
    flat.parts.map(({ name, shape, offset, length }) => [
      name,
      tf.slice(vector as tf.Tensor1D, offset, length).reshape([...shape]),
    ]),
  )
}

/** Tensors end to end in one vector; six at a time, because WebGPU binds few storage buffers to a kernel. */
export function join(tensors: readonly tf.Tensor[]): tf.Tensor1D {
  let row = tensors.map((tensor) => tensor.flatten())
  while (row.length > 1) {
    const next: tf.Tensor1D[] = []
    for (let i = 0; i < row.length; i += 6)
      next.push(row.length - i === 1 ? row[i]! : tf.concat1d(row.slice(i, i + 6)))
    row = next
  }
  if (!row[0]) throw new Error('nothing to join')
  return row[0]
}
