/** What the recognition net says about one crop. */
export interface Embedded {
  /** 256 pooled features before the last linear layer; mean over the crop's cuts and their mirror images. */
  features: Float32Array
  /** 128 numbers, unit length; mean over the crop's cuts and their mirror images. */
  embedding: Float32Array
}

/** Euclidean distance of two unit-length embeddings: 0 for the same direction, 2 for opposite ones. */
export function distance(first: Float32Array, second: Float32Array): number {
  if (first.length !== second.length)
    throw new RangeError(`embeddings of ${first.length} and ${second.length} numbers cannot be compared`)
  let squared = 0
  for (let i = 0; i < first.length; i++) squared += (first[i]! - second[i]!) ** 2
  return Math.sqrt(squared)
}

/** The unit-length mean of several embeddings: a person's template, or a burst's single probe. */
export function fuse(embeddings: readonly Float32Array[]): Float32Array {
  const first = embeddings[0]
  if (first === undefined) throw new RangeError('nothing to fuse: no embedding was given')
  const sum = new Float64Array(first.length)
  for (const embedding of embeddings) for (let i = 0; i < sum.length; i++) sum[i]! += embedding[i]!
  return unitLength(sum)
}

/** The same direction with length 1. A zero vector has no direction and throws. */
export function unitLength(vector: ArrayLike<number>): Float32Array {
  let squared = 0
  for (let i = 0; i < vector.length; i++) squared += vector[i]! ** 2
  if (!(squared > 0)) throw new RangeError(`a vector of squared length ${squared} has no direction`)
  const length = Math.sqrt(squared)
  return Float32Array.from(vector, (value) => value / length)
}
