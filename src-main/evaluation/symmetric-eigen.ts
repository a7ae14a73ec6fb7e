/** Eigenvalues, and eigenvectors as columns, of a symmetric d × d matrix: Jacobi's rotations, sweep by sweep. */
export function eigenSymmetric(
  symmetric: Float64Array,
  d: number,
): { values: Float64Array; vectors: Float64Array } {
  const a = symmetric.slice()
  const vectors = new Float64Array(d * d)
  for (let i = 0; i < d; i++) vectors[i * d + i] = 1
  let size = 0
  for (const value of a) size += value * value
  for (let sweep = 0; sweep < 60; sweep++) {
    let offDiagonal = 0
    for (let i = 0; i < d; i++) for (let j = i + 1; j < d; j++) offDiagonal += a[i * d + j]! ** 2
    if (offDiagonal <= 1e-28 * size) break
    for (let p = 0; p < d; p++) for (let q = p + 1; q < d; q++) rotate(a, vectors, d, p, q)
  }
  return { values: Float64Array.from({ length: d }, (_, i) => a[i * d + i]!), vectors }
}

/** Makes a[p][q] zero. */
function rotate(a: Float64Array, vectors: Float64Array, d: number, p: number, q: number): void {
  const apq = a[p * d + q]!
  if (apq === 0) return
  const theta = (a[q * d + q]! - a[p * d + p]!) / (2 * apq)
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
  const c = 1 / Math.sqrt(t * t + 1)
  const s = t * c
  for (let k = 0; k < d; k++) {
    const [kp, kq] = [a[k * d + p]!, a[k * d + q]!]
    a[k * d + p] = c * kp - s * kq
    a[k * d + q] = s * kp + c * kq
  }
  for (let k = 0; k < d; k++) {
    const [pk, qk] = [a[p * d + k]!, a[q * d + k]!]
    a[p * d + k] = c * pk - s * qk
    a[q * d + k] = s * pk + c * qk
    const [vp, vq] = [vectors[k * d + p]!, vectors[k * d + q]!]
    vectors[k * d + p] = c * vp - s * vq
    vectors[k * d + q] = s * vp + c * vq
  }
}
