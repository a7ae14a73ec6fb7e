/**
 * Writes protocol-buffer fields into bytes: the three wire types that ONNX needs.
 * Source: protobuf.dev/programming-guides/encoding.
 */
export class ProtobufWriter {
  private bytes = new Uint8Array(256)
  private length = 0

  /** The bytes written so far. */
  finish(): Uint8Array {
    return this.bytes.slice(0, this.length)
  }

  integer(field: number, value: number | bigint): void {
    this.varint(BigInt(field << 3))
    this.varint(BigInt.asUintN(64, BigInt(value)))
  }

  float(field: number, value: number): void {
    this.varint(BigInt((field << 3) | 5))
    this.reserve(4)
    new DataView(this.bytes.buffer).setFloat32(this.length, value, true)
    this.length += 4
  }

  text(field: number, value: string): void {
    this.blob(field, new TextEncoder().encode(value))
  }

  blob(field: number, value: Uint8Array): void {
    this.varint(BigInt((field << 3) | 2))
    this.varint(BigInt(value.length))
    this.reserve(value.length)
    this.bytes.set(value, this.length)
    this.length += value.length
  }

  message(field: number, write: (inner: ProtobufWriter) => void): void {
    const inner = new ProtobufWriter()
    write(inner)
    this.blob(field, inner.bytes.subarray(0, inner.length))
  }

  packedIntegers(field: number, values: readonly number[]): void {
    this.message(field, (inner) => values.forEach((value) => inner.varint(BigInt.asUintN(64, BigInt(value)))))
  }

  private varint(value: bigint): void {
    this.reserve(10)
    let rest = value
    while (rest > 0x7fn) {
      this.bytes[this.length++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.bytes[this.length++] = Number(rest)
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }
}
