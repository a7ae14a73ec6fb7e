import type { LogisticCalibration } from './logistic-calibration.ts'
import { logLikelihoodRatio, softplus } from './logistic-calibration.ts'

/** A falling staircase with straight lines between its corners: P(genuine) by distance. */
export interface IsotonicCalibration {
  kind: 'isotonic'
  distances: number[] // ascending
  probabilities: number[] // falling
}

/** The falling function nearest to the pairs in squares: pool adjacent violators (Ayer et al. 1955), ties pooled first. */
export function fitIsotonic(genuine: ArrayLike<number>, impostor: ArrayLike<number>): IsotonicCalibration {
  const blocks = poolViolators(genuine, impostor, 1, 1)
  const distances: number[] = []
  const probabilities: number[] = []
  for (const block of blocks) {
    const probability = block.genuine / (block.genuine + block.impostor)
    distances.push(block.first)
    probabilities.push(probability)
    if (block.last > block.first) {
      distances.push(block.last)
      probabilities.push(probability)
    }
  }
  return { kind: 'isotonic', distances, probabilities }
}

/** P(genuine) at a distance: linear between the corners, level beyond them. */
export function isotonicAt({ distances, probabilities }: IsotonicCalibration, distance: number): number {
  const above = distances.findIndex((corner) => corner >= distance)
  if (above === -1) return probabilities.at(-1) ?? NaN
  if (above === 0 || distances[above] === distance) return probabilities[above]!
  const share = (distance - distances[above - 1]!) / (distances[above]! - distances[above - 1]!)
  return probabilities[above - 1]! + share * (probabilities[above]! - probabilities[above - 1]!)
}

/**
 * The cost of log-likelihood ratios, in bits: 0 for perfect ones, 1 for ones that say nothing (Brümmer & du Preez
 * 2006).
 */
export function cllr(genuineLogRatios: ArrayLike<number>, impostorLogRatios: ArrayLike<number>): number {
  let [genuine, impostor] = [0, 0]
  for (let i = 0; i < genuineLogRatios.length; i++) genuine += softplus(-genuineLogRatios[i]!)
  for (let i = 0; i < impostorLogRatios.length; i++) impostor += softplus(impostorLogRatios[i]!)
  return (genuine / genuineLogRatios.length + impostor / impostorLogRatios.length) / (2 * Math.LN2)
}

/** Cllr of a logistic calibration on these distances. */
export function cllrOf(
  calibration: LogisticCalibration,
  genuine: ArrayLike<number>,
  impostor: ArrayLike<number>,
): number {
  const ratios = (distances: ArrayLike<number>) =>
    Float64Array.from(distances, (distance) => logLikelihoodRatio(calibration, distance))
  return cllr(ratios(genuine), ratios(impostor))
}

/** The least Cllr that any order-keeping calibration gives these distances: what discrimination alone costs. */
export function minCllr(genuine: ArrayLike<number>, impostor: ArrayLike<number>): number {
  // Each kind weighs one in all, so that the pooled odds are likelihood ratios.
  const blocks = poolViolators(genuine, impostor, 1 / genuine.length, 1 / impostor.length)
  let cost = 0
  for (const { genuine: g, impostor: i } of blocks) {
    if (g > 0) cost += g * Math.log1p(i / g)
    if (i > 0) cost += i * Math.log1p(g / i)
  }
  return cost / (2 * Math.LN2)
}

interface Block {
  first: number
  last: number
  genuine: number // weight
  impostor: number // weight
}

function poolViolators(
  genuine: ArrayLike<number>,
  impostor: ArrayLike<number>,
  genuineWeight: number,
  impostorWeight: number,
): Block[] {
  const [g, i] = [Float64Array.from(genuine).sort(), Float64Array.from(impostor).sort()]
  const blocks: Block[] = []
  for (let a = 0, b = 0; a < g.length || b < i.length;) {
    const distance = Math.min(g[a] ?? Infinity, i[b] ?? Infinity)
    const block = { first: distance, last: distance, genuine: 0, impostor: 0 }
    for (; a < g.length && g[a] === distance; a++) block.genuine += genuineWeight
    for (; b < i.length && i[b] === distance; b++) block.impostor += impostorWeight
    if (block.genuine === 0 && block.impostor === 0) break // only Infinity is left: failures calibrate nothing
    // Falling: a block whose share of genuine is not below its predecessor's is one with it.
    for (let before = blocks.at(-1); before && share(block) >= share(before); before = blocks.at(-1)) {
      blocks.pop()
      block.first = before.first
      block.genuine += before.genuine
      block.impostor += before.impostor
    }
    blocks.push(block)
  }
  return blocks
}

function share({ genuine, impostor }: Block): number {
  return genuine / (genuine + impostor)
}
