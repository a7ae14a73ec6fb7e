import { expect, test } from 'vitest'
import { readModel } from '../../src-main/onnx/model-reader.ts'
import { ProtobufWriter } from '../../src-main/onnx/tracing/protobuf.ts'

/** A model of so many nodes that say nothing, of two bytes each. */
function emptyNodes(count: number): Uint8Array {
  const writer = new ProtobufWriter()
  writer.blob(
    7,
    Uint8Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? 0x0a : 0)),
  )
  return writer.finish()
}

test('a file of nodes that say nothing does not take many times its size of memory', () => {
  expect(readModel(emptyNodes(1000)).nodes).toHaveLength(1000)
  expect(() => readModel(emptyNodes(1_000_000))).toThrow('more than 50000 nodes')
})
