import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'

/** P(genuine | distance) = 1 / (1 + exp(−(slope · distance + intercept))) at the prior of the fitted pairs. */
export interface LogisticCalibration {
  kind: 'logistic'
  slope: number
  intercept: number
  /** ln(genuine / impostor weight) of the pairs it was fitted on: taken off, the likelihood ratio remains. */
  fittedLogOdds: number
}

/**
 * Platt's logistic fit by unregularised maximum likelihood with targets 0 and 1 (not Platt's smoothed ones), by
 * Newton's method. `genuinePrior` weighs both kinds as if that share were genuine; left out, every pair counts once.
 */
export function fitLogistic(
  genuine: ArrayLike<number>,
  impostor: ArrayLike<number>,
  genuinePrior: number | null = null,
): LogisticCalibration | Refused {
  const farthest = Array.from(genuine).reduce((a, b) => Math.max(a, b), -Infinity)
  const nearest = Array.from(impostor).reduce((a, b) => Math.min(a, b), Infinity)
  if (genuine.length === 0)
    return refused('no-genuine', 'Calibration needs pairs of photographs of one person.')
  if (impostor.length === 0) return refused('no-impostor', 'Calibration needs pairs of different people.')
  if (!Number.isFinite(farthest) || !Number.isFinite(nearest))
    return refused('not-a-number', 'Calibration needs distances that are finite numbers.')
  if (farthest < nearest)
    return refused(
      'all-equal',
      'Every genuine distance is smaller than every impostor distance, so a logistic curve would be infinitely steep. More people are needed to calibrate.',
    )
  const genuineWeight = genuinePrior === null ? 1 : genuinePrior / genuine.length
  const impostorWeight = genuinePrior === null ? 1 : (1 - genuinePrior) / impostor.length
  const fittedLogOdds = Math.log((genuineWeight * genuine.length) / (impostorWeight * impostor.length))
  const centre = (farthest + nearest) / 2 // conditions the 2 × 2 system
  let [slope, intercept] = [0, fittedLogOdds]
  for (let step = 0; step < 100; step++) {
    const sums = { loss: 0, g0: 0, g1: 0, h00: 0, h01: 0, h11: 0 }
    addUp(sums, genuine, 1, genuineWeight, slope, intercept, centre)
    addUp(sums, impostor, 0, impostorWeight, slope, intercept, centre)
    const { g0, g1, h00, h01, h11 } = sums
    const determinant = h00 * h11 - h01 * h01
    if (!(determinant > 0)) break
    let [stepIntercept, stepSlope] = [
      (g0 * h11 - g1 * h01) / determinant,
      (g1 * h00 - g0 * h01) / determinant,
    ]
    // Halve the step while it makes the fit worse: Newton's first steps overshoot on nearly separated distances.
    for (let halving = 0; halving < 40; halving++) {
      const tried = { ...sums, loss: 0 }
      addUp(tried, genuine, 1, genuineWeight, slope + stepSlope, intercept + stepIntercept, centre)
      addUp(tried, impostor, 0, impostorWeight, slope + stepSlope, intercept + stepIntercept, centre)
      if (tried.loss <= sums.loss * (1 + 1e-12)) break // equal to rounding: at the minimum a full step stays
      stepIntercept /= 2
      stepSlope /= 2
    }
    slope += stepSlope
    intercept += stepIntercept
    if (Math.abs(stepSlope) <= 1e-13 * Math.abs(slope)) break
  }
  return { kind: 'logistic', slope, intercept: intercept - slope * centre, fittedLogOdds }
}

/** ln of how many times likelier the distance is for one person than for two; the prior is not in it. */
export function logLikelihoodRatio(
  { slope, intercept, fittedLogOdds }: LogisticCalibration,
  distance: number,
): number {
  return slope * distance + intercept - fittedLogOdds
}

/** P(genuine) under a prior that the user states; there is no probability without one. */
export function posterior(logRatio: number, genuinePrior: number): number {
  return sigmoid(logRatio + Math.log(genuinePrior / (1 - genuinePrior)))
}

interface Sums {
  loss: number
  g0: number
  g1: number
  h00: number
  h01: number
  h11: number
}

function addUp(
  sums: Sums,
  distances: ArrayLike<number>,
  target: 0 | 1,
  weight: number,
  slope: number,
  intercept: number,
  centre: number,
): void {
  for (let i = 0; i < distances.length; i++) {
    const x = distances[i]! - centre
    const logit = slope * x + intercept
    const p = sigmoid(logit)
    const residual = weight * (target - p)
    const curvature = weight * p * (1 - p)
    sums.loss += weight * softplus(target === 1 ? -logit : logit)
    sums.g0 += residual
    sums.g1 += residual * x
    sums.h00 += curvature
    sums.h01 += curvature * x
    sums.h11 += curvature * x * x
  }
}

export function sigmoid(logit: number): number {
  return logit >= 0 ? 1 / (1 + Math.exp(-logit)) : Math.exp(logit) / (1 + Math.exp(logit))
}

export function softplus(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x))
}
