import * as tf from '@tensorflow/tfjs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { drawStrangers, type TwoCovarianceModel } from '../../../src-main/evaluation/virtual-strangers.ts'
import { random } from '../../../src-main/learning/random.ts'
import { candidateCard, movedByHead } from '../../../src-main/training/gallery-run/judging/candidate-card.ts'
import { ascending, equalThreshold } from '../../../src-main/training/gallery-run/judging/equal-threshold.ts'
import { applyHead, applyToRows, identityHead } from '../../../src-main/training/gallery-run/head/head.ts'
import { defaultHeadRecipe } from '../../../src-main/training/gallery-run/head/head-recipe.ts'
import { distanceMoved, healthOf } from '../../../src-main/training/gallery-run/judging/health-of.ts'
import {
  mapped,
  meanOf,
  pairedAmong,
  strangersAmong,
} from '../../../src-main/training/gallery-run/judging/pairing.ts'
import { retrainHead, type HeadRun } from '../../../src-main/training/gallery-run/retrain-head.ts'
import { trainHead, type WronglyAccepted } from '../../../src-main/training/gallery-run/head/train-head.ts'
import { strangersOfRun } from '../../../src-main/training/gallery-run/run-strangers.ts'
import { peopleFolds, trainingSet } from '../../../src-main/training/gallery-run/people/training-set.ts'
import { onnxRunner } from '../../../src-main/training/onnx-runner.ts'

const d = 128
const openRunner = onnxRunner({ executionProviders: ['cpu'], threads: 1 })
let model: TwoCovarianceModel

beforeAll(async () => {
  await tf.setBackend('cpu')
  const card = join(import.meta.dirname, '../../../models/cards/face-recognition-strangers.json')
  model = (JSON.parse(await readFile(card, 'utf8')) as { fit: TwoCovarianceModel }).fit
})

/** People who never were, the newest photograph last. */
function madeUp(people: number, each: number, seed = 1) {
  const { vectors, people: owner } = drawStrangers(model, people, each, random(seed, 'made up').uniform)
  return trainingSet(
    Array.from({ length: people * each }, (_, row) => ({
      person: 100 + owner[row]!,
      embedding: vectors.slice(row * d, (row + 1) * d),
      capturedAt: row,
    })),
  )
}

async function result<T>(running: AsyncGenerator<unknown, T>): Promise<T> {
  for (;;) {
    const { value, done } = await running.next()
    if (done) return value
  }
}

test('the newest photographs are held out, where two are left to train on', () => {
  const at = (person: number, capturedAt: number) => ({
    person,
    capturedAt,
    embedding: Float32Array.of(1, 0),
  })
  const set = trainingSet([at(1, 9), at(1, 1), at(1, 5), at(1, 4), at(2, 1), at(2, 2), at(3, 1)])
  expect(set.training).toEqual([[1, 3, 2], [4, 5], [6]])
  expect(set.heldOut).toEqual([[0], [], []])
  const ten = trainingSet(Array.from({ length: 10 }, (_, i) => at(1, i)))
  expect(ten.heldOut).toEqual([[7, 8, 9]])
})

test('folds leave everybody out once', () => {
  const folds = peopleFolds(12, 5, 1)
  expect(folds.map((fold) => fold.length)).toEqual([3, 3, 2, 2, 2])
  expect(folds.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i))
  expect(peopleFolds(12, 5, 1)).toEqual(folds)
  expect(peopleFolds(12, 5, 2)).not.toEqual(folds)
})

test('held-out photographs are compared with the unit mean of the others', () => {
  const set = madeUp(3, 4)
  const { genuine, impostor } = pairedAmong(mapped(set, identityHead(d)), [0, 1, 2])
  expect([genuine.people.length, impostor.people.length]).toEqual([3, 6])
  expect(genuine.after).toEqual(genuine.before)
  const rows = [0, 1, 2].map((row) => set.vectors.slice(row * d, (row + 1) * d))
  const mean = rows[0]!.map((value, k) => value + rows[1]![k]! + rows[2]![k]!)
  const length = Math.hypot(...mean)
  const probe = set.vectors.slice(3 * d, 4 * d)
  expect(genuine.before[0]).toBeCloseTo(Math.hypot(...probe.map((value, k) => value - mean[k]! / length)), 5)
})

test('strangers with several photographs are compared among themselves, each pair once', () => {
  const { vectors, people } = drawStrangers(model, 3, 2, random(1, 'strangers').uniform)
  const seen = { before: vectors, after: vectors, people: Int32Array.from(people) }
  const { genuine, impostor } = strangersAmong(seen, d)
  expect([genuine.people.length, impostor.people.length]).toEqual([3, 12])
  const [a, b] = [vectors.slice(0, d), vectors.slice(d, 2 * d)]
  expect(genuine.before[0]).toBeCloseTo(Math.hypot(...a.map((value, k) => value - b[k]!)), 5)
})

test('how far a head moved is told in lengths of the one that changes nothing', () => {
  expect(distanceMoved(identityHead(d))).toBe(0)
  expect(distanceMoved(identityHead(d).map((value) => 3 * value))).toBeCloseTo(2, 6)
})

test('a threshold moves to where as many impostors pass', () => {
  const before = Float32Array.from({ length: 1000 }, (_, i) => (i + 1) / 1000)
  const after = before.map((value) => value * 1.5)
  expect(equalThreshold(ascending({ before, after }), 0.1)).toBeCloseTo(0.15, 6)
  expect(equalThreshold(ascending({ before, after }), 0.0001)).toBeCloseTo(0.00015, 6) // nobody passes: by the scale
})

test('what people pass at less who trained makes no threshold laxer; what virtual strangers do moves it either way', () => {
  const all = madeUp(20, 4)
  const people = all.people.map((_, place) => place)
  const mean = meanOf(all.vectors, d, [...all.owners.keys()])
  /** Everybody is farther apart, or nearer, without or with more of what all have in common. */
  const head = (more: number) =>
    identityHead(d).map((value, i) => value + more * mean[Math.floor(i / d)]! * mean[i % d]!)
  const after = (more: number, strangersModel: TwoCovarianceModel | null) => {
    const { thresholds } = strangersOfRun(
      { recipe: defaultHeadRecipe, threshold: 0.3, mixIn: null, strangersModel },
      d,
    )
    return thresholds(mapped(all, head(more)), people).after
  }
  expect(after(-0.5, model)).toBeGreaterThan(0.305)
  expect(after(-0.5, null)).toBe(0.3)
  expect(after(0.5, model)).toBeLessThan(0.295)
  expect(after(0.5, null)).toBeLessThan(0.295)
})

test('a card under a head that changes nothing keeps its thresholds', () => {
  const row = { template: 5, burst: 1, operatingPoints: [{ fmr: 1e-3, threshold: 0.33 }] }
  const card = { version: '1', measuredOn: 'photographs', forms: [row] }
  const moved = candidateCard(card, '1-abc', 9, movedByHead(card, model, identityHead(d)))
  expect(moved.version).toBe('1-abc')
  expect(moved.forms[0]!.operatingPoints[0]!.threshold).toBeCloseTo(0.33, 6)
  expect(
    candidateCard(card, 'x', 1.1, movedByHead(card, null, identityHead(d))).forms[0]!.operatingPoints[0]!
      .threshold,
  ).toBeCloseTo(0.363)
})

test('health counts the dimensions that are filled', () => {
  const source = random(1, 'health')
  const rows = Float32Array.from({ length: 400 * 8 }, () => source.normal())
  expect(healthOf(rows, 8, null, null).effectiveRank).toBeGreaterThan(7.5)
  const onto = identityHead(8).map((value, i) => (i < 16 ? value : 0)) // keeps two dimensions
  expect(healthOf(rows, 8, onto, null).effectiveRank).toBeLessThan(2.1)
  expect(healthOf(rows, 8, new Float32Array(64), null).finite).toBe(false)
})

describe('a head', () => {
  const recipe = { ...defaultHeadRecipe, steps: 12, warmUpSteps: 2, others: 4, people: 4, photographs: 3 }
  const rowsOf = (set: ReturnType<typeof madeUp>) => ({
    vectors: set.vectors,
    dimension: d,
    labels: set.owners,
  })

  test('starts from the model in use and gives the same numbers for the same seed', async () => {
    const own = rowsOf(madeUp(6, 4))
    const others = rowsOf(madeUp(8, 2, 2))
    const still = await result(trainHead(own, others, { ...recipe, learningRate: 0 }, openRunner))
    expect(still).toEqual(identityHead(d))
    const [one, two] = [
      await result(trainHead(own, others, recipe, openRunner)),
      await result(trainHead(own, others, recipe, openRunner)),
    ]
    expect(one).toEqual(two)
    expect(one).not.toEqual(still)
  })

  test('takes any loss of the catalogue, those against classes too', async () => {
    const own = rowsOf(madeUp(6, 4))
    const trained = await result(
      trainHead(own, null, { ...recipe, steps: 3, loss: { id: 'arcface' } }, openRunner),
    )
    expect(trained.every(Number.isFinite)).toBe(true)
  })

  test('is seen on the way, and a run that stops there ends with it', async () => {
    const own = rowsOf(madeUp(6, 4))
    const seen: { step: number; head: Float32Array }[] = []
    const running = trainHead(own, null, recipe, openRunner, { headEvery: 5 })
    let next = await running.next()
    for (; !next.done; next = await running.next())
      if (next.value.head) seen.push({ step: next.value.step.step, head: next.value.head })
    expect(seen.map(({ step }) => step)).toEqual([5, 10, 12])
    expect(seen[2]!.head).toEqual(next.value)
    const stopped = await result(trainHead(own, null, recipe, openRunner, { until: 5 }))
    expect(stopped).toEqual(seen[0]!.head)
  })

  test('keeps a stranger who was taken for somebody farther from them', async () => {
    const set = madeUp(6, 4)
    const [stranger, mistaken] = [madeUp(1, 1, 7).vectors, meanOf(set.vectors, d, [0, 1, 2, 3])]
    const between = stranger.map((value, k) => 0.5 * value + mistaken[k]!)
    const vectors = between.map((value) => value / Math.hypot(...between))
    const options = { ...recipe, steps: 40, distillation: 0 }
    const distanceUnder = async (wronglyAccepted: WronglyAccepted | null) => {
      const head = await result(trainHead(rowsOf(set), null, options, openRunner, { wronglyAccepted }))
      const template = meanOf(applyToRows(set.vectors, d, head), d, [0, 1, 2, 3])
      return Math.hypot(...applyHead(vectors, head).map((value, k) => value - template[k]!))
    }
    const without = await distanceUnder(null)
    expect(await distanceUnder({ vectors, takenFor: Int32Array.of(0) })).toBeGreaterThan(1.05 * without)
  })

  test('is not trained on fewer than two people with two photographs', async () => {
    const alone = rowsOf(madeUp(1, 4))
    await expect(result(trainHead(alone, null, recipe, openRunner))).rejects.toThrow(
      'Two people with two photographs',
    )
  })
})

test('a run judges by people who were left out, and one that learns nothing is rejected', async () => {
  const run: HeadRun = {
    set: madeUp(10, 5),
    recipe: { ...defaultHeadRecipe, steps: 2, learningRate: 0, people: 4, others: 4 },
    openRunner,
    wantedFmr: 1e-4,
    threshold: 0.34,
    mixIn: null,
    cohort: null,
    strangersModel: model,
  }
  const { verdict, evidence, threshold } = await result(retrainHead(run))
  expect(verdict).toMatchObject({ kind: 'reject', failed: null })
  expect(evidence.strangers.map(({ parts }) => parts.length)).toEqual([5])
  expect(evidence.parity).toBeLessThan(1e-5)
  expect(threshold).toBeCloseTo(0.34, 5)
  // The two who were left out probe, with all their photographs, the eight who stayed.
  expect(evidence.strangers[0]!.parts[0]!.impostor.people).toHaveLength(2 * 5 * 8)

  // Whom the model in use was trained on are no strangers to it: virtual ones judge beside them, unless a cohort does.
  const again = { ...run, recipe: { ...run.recipe, others: 0 }, trainedBefore: true } // to draw them for training takes seconds
  const second = await result(retrainHead(again))
  expect(second.strangersInWords).toMatch(
    /^people left out of training, fold by fold; virtual strangers \(a forecast: the/,
  )
  expect(second.evidence.strangers[1]!.parts[0]!.impostor.people).toHaveLength(1000 * 10)
  const judgedBesides = async (people: number, on = again) => {
    const { vectors, owners } = madeUp(people, 1, 9)
    return result(retrainHead({ ...on, cohort: { vectors, people: owners } }))
  }
  expect((await judgedBesides(20)).strangersInWords).toBe(
    'people left out of training, fold by fold; people imported as strangers',
  )
  // A few visitors take the place of nobody, with folds and without.
  const few = await judgedBesides(19)
  expect(few.strangersInWords).toMatch(/; people imported as strangers; virtual strangers \(a forecast/)
  expect(few.evidence.strangers[2]!.parts).toEqual(second.evidence.strangers[1]!.parts)
  const small = { ...again, set: madeUp(4, 5), trainedBefore: false }
  const one = await judgedBesides(1, small)
  expect(one.strangersInWords).toMatch(
    /^people imported as strangers; virtual strangers .* a cohort of 1 person alone is too few/,
  )
  expect(one.evidence.strangers.map(({ parts }) => parts[0]!.impostor.people.length)).toEqual([4, 4000])
  const alone = await judgedBesides(1, { ...small, strangersModel: null })
  expect(alone.verdict.sentence).toContain('too few people stand for strangers')
  expect((await judgedBesides(20, small)).evidence.strangers).toHaveLength(1)
}, 60_000)
