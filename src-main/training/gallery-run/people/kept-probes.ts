import type { PersonId } from '../../../contract.ts'
import type { GalleryRun } from '../gallery-run.ts'
import { asPeople, rolesAt } from './cohort-people.ts'
import { gathered } from './gallery-photographs.ts'
import { hardExamplesUsed, likeThemselves, type LeftOut } from './hard-examples-used.ts'
import { keptCrops } from './kept-crops.ts'
import type { TrainingSet } from './training-set.ts'

/** Probes that were decided wrongly and train, as the model in use embeds them. */
export function hardExamplesOf(run: GalleryRun, set: TrainingSet) {
  const { gallery } = run
  const place = placesOf(set)
  const kept = usedIn(set, keptProbes(run))
  const vectors = new Float32Array(kept.length * set.dimension)
  for (const [i, { embedding }] of kept.entries()) vectors.set(embedding, i * set.dimension)
  const whose = (kind: 'them' | 'not-them') =>
    Int32Array.from(kept, (each) => (each.kind === kind ? place.get(each.person)! : -1))
  return {
    vectors,
    owners: whose('them'),
    takenFor: whose('not-them'),
    ...keptCrops(
      gallery,
      'probe',
      kept.map(({ id }) => id),
    ),
  }
}

/** All kept probes that the model in use has seen, and why one does not train, whatever the depth. */
export function keptProbes(run: Omit<GalleryRun, 'recipe'>) {
  const { gallery, version, threshold } = run
  const kept = gallery.hardExamples.embeddings(version)
  if (kept.length === 0) return []
  const { set } = gathered(run, 'head') // whose crops were not kept may be who is shown
  const place = placesOf(set)
  const probes = kept
    .filter(({ person }) => place.has(person))
    .map((probe) => ({ ...probe, place: place.get(probe.person)! }))
  const said = probes.map(({ kind, place, embedding }) => ({ kind, person: place, vector: embedding }))
  const known = {
    embeddings: { vectors: set.vectors, dimension: set.dimension, people: set.owners },
    rows: set.training.map((rows, person) => [...rows, ...set.heldOut[person]!]),
    strangers: asPeople(run, rolesAt(run, 'head').judging),
    threshold,
  }
  const leftOut = hardExamplesUsed(said, known)
  const isLikeThem = likeThemselves(said, known)
  return probes.map((probe, i) => ({
    ...probe,
    leftOut: inPeople(leftOut[i]!, set),
    isLikeThem: isLikeThem[i]!,
  }))
}

function inPeople(leftOut: LeftOut | null, set: TrainingSet) {
  return leftOut && { why: leftOut.why, like: leftOut.like === null ? null : set.people[leftOut.like]! }
}

/** Of people who are in the set. */
export function usedIn(set: TrainingSet, kept: ReturnType<typeof keptProbes>) {
  const place = placesOf(set)
  return kept.filter(({ person, leftOut }) => !leftOut && place.has(person))
}

function placesOf({ people }: TrainingSet): Map<PersonId, number> {
  return new Map(people.map((person, i) => [person, i]))
}
