/** What a traced network's file says of one node. */
export interface ReadNode {
  operator: string
  inputs: string[]
  outputs: string[]
}

export interface ReadTensor {
  shape: number[]
  values: Float32Array
}

/** The nodes of an ONNX file in their order, and its float32 initialisers by name. */
export interface ReadModel {
  nodes: ReadNode[]
  tensors: Map<string, ReadTensor>
}

/**
 * Reads back what `writeModel` wrote (protocol buffers; field numbers from onnx.proto): enough of it to find a network's
 * numbers. Throws where the bytes end too early, hold a wire type that ONNX does not use, or more nodes than any network
 * of ours has.
 */
export function readModel(file: Uint8Array): ReadModel {
  const read: ReadModel = { nodes: [], tensors: new Map() }
  for (const { field, bytes } of fields(file)) {
    if (field !== 7 || !bytes) continue // ModelProto.graph
    for (const { field, bytes: part } of fields(bytes)) {
      if (field === 1 && part) read.nodes.push(readNode(part))
      if (field === 5 && part) readTensor(part, read.tensors)
      // Two bytes can be a node: a file must not take a hundred times its size of memory.
      if (read.nodes.length > most || read.tensors.size > most)
        throw new Error(`the ONNX file has more than ${most} nodes or tensors`)
    }
  }
  return read
}

const most = 50_000 // a whole training step has a tenth

function readNode(bytes: Uint8Array): ReadNode {
  const node: ReadNode = { operator: '', inputs: [], outputs: [] }
  for (const { field, bytes: text } of fields(bytes)) {
    if (field === 1) node.inputs.push(inWords(text!))
    if (field === 2) node.outputs.push(inWords(text!))
    if (field === 4) node.operator = inWords(text!)
  }
  return node
}

function readTensor(bytes: Uint8Array, into: ReadModel['tensors']): void {
  const shape: number[] = []
  let [type, name] = [0, '']
  let raw = new Uint8Array(0)
  for (const { field, value, bytes: part } of fields(bytes)) {
    if (field === 1 && part) shape.push(...packed(part))
    else if (field === 1) shape.push(value)
    if (field === 2) type = value
    if (field === 8) name = inWords(part!)
    if (field === 9) raw = Uint8Array.from(part!) // a copy: floats must start at a multiple of four
  }
  const float32 = 1
  if (type === float32 && raw.length % 4 === 0)
    into.set(name, { shape, values: new Float32Array(raw.buffer) })
}

interface Field {
  field: number
  value: number // of whole numbers
  bytes: Uint8Array | null // of texts, messages and blobs
}

/** Fields of one message. Source: protobuf.dev/programming-guides/encoding. */
function* fields(message: Uint8Array): Generator<Field> {
  const at = { byte: 0 }
  while (at.byte < message.length) {
    const key = varint(message, at)
    const [field, wire] = [Math.floor(key / 8), key % 8]
    if (wire === 0) yield { field, value: varint(message, at), bytes: null }
    else if (wire === 2) {
      const length = varint(message, at)
      if (at.byte + length > message.length) throw new Error('the ONNX file ends too early')
      yield { field, value: 0, bytes: message.subarray(at.byte, (at.byte += length)) }
    } else if (wire === 5) at.byte += 4
    else if (wire === 1) at.byte += 8
    else throw new Error(`an ONNX file has no fields of wire type ${wire}`)
  }
}

function packed(bytes: Uint8Array): number[] {
  const numbers: number[] = []
  for (const at = { byte: 0 }; at.byte < bytes.length;) numbers.push(varint(bytes, at))
  return numbers
}

/** Exact up to 2⁵³; what is larger stands in no field that is read. */
function varint(bytes: Uint8Array, at: { byte: number }): number {
  let [value, weight] = [0, 1]
  for (;;) {
    const byte = bytes[at.byte++]
    if (byte === undefined) throw new Error('the ONNX file ends too early')
    value += (byte & 0x7f) * weight
    if (byte < 0x80) return value
    weight *= 128
  }
}

function inWords(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
