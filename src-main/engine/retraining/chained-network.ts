import { mappedBy, type Head } from '../../training/gallery-run/head/head.ts'
import { lastLayerOf } from '../../training/gallery-run/network/network-file.ts'
import { embeddingLength } from '../../vision/face.ts'

/**
 * A network and a head over it as one network: the same file, with the head multiplied into its last linear layer. The
 * means over a crop's mirror images and the unit length come after, and a linear map does not mind.
 * Throws where the file's last layer stands in it not exactly once.
 */
export function chained(file: Uint8Array, head: Head): Uint8Array {
  const layer = lastLayerOf(file)
  const bytes = Buffer.from(layer.buffer, layer.byteOffset, layer.byteLength)
  const whole = Buffer.from(file) // a copy, to be written into
  const at = whole.indexOf(bytes)
  if (at < 0 || whole.indexOf(bytes, at + 1) >= 0)
    throw new Error('the last layer of the network is not found in its file exactly once')
  const product = lastLayerUnder(layer, head)
  whole.set(new Uint8Array(product.buffer, product.byteOffset, product.byteLength), at)
  return whole
}

/** [features × embedding] times the head. */
export function lastLayerUnder(layer: Float32Array, head: Head): Float32Array {
  const product = new Float32Array(layer.length)
  for (let at = 0; at < layer.length; at += embeddingLength)
    product.set(mappedBy(layer.subarray(at, at + embeddingLength), head), at)
  return product
}
