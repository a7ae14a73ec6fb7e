/** A seeded source of random numbers: the same seed and stream give the same numbers on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number
  /** Standard normal (Box and Muller 1958). */
  normal(): number
  /** Uniform whole number in [0, count). */
  integer(count: number): number
  /** A new array in random order (Fisher and Yates). */
  shuffled<T>(items: readonly T[]): T[]
}

/**
 * The random numbers of one stream under a seed. A stream is named ("initialise", parameter) or ("batch", 17), so
 * that step 17 draws the same numbers whether or not the steps before it were run in this process: this is what
 * makes a resumed run equal to an uninterrupted one.
 */
export function random(seed: number, ...stream: readonly (string | number)[]): Random {
  const uniform = sfc32(`${seed}|${stream.join('|')}`)
  const integer = (count: number) => Math.floor(uniform() * count)
  return {
    uniform,
    integer,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    shuffled(items) {
      const order = [...items]
      for (let i = order.length - 1; i > 0; i--) {
        const j = integer(i + 1)
        ;[order[i], order[j]] = [order[j]!, order[i]!]
      }
      return order
    },
  }
}

/** Chris Doty-Humphrey's "small fast counting" generator, 32 bits, seeded by an FNV-1a hash of the stream's name. */
function sfc32(name: string): () => number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  let a = hash | 0
  let b = Math.imul(hash, 0x9e3779b1) | 0
  let c = name.length | 0
  let counter = 1
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
  for (let i = 0; i < 15; i++) next() // the first few still show the seed
  return next
}
