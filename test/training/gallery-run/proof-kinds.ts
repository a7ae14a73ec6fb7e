import { random } from '../../../src-main/learning/random.ts'
import type { HeadRecipe } from '../../../src-main/training/gallery-run/head/head-recipe.ts'
import type { HeadRun } from '../../../src-main/training/gallery-run/retrain-head.ts'
import {
  peopleFolds,
  trainingSet,
  type TrainingSet,
} from '../../../src-main/training/gallery-run/people/training-set.ts'

/**
 * What the gate is shown, to see whether it can tell: three kinds of runs that must be rejected, one whose person must be
 * named, one that should be accepted.
 */
export const proofKinds = ['shuffled labels', 'collapse', 'overfit', 'poisoned person', 'healthy'] as const
export type ProofKind = (typeof proofKinds)[number]

/** Photographs of people: embeddings of unit length, person by person, the newest last. */
export type People = Float32Array[][]

/** A gallery for a kind of run, and what is done to it. */
export interface ProofRun {
  set: TrainingSet
  changes: Pick<HeadRun, 'recipe' | 'trainedAs' | 'trainOn'>
  /** Place of the person half of whose photographs are someone else's; null in the other kinds. */
  poisoned: number | null
}

/** @param stranger whose photographs the poisoned person's are mixed with: nobody of the gallery */
export function proofRun(
  kind: ProofKind,
  people: People,
  stranger: readonly Float32Array[],
  usual: HeadRecipe,
  seed: number,
): ProofRun {
  const source = random(seed, 'proof', kind)
  const poisoned = kind === 'poisoned person' ? source.integer(people.length) : null
  const rows = people.flatMap((own, person) =>
    own.map((embedding, i) => ({
      person: person + 1,
      embedding: person === poisoned && i % 2 === 1 ? stranger[((i - 1) / 2) % stranger.length]! : embedding,
      capturedAt: i,
    })),
  )
  const set = trainingSet(rows)
  const recipe = { ...usual, seed }
  switch (kind) {
    case 'shuffled labels':
      return {
        set,
        poisoned,
        changes: { recipe, trainedAs: Int32Array.from(source.shuffled([...set.owners])) },
      }
    case 'collapse':
      return { set, poisoned, changes: { recipe: { ...recipe, learningRate: 100 * recipe.learningRate } } }
    case 'overfit': {
      // Four people, of four folds, so that no fold is left with fewer than three; nothing holds the run back.
      const trainOn = peopleFolds(people.length, 5, seed)
        .slice(0, 4)
        .map(([first]) => first!)
      return { set, poisoned, changes: { recipe: { ...recipe, others: 0, distillation: 0 }, trainOn } }
    }
    case 'poisoned person':
    case 'healthy':
      return { set, poisoned, changes: { recipe } }
  }
}
