/** For one query: which of the references, nearest first, are of its class. */
export interface Ranking {
  hits: Uint8Array // 1 where the reference at that rank is of the query's class
  relevant: number // references of the query's class
}

/** Embeddings in rows, [count, length], with a class for each. */
export interface Labelled {
  embeddings: Float32Array
  length: number
  labels: ArrayLike<number>
}

/**
 * Ranks references by Euclidean distance for each query; ties keep the references' order. Without references each query
 * is compared with all the others (leave one out). A query whose class no reference has is left out: no measure is
 * defined for it.
 */
export function* rankings(queries: Labelled, references?: Labelled): Generator<Ranking> {
  const others = references ?? queries
  const { length } = queries
  const order = Array.from(others.labels, (_, i) => i)
  for (let q = 0; q < queries.labels.length; q++) {
    const distances = Float64Array.from(order, (r) => {
      let sum = 0
      for (let d = 0; d < length; d++)
        sum += (queries.embeddings[q * length + d]! - others.embeddings[r * length + d]!) ** 2
      return sum
    })
    const compared = references ? [...order] : order.filter((r) => r !== q)
    compared.sort((a, b) => distances[a]! - distances[b]! || a - b)
    const hits = Uint8Array.from(compared, (r) => (others.labels[r] === queries.labels[q] ? 1 : 0))
    const relevant = hits.reduce((sum, hit) => sum + hit, 0)
    if (relevant > 0) yield { hits, relevant }
  }
}
