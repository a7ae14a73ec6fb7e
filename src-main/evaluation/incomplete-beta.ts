/** Regularised incomplete beta function I_x(a, b), to about 1e-13: the chance that a Beta(a, b) variable is ≤ x. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  // The continued fraction converges fast on one side of the mean; the other side follows by symmetry.
  return x < (a + 1) / (a + b + 2)
    ? (Math.exp(logDensityTerm(x, a, b)) * continuedFraction(x, a, b)) / a
    : 1 - (Math.exp(logDensityTerm(1 - x, b, a)) * continuedFraction(1 - x, b, a)) / b
}

/** The x at which I_x(a, b) = probability: Newton's steps, kept inside a shrinking bracket. */
export function inverseIncompleteBeta(probability: number, a: number, b: number): number {
  if (probability <= 0) return 0
  if (probability >= 1) return 1
  let [low, high] = [0, 1]
  let x = a / (a + b)
  for (let step = 0; step < 200; step++) {
    const excess = incompleteBeta(x, a, b) - probability
    if (excess > 0) high = x
    else low = x
    const density = Math.exp(logDensityTerm(x, a, b)) / (x * (1 - x))
    let next = x - excess / density
    // Small quantiles span magnitudes: halve on the logarithm's scale where Newton leaves the bracket.
    if (!(next > low && next < high)) next = low > 0 ? Math.sqrt(low * high) : high / 16
    if (!(next > low && next < high)) return x // the bracket is one number wide
    if (Math.abs(next - x) <= 1e-15 * x) return next
    x = next
  }
  return x
}

/**
 * ln(xᵃ(1−x)ᵇ / B(a, b)) without the loss of digits that differences of log-gammas bring at a million trials:
 * deviances and Stirling errors, after Loader 2000, "Fast and accurate computation of binomial probabilities".
 */
function logDensityTerm(x: number, a: number, b: number): number {
  const n = a + b
  return (
    0.5 * Math.log((a * b) / (2 * Math.PI * n)) +
    stirlingError(n) -
    stirlingError(a) -
    stirlingError(b) -
    deviance(a, n * x) -
    deviance(b, n * (1 - x))
  )
}

/** x ln(x/m) + m − x. */
function deviance(x: number, m: number): number {
  const u = (x - m) / m
  if (Math.abs(u) > 0.1) return x * Math.log(x / m) + m - x
  let sum = 0
  for (let k = 2, power = u * u; k < 30; k++, power *= -u) sum += power / (k * (k - 1))
  return m * sum
}

/** ln Γ(z) − Stirling's formula for it. */
function stirlingError(z: number): number {
  let correction = 0
  for (; z < 16; z++) correction += (z + 0.5) * Math.log1p(1 / z) - 1 // error(z) − error(z + 1)
  const r = 1 / (z * z)
  return correction + (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - r / 1188) * r) * r) * r) / z
}

/** Lentz's method (Press et al., Numerical Recipes, 6.4). */
function continuedFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300
  const kept = (value: number) => (Math.abs(value) < tiny ? tiny : value)
  let c = 1
  let d = 1 / kept(1 - ((a + b) * x) / (a + 1))
  let fraction = d
  for (let m = 1; m < 100_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / kept(1 + even * d)
    c = kept(1 + even / c)
    fraction *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / kept(1 + odd * d)
    c = kept(1 + odd / c)
    fraction *= d * c
    if (Math.abs(d * c - 1) < 1e-15) break
  }
  return fraction
}
