import type { PersonId } from '../../contract.ts'
import type { Depth } from '../../learning/networks/network.ts'
import { countedPeople } from '../../learning/samplers/drawn-people.ts'
import { mixedPeople } from '../gate/mixed-people.ts'
import type { GalleryRun } from './gallery-run.ts'
import { rolesAt } from './people/cohort-people.ts'
import { count } from './people/cohort-roles.ts'
import { gathered } from './people/gallery-photographs.ts'
import type { LeftOut } from './people/hard-examples-used.ts'
import { keptProbes, usedIn } from './people/kept-probes.ts'
import { networkTrouble } from './retrain-network.ts'

/** What a run would work with. */
export interface Plan {
  depth: Depth
  people: number
  photographs: number
  /** People with two photographs or more to train on. */
  trainable: number
  heldOut: number
  /** People of cohorts who judge, and who are mixed in; at depth stage and all a fifth of these may judge instead. */
  cohortPeople: number
  mayTrainPeople: number
  /** Those of them with two photographs: a batch of others is drawn in pairs. */
  mayTrainWithPairs: number
  cohortPhotographs: number
  mayTrainPhotographs: number
  /** People of cohorts that judge who may not, because they trained the model in use or one it descends from. */
  judgesLeftOut: number
  virtualStrangers: boolean
  /** Photographs that a network cannot train on or be judged by: their crops were not kept. None at depth head. */
  withoutCrop: number
  /** Whose photographs disagree with each other. */
  mixed: { person: PersonId; photographs: number; distance: number; limit: number }[]
  /** Probes that were decided wrongly and train; those that the model in use has not seen yet are in neither list. */
  hardExamples: number
  /** Of those that train: said to be somebody else, and as near to the person as their own photographs are. */
  hardExamplesDoubted: { id: number; person: PersonId }[]
  hardExamplesLeftOut: { person: PersonId; why: LeftOut['why']; like: PersonId | null }[]
  /** Why no run can be made; null where one can. */
  trouble: string | null
}

/** Looks at the gallery without training. */
export function planOf(run: Omit<GalleryRun, 'recipe'>, depth: Depth = 'head'): Plan {
  const { set, withoutCrop } = gathered(run, depth)
  const { mayTrain, judging, leftOut } = rolesAt(run, depth)
  const trainable = set.training.filter((rows) => rows.length >= 2).length
  const heldOut = set.heldOut.reduce((sum, rows) => sum + rows.length, 0)
  const everyRow = set.training.map((rows, person) => [...rows, ...set.heldOut[person]!])
  const embeddings = { vectors: set.vectors, dimension: set.dimension, people: set.owners }
  const cohortPeople = count(judging)
  const kept = keptProbes(run)
  return {
    depth,
    people: set.people.length,
    photographs: set.owners.length,
    trainable,
    heldOut,
    cohortPeople,
    mayTrainPeople: count(mayTrain),
    mayTrainWithPairs: countedPeople(mayTrain.map(({ person }) => person)).withPairs,
    cohortPhotographs: judging.length,
    mayTrainPhotographs: mayTrain.length,
    judgesLeftOut: leftOut,
    virtualStrangers: depth === 'head' && run.strangersModel !== null,
    withoutCrop,
    mixed: mixedPeople(embeddings, everyRow, run.threshold).map(({ person, rows, distance, limit }) => ({
      person: set.people[person]!,
      photographs: rows.length,
      distance,
      limit,
    })),
    hardExamples: usedIn(set, kept).length,
    hardExamplesDoubted: usedIn(set, kept).flatMap(({ id, person, isLikeThem }) =>
      isLikeThem ? [{ id, person }] : [],
    ),
    hardExamplesLeftOut: kept.flatMap(({ person, leftOut }) => (leftOut ? [{ person, ...leftOut }] : [])),
    trouble:
      (trainable < 2
        ? 'Two people with two photographs each are the least that a model can be retrained on.'
        : heldOut === 0
          ? 'Nobody has three photographs, so none can be held out to judge a new model by.'
          : depth === 'head'
            ? null
            : networkTrouble(trainable, cohortPeople)) ?? null,
  }
}
