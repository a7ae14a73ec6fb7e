import type { Embeddings } from './embeddings.ts'
import { wasDetected } from './embeddings.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'
import { eigenSymmetric } from './symmetric-eigen.ts'

/**
 * People who never were: embedding = mean + between-person + within-person, both Gaussian (the two-covariance model,
 * Brümmer & de Villiers 2010). Aggregate numbers, plain JSON: no face and no person is in them, so they can stand in
 * a model's card. The factors are F with covariance F·Fᵀ, row by row.
 */
export interface TwoCovarianceModel {
  kind: 'two-covariance'
  dimension: number
  people: number // it was fitted on
  photographs: number
  mean: number[]
  between: number[] // dimension × dimension
  within: number[] // dimension × dimension
}

const fewestPeople = 20

/** Fits by moments: within-person scatter pooled, and the scatter of persons' means less what of it is within. */
export function fitTwoCovariance(embeddings: Embeddings): TwoCovarianceModel | Refused {
  const { vectors, dimension: d, people } = embeddings
  const rowsOf = new Map<number, number[]>()
  for (let row = 0; row < people.length; row++)
    if (wasDetected(embeddings, row)) rowsOf.set(people[row]!, [...(rowsOf.get(people[row]!) ?? []), row])
  const groups = [...rowsOf.values()]
  const photographs = groups.reduce((sum, rows) => sum + rows.length, 0)
  if (groups.length < fewestPeople || photographs === groups.length)
    return refused(
      'one-person',
      `Strangers can be drawn from ${fewestPeople} people or more, some with two photographs; there are ${groups.length} people with ${photographs} photographs.`,
    )
  const within = new Float64Array(d * d)
  const between = new Float64Array(d * d)
  const mean = new Float64Array(d)
  const means = groups.map((rows) => {
    const own = new Float64Array(d)
    for (const row of rows) for (let k = 0; k < d; k++) own[k]! += vectors[row * d + k]! / rows.length
    for (let k = 0; k < d; k++) mean[k]! += own[k]! / groups.length
    return own
  })
  const off = new Float64Array(d)
  let share = 0 // how much of the within-person scatter is left in a person's mean, on average
  for (const [i, rows] of groups.entries()) {
    share += 1 / rows.length / groups.length
    for (const row of rows) {
      for (let k = 0; k < d; k++) off[k] = vectors[row * d + k]! - means[i]![k]!
      addOuter(within, off, 1 / (photographs - groups.length))
    }
    for (let k = 0; k < d; k++) off[k] = means[i]![k]! - mean[k]!
    addOuter(between, off, 1 / (groups.length - 1))
  }
  for (let i = 0; i < d * d; i++) between[i]! -= share * within[i]!
  return {
    kind: 'two-covariance',
    dimension: d,
    people: groups.length,
    photographs,
    mean: rounded(mean),
    between: rounded(factorOf(between, d)),
    within: rounded(factorOf(within, d)),
  }
}

/** Draws `people` strangers with `each` photographs: unit-length rows, one person after the other. */
export function drawStrangers(
  model: TwoCovarianceModel,
  people: number,
  each: number,
  random: () => number,
): Embeddings {
  const { dimension: d, mean, between, within } = model
  const [betweenFactor, withinFactor] = [Float64Array.from(between), Float64Array.from(within)]
  const vectors = new Float32Array(people * each * d)
  const owner = new Int32Array(people * each)
  const centre = new Float64Array(d)
  const vector = new Float64Array(d)
  for (let person = 0; person < people; person++) {
    centre.set(mean)
    addDrawn(centre, betweenFactor, random)
    for (let i = 0; i < each; i++) {
      vector.set(centre)
      addDrawn(vector, withinFactor, random)
      const length = Math.hypot(...vector)
      const row = person * each + i
      for (let k = 0; k < d; k++) vectors[row * d + k] = vector[k]! / length
      owner[row] = person
    }
  }
  return { vectors, dimension: d, people: owner }
}

function addDrawn(to: Float64Array, factor: Float64Array, random: () => number): void {
  const d = to.length
  const z = Float64Array.from({ length: d }, () => normalDraw(random))
  for (let i = 0; i < d; i++) {
    let sum = to[i]!
    for (let k = 0, at = i * d; k < d; k++) sum += factor[at++]! * z[k]!
    to[i] = sum
  }
}

/** Box and Muller's standard normal draw. */
function normalDraw(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

function addOuter(to: Float64Array, vector: Float64Array, weight: number): void {
  const d = vector.length
  for (let i = 0; i < d; i++) {
    const scaled = weight * vector[i]!
    for (let k = 0; k < d; k++) to[i * d + k]! += scaled * vector[k]!
  }
}

/** F with F·Fᵀ = the covariance; directions of negative variance, which moments can give, are left out. */
function factorOf(covariance: Float64Array, d: number): Float64Array {
  const { values, vectors } = eigenSymmetric(covariance, d)
  return vectors.map((value, i) => value * Math.sqrt(Math.max(0, values[i % d]!)))
}

function rounded(values: Float64Array): number[] {
  return Array.from(values, (value) => Number(value.toPrecision(6)))
}
