import { describe, expect, test } from 'vitest'
import { DistanceCounter } from '../../src-main/evaluation/distance-counts.ts'
import { measure } from '../../src-main/evaluation/measure.ts'
import { allPairsPlan } from '../../src-main/evaluation/plan.ts'
import { eigenSymmetric } from '../../src-main/evaluation/symmetric-eigen.ts'
import {
  correctedFmr,
  measureTailCorrection,
  remainingError,
  thresholdForStrangers,
} from '../../src-main/evaluation/tail-correction.ts'
import { drawStrangers, fitTwoCovariance } from '../../src-main/evaluation/virtual-strangers.ts'
import { accepted } from './accepted.ts'
import { seeded, syntheticGallery } from './gallery.ts'

test('eigenvectors diagonalise', () => {
  const random = seeded(2)
  const d = 12
  const root = Float64Array.from({ length: d * d }, () => random() - 0.5)
  const symmetric = root.map((_, i) => {
    const [row, column] = [Math.floor(i / d), i % d]
    let sum = 0
    for (let k = 0; k < d; k++) sum += root[row * d + k]! * root[column * d + k]!
    return sum
  })
  const { values, vectors } = eigenSymmetric(symmetric, d)
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++) {
      let rebuilt = 0
      let product = 0
      for (let k = 0; k < d; k++) {
        rebuilt += vectors[i * d + k]! * values[k]! * vectors[j * d + k]!
        product += vectors[k * d + i]! * vectors[k * d + j]!
      }
      expect(rebuilt).toBeCloseTo(symmetric[i * d + j]!, 10)
      expect(product).toBeCloseTo(i === j ? 1 : 0, 10)
    }
})

const dimension = 16
const measureAll = async (people: number, seed: number) => {
  const { embeddings, photographs } = syntheticGallery(Array<number>(people).fill(4), dimension, 0.5, seed)
  return { embeddings, compared: accepted(await measure(allPairsPlan(photographs), embeddings)) }
}

describe('people who never were', () => {
  test('have the distances of the people the model was fitted on, where those are Gaussian', async () => {
    const { embeddings, compared } = await measureAll(400, 1)
    const model = accepted(fitTwoCovariance(embeddings))
    const drawn = drawStrangers(JSON.parse(JSON.stringify(model)) as typeof model, 400, 4, seeded(5))
    const rows = Array.from({ length: 400 }, (_, p) => [0, 1, 2, 3].map((i) => 4 * p + i))
    const strangers = accepted(await measure(allPairsPlan(rows), drawn))
    expect(strangers.genuine.mean).toBeCloseTo(compared.genuine.mean, 1)
    expect(strangers.impostor.mean).toBeCloseTo(compared.impostor.mean, 2)
    expect(strangers.impostor.deviation).toBeCloseTo(compared.impostor.deviation, 2)
    expect(model).toMatchObject({ people: 400, photographs: 1600, dimension })
  })

  test('are refused where too few people, or no second photographs, say what they are like', () => {
    expect(fitTwoCovariance(syntheticGallery([3, 3, 3], 8, 0.2).embeddings)).toMatchObject({
      kind: 'refused',
    })
    const singles = syntheticGallery(Array<number>(50).fill(1), 8, 0.2).embeddings
    expect(fitTwoCovariance(singles)).toMatchObject({ kind: 'refused' })
  })
})

describe('their tail, corrected on held-out people', () => {
  test('forecasts what other people give, and states what is left', async () => {
    // Virtual strangers that are too kind: all distances a quarter too long.
    const kind = new DistanceCounter('near')
    const fitted = (await measureAll(300, 3)).compared
    for (const distance of fitted.impostor.exact) kind.add(distance * 1.25)
    const virtual = kind.finish()
    const correction = measureTailCorrection(virtual, (await measureAll(300, 4)).compared)
    expect(correction.points.length).toBeGreaterThan(3)
    for (const point of correction.points) expect(point.realFmr).toBeGreaterThan(point.virtualFmr)
    const others = (await measureAll(300, 5)).compared
    for (const { ratio, wantedFmr } of remainingError(correction, virtual, others).filter(
      (p) => p.wantedFmr > 1e-3,
    )) {
      expect(ratio, `at ${wantedFmr}`).toBeGreaterThan(0.6)
      expect(ratio, `at ${wantedFmr}`).toBeLessThan(1.7)
    }
    const threshold = thresholdForStrangers(correction, virtual, 1e-2)
    expect(correctedFmr(correction, virtual, threshold).fmr).toBeCloseTo(1e-2, 3)
  })

  test('never makes a rate kinder, and says where it guesses', async () => {
    const { compared } = await measureAll(60, 6)
    const harsh = new DistanceCounter('near')
    for (const distance of compared.impostor.exact) harsh.add(distance * 0.8)
    const virtual = harsh.finish()
    const correction = measureTailCorrection(virtual, compared)
    const { fmr, virtualFmr } = correctedFmr(correction, virtual, 0.8)
    expect(fmr).toBeGreaterThanOrEqual(virtualFmr)
    expect(correctedFmr(correction, virtual, 0).extrapolated).toBe(true)
  })
})
