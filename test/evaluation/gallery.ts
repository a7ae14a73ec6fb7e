/** A random source that a seed repeats: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** One draw of the standard normal distribution: Box and Muller. */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Unit vectors of nobody: each person a direction, each photograph `spread` away from it; `sizes` photographs each. */
export function syntheticGallery(sizes: number[], dimension: number, spread: number, seed = 1) {
  const random = seeded(seed)
  const count = sizes.reduce((sum, size) => sum + size, 0)
  const vectors = new Float32Array(count * dimension)
  const people = new Int32Array(count)
  const photographs: number[][] = []
  let row = 0
  for (const [person, size] of sizes.entries()) {
    const centre = Array.from({ length: dimension }, () => normal(random))
    photographs.push([])
    for (let i = 0; i < size; i++) {
      const vector = centre.map((value) => value + spread * normal(random))
      const length = Math.hypot(...vector)
      vectors.set(
        vector.map((value) => value / length),
        row * dimension,
      )
      people[row] = person
      photographs[person]!.push(row++)
    }
  }
  return { embeddings: { vectors, dimension, people }, photographs }
}
