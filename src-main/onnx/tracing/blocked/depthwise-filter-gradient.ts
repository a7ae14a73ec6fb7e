import type { GraphNode } from '../graph.ts'
import { domain } from './operators.ts'
import type { LoweredValues } from './values.ts'
import type { BlockedWriter } from './writer.ts'

/** Every channel of every image by itself: x as it lies under dy as it lies. */
export function blockedDepthwiseFilterGradient(
  values: LoweredValues,
  writer: BlockedWriter,
  { inputs, outputs, attributes }: GraphNode,
): string {
  const [image, errors] = inputs as [string, string]
  const [n, channels, height, width] = values.shape(image) as [number, number, number, number]
  const [, , outHeight, outWidth] = values.shape(errors) as [number, number, number, number]
  const [, , filterHeight, filterWidth] = values.shape(outputs[0]!) as [number, number, number, number]
  const [stepY, stepX] = attributes.strides as [number, number]
  const [top, left] = attributes.pads as [number, number]
  const [reachY, reachX] = [(outHeight - 1) * stepY + filterHeight, (outWidth - 1) * stepX + filterWidth]
  const [bottom, right] = [Math.max(0, reachY - height - top), Math.max(0, reachX - width - left)]
  const [rows, columns] = [
    filterHeight + Math.max(0, height + top - reachY),
    filterWidth + Math.max(0, width + left - reachX),
  ]
  const all = n * channels
  const each = writer.add(
    `${domain}.Conv`,
    [
      writer.reshaped(values.blocked(image), [1, all, height, width]),
      writer.reshaped(values.blocked(errors), [all, 1, outHeight, outWidth]),
    ],
    {
      kernel_shape: [outHeight, outWidth],
      strides: [1, 1],
      dilations: [stepY, stepX],
      pads: [top, left, bottom, right],
      group: all,
    },
  ) // [1, n · channels, rows, columns]
  const plain = writer.add(`${domain}.ReorderOutput`, [each], { channels: all })
  const perImage = writer.reshaped(plain, [n, channels, 1, rows, columns])
  const sum = writer.graph.add('ReduceSum', [perImage, writer.integers([0])], { keepdims: 0 })[0]!
  if (rows === filterHeight && columns === filterWidth) return sum
  return writer.add('Slice', [
    sum,
    writer.integers([0, 0]),
    writer.integers([filterHeight, filterWidth]),
    writer.integers([2, 3]),
  ])
}
