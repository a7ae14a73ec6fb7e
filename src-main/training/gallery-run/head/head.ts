/** A linear map over a unit-length embedding: [length × length], row by row. Its result is brought to unit length. */
export type Head = Float32Array

/** The embedding under a head. A head that sends it to nothing has no direction to give, and throws. */
export function applyHead(embedding: Float32Array, head: Head): Float32Array {
  const mapped = mappedBy(embedding, head)
  const length = Math.hypot(...mapped)
  if (!(length > 0)) throw new RangeError(`the head gives an embedding of length ${length}`)
  return Float32Array.from(mapped, (value) => value / length)
}

/** Before it is brought to unit length, in double precision. */
export function mappedBy(embedding: Float32Array, head: Head): Float64Array {
  const n = embedding.length
  if (head.length !== n * n) throw new RangeError(`a head over ${n} numbers has ${n * n}, not ${head.length}`)
  const mapped = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    const value = embedding[i]!
    for (let k = 0, at = i * n; k < n; k++) mapped[k]! += value * head[at++]!
  }
  return mapped
}

/** Rows [count × length] under a head, each of unit length. */
export function applyToRows(vectors: Float32Array, length: number, head: Head): Float32Array {
  const mapped = new Float32Array(vectors.length)
  for (let at = 0; at < vectors.length; at += length)
    mapped.set(applyHead(vectors.subarray(at, at + length), head), at)
  return mapped
}

/** First one head, then the other, as one: what a model retrained from a retrained one is kept as. */
export function composed(first: Head, then: Head): Head {
  const n = Math.sqrt(first.length)
  const product = new Float32Array(first.length)
  for (let i = 0; i < n; i++) product.set(mappedBy(first.subarray(i * n, (i + 1) * n), then), i * n)
  return product
}

/** So much of the way from the head that changes nothing to this one. */
export function partOfTheWay(head: Head, share: number): Head {
  if (share === 1) return head
  const nothing = identityHead(Math.sqrt(head.length))
  return head.map((value, i) => nothing[i]! + share * (value - nothing[i]!))
}

/** The head that changes nothing. */
export function identityHead(length: number): Head {
  return Float32Array.from({ length: length * length }, (_, i) =>
    Math.floor(i / length) === i % length ? 1 : 0,
  )
}
