import type { GraphNode } from '../graph.ts'
import type { LoweredValues } from './values.ts'
import type { BlockedWriter } from './writer.ts'

/** Zeros, or another number, around a map. Null where it cannot be done in blocks. */
export function padded(
  values: LoweredValues,
  writer: BlockedWriter,
  { inputs, attributes }: GraphNode,
): string | null {
  const [image, padsName, value] = inputs as [string, string, string | undefined]
  const pads = values.constantAt(padsName)
  const shape = values.shape(image)
  const { block } = writer
  if (!pads || !values.isImage(shape) || !values.isBlocked(image) || inputs.length > 3) return null
  if (pads[1]! % block || pads[5]! % block) return null
  const [n, channels, height, width] = shape as [number, number, number, number]
  if (pads[0] === 0 && pads[4] === 0 && pads[1] === 0 && pads[5] === 0 && isZero(values, value))
    return writer.framed(
      values.blocked(image),
      [n, channels, height, width],
      [2, 3, 6, 7].map((at) => pads[at]!),
    )
  const scaled = pads.map((count, index) =>
    index % 4 === 1 ? count / block : index % 4 === 3 ? count * block : count,
  )
  const split = writer.reshaped(values.blocked(image), [n, channels / block, height, width * block])
  const names = [split, writer.integers(scaled), ...(value === undefined ? [] : [values.plain(value)])]
  const result = writer.add('Pad', names, attributes)
  return writer.reshaped(
    result,
    shape.map((size, axis) => size + pads[axis]! + pads[axis + 4]!),
  )
}

function isZero(values: LoweredValues, value: string | undefined): boolean {
  return value === undefined || value === '' || values.constantAt(value)?.[0] === 0
}
