import { expect, test } from 'vitest'
import { memoryNotes, notesOf } from '../../../src-main/engine/retraining/plan.ts'
import type { Plan } from '../../../src-main/training/gallery-run/plan.ts'

const judgedBy = (of: Partial<Plan>) => {
  const plan = {
    heldOut: 1,
    mayTrainPeople: 0,
    mayTrainWithPairs: 0,
    judgesLeftOut: 0,
    cohortPeople: 0,
    ...of,
  }
  return notesOf({ virtualStrangers: plan.depth === 'head', ...plan } as Plan)[1]!
}

test('who judges is said as the run will do it', () => {
  const folds = 'Strangers it is judged by: the people left out, fold by fold'
  expect(judgedBy({ depth: 'head', trainable: 5 })).toBe(`${folds}.`)
  expect(judgedBy({ depth: 'head', trainable: 4 })).toMatch(/by: virtual strangers alone/)
  expect(judgedBy({ depth: 'head', trainable: 5, cohortPeople: 20 })).toBe(
    `${folds} and 20 imported strangers.`,
  )
  // A network needs eight, and has no folds where others can judge.
  expect(judgedBy({ depth: 'stage', trainable: 7 })).toBe('Strangers it is judged by: nobody.')
  expect(judgedBy({ depth: 'stage', trainable: 8 })).toBe(`${folds}.`)
  expect(judgedBy({ depth: 'all', trainable: 8, cohortPeople: 19 })).toBe(
    `${folds} and 19 imported strangers.`,
  )
  expect(judgedBy({ depth: 'all', trainable: 8, cohortPeople: 20 })).toBe(
    'Strangers it is judged by: 20 imported strangers.',
  )
})

test('who is mixed in has two photographs: of others no pairs are drawn', () => {
  const mixedIn = (mayTrainWithPairs: number) =>
    notesOf({ depth: 'stage', heldOut: 1, cohortPeople: 0, mayTrainPeople: 30, mayTrainWithPairs } as Plan)[0]
  expect(mixedIn(1)).toBe('Mixed in: nobody.')
  expect(mixedIn(2)).toBe('Mixed in: 30 people of cohorts that may be trained on.')
})

test('a run that takes more memory than is free is warned of, with a way out', () => {
  expect(memoryNotes(2.02e9, 4e9)).toEqual(['It takes about 2.0 GB of memory.'])
  expect(memoryNotes(2.02e9, 1.5e9)).toEqual([
    expect.stringMatching(
      /^It takes about 2\.0 GB of memory, and 1\.5 GB are free now: .+ choose the depth “head”/,
    ),
  ])
  expect(memoryNotes(null, 0)).toEqual([])
})
