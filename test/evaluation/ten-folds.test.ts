import { expect, test } from 'vitest'
import {
  accuracyOverFolds,
  foldsByOrder,
  mostAccurateThreshold,
} from '../../src-main/evaluation/ten-folds.ts'
import type { FoldedPair } from '../../src-main/evaluation/ten-folds.ts'

const pair = (fold: number, genuine: boolean, distance: number | null): FoldedPair => ({
  fold,
  genuine,
  distance,
})

test('each fold is judged by the threshold of the others', () => {
  const { folds, accuracy, deviation } = accuracyOverFolds([
    pair(0, true, 0.1),
    pair(0, false, 0.2), // fold 0 alone would put the threshold at 0.15
    pair(1, true, 0.6),
    pair(1, false, 1), // fold 1 alone at 0.8
  ])
  expect(folds.map((fold) => fold.threshold)).toEqual([0.8, expect.closeTo(0.15, 12)])
  expect(folds.map((fold) => fold.accuracy)).toEqual([0.5, 0.5])
  expect([accuracy, deviation]).toEqual([0.5, 0])
})

test('the mean and the deviation are those over the folds', () => {
  const { accuracy, deviation } = accuracyOverFolds([
    ...[0, 1, 2].flatMap((fold) => [pair(fold, true, 0.1), pair(fold, false, 1)]),
    pair(3, true, 1.5),
    pair(3, false, 1),
  ])
  expect(accuracy).toBeCloseTo(0.875, 12)
  expect(deviation).toBeCloseTo(0.25, 12)
})

test('a face that was not found makes its pair an error, genuine or impostor', () => {
  const clear = [0, 1].flatMap((fold) => [pair(fold, true, 0.1), pair(fold, false, 1)])
  expect(accuracyOverFolds([...clear, pair(0, true, null), pair(1, false, null)]).accuracy).toBeCloseTo(
    2 / 3,
    12,
  )
})

test('the threshold is right as often as any can be', () => {
  const pairs = [0.1, 0.3, 0.5, 0.7]
    .map((d) => pair(0, true, d))
    .concat([0.4, 0.6, 0.8, 1].map((d) => pair(0, false, d)))
  const right = (t: number) => pairs.filter((p) => p.distance! <= t === p.genuine).length
  const best = Math.max(...Array.from({ length: 200 }, (_, i) => right(i / 100)))
  expect(right(mostAccurateThreshold(pairs))).toBe(best)
})

test('folds by line number fall within genuine and within impostor', () => {
  const genuine = [...Array<boolean>(20).fill(true), ...Array<boolean>(30).fill(false)]
  const folds = foldsByOrder(genuine)
  expect(folds.slice(0, 4)).toEqual([0, 0, 1, 1])
  expect(folds.slice(20, 27)).toEqual([0, 0, 0, 1, 1, 1, 2])
  expect(folds.at(-1)).toBe(9)
})
