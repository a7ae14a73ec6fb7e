import type { ModelComparison, Refusal } from '../../contract.ts'
import { bandedDet } from '../../evaluation/banded-det.ts'
import type { Comparisons } from '../../evaluation/comparisons.ts'
import { distanceBetween, fuseRows, type Embeddings } from '../../evaluation/embeddings.ts'
import { formOf } from '../../evaluation/form.ts'
import { measure } from '../../evaluation/measure.ts'
import { packComparisons } from '../../evaluation/packed-comparisons.ts'
import type { Plan } from '../../evaluation/plan.ts'
import { strangersPlan } from '../../evaluation/strangers-plan.ts'
import { noSuchModel } from '../../gallery/versions.ts'
import { random } from '../../learning/random.ts'
import { trainingSet, type TrainingSet } from '../../training/gallery-run/people/training-set.ts'
import type { Job } from '../jobs.ts'
import { readPretrainedHead, underModel } from '../model-in-use.ts'
import type { Parts } from '../parts.ts'
import { refused } from '../refusal.ts'
import { hashStrangers } from '../tuning/cohort-photographs.ts'
import { thresholdInForce } from '../tuning/in-force.ts'
import { multiplier } from '../tuning/multiply.ts'
import { embeddingsUnder, readOnce, type EmbeddingsUnder, type ReadLastLayer } from './embeddings-under.ts'
import { modelSummary } from './model-list.ts'

/** Photographs that both models can read, in one order: the same rows under each. */
interface Side {
  before: Embeddings
  after: Embeddings
}

/** A pool of impostors: rows behind those of the gallery. */
interface Pool {
  inWords: string
  plan: Plan
  rows: Side
}

/**
 * Two models on the same photographs and the same pairs, as the gallery is now: everybody's held-out photographs against
 * templates of the others, impostors being the other people, and again each cohort's. Refuses with 'no-such-model',
 * 'other-network', 'cancelled', and where there is nothing to compare.
 */
export async function compareModels(
  parts: Parts,
  before: string,
  after: string,
  job: Pick<Job, 'signal' | 'progress'>,
  lastLayer: ReadLastLayer = readOnce(readPretrainedHead),
): Promise<ModelComparison | Refusal> {
  const summaries = { before: modelSummary(parts, before), after: modelSummary(parts, after) }
  if (!summaries.before || !summaries.after) return noSuchModel
  await hashStrangers(parts)
  const seenBefore = await embeddingsUnder(parts, before, job, lastLayer)
  if (seenBefore.kind === 'refused') return seenBefore
  const seenAfter = await embeddingsUnder(parts, after, job, lastLayer)
  if (seenAfter.kind === 'refused') return seenAfter

  const { set, sides, left } = heldOutSet(parts, seenBefore, seenAfter)
  const plan = heldOutPlan(set)
  if (plan.genuine.length === 0)
    return refused(
      'no-genuine',
      'Nobody has three photographs, so none can be held out to compare two models by.',
    )
  const counts = { template: plan.form.templatePhotographs, burst: 1 }
  const thresholdOf = (version: string) =>
    thresholdInForce(underModel(parts, version)!, 'photograph-template', counts).distance
  const threshold = { before: thresholdOf(before), after: thresholdOf(after) }
  const pools: Pool[] = [
    { inWords: 'the other people of this gallery', plan, rows: sides },
    ...cohortPools(
      parts,
      set,
      plan,
      sides,
      { version: before, ...seenBefore },
      { version: after, ...seenAfter },
    ),
  ]
  const compared: ModelComparison['comparisons'] = []
  for (const [i, { inWords, plan: own, rows }] of pools.entries()) {
    job.progress(i, pools.length, 'Comparing everybody under both models')
    const multiply = await multiplier(rows.before.people.length, set.dimension)
    const options = { multiply, signal: job.signal }
    const found = {
      before: await measure(own, rows.before, options),
      after: await measure(own, rows.after, options),
    }
    // One person alone has no impostor in the gallery; a cohort may still stand for them.
    if (found.before.kind === 'refused' || found.after.kind === 'refused') {
      const refusal = [found.before, found.after].find((each) => each.kind === 'refused')!
      if (refusal.reason === 'cancelled' || pools.length === 1) return refusal as Refusal
      continue
    }
    // The same draws for both: what differs between the bands are the models.
    const curveOf = (one: Comparisons) =>
      bandedDet(one, { random: random(1, 'bootstrap over people').uniform, signal: job.signal })
    const det = { before: await curveOf(found.before), after: await curveOf(found.after) }
    if (det.before.kind === 'refused') return det.before as Refusal
    if (det.after.kind === 'refused') return det.after as Refusal
    compared.push({
      inWords,
      before: packComparisons(found.before),
      after: packComparisons(found.after),
      threshold,
      det: { before: det.before.points, after: det.after.points },
    })
  }
  const held = set.heldOut.reduce((sum, rows) => sum + rows.length, 0)
  return {
    kind: 'comparison',
    before: summaries.before,
    after: summaries.after,
    comparisons: compared,
    people: peopleOf(parts, set, sides, threshold),
    notes: [
      `${held.toLocaleString('en')} photographs, the newest three in ten of each person, against templates of the others, as the gallery is now: some may have come after the training, and some may have trained another model.`,
      ...(left > 0
        ? [
            `${left} ${left === 1 ? 'photograph is' : 'photographs are'} left out: one of the two models cannot read ${left === 1 ? 'it' : 'them'}, because the crop was not kept.`,
          ]
        : []),
    ],
  }
}

/** Which photographs are templates and which are held out, as the gate has it. */
function heldOutSet({ gallery }: Parts, before: EmbeddingsUnder, after: EmbeddingsUnder) {
  const photographs = gallery.people().flatMap(({ person }) => gallery.photographs(person))
  const both = photographs.filter(
    ({ photograph }) => before.people.has(photograph) && after.people.has(photograph),
  )
  const rowsUnder = ({ people }: EmbeddingsUnder) =>
    both.map(({ photograph, person, capturedAt }) => ({
      person,
      capturedAt,
      embedding: people.get(photograph)!,
    }))
  const set = trainingSet(rowsUnder(before))
  const vectors = trainingSet(rowsUnder(after)).vectors
  const sideOf = (of: Float32Array): Embeddings => ({
    vectors: of,
    dimension: set.dimension,
    people: set.owners,
  })
  return {
    set,
    sides: { before: sideOf(set.vectors), after: sideOf(vectors) },
    left: photographs.length - both.length,
  }
}

function heldOutPlan({ people, training, heldOut }: TrainingSet): Plan {
  const enrolled = people.map((_, person) => person).filter((person) => training[person]!.length > 0)
  const place = new Map(enrolled.map((person, i) => [person, i]))
  const probes = enrolled.flatMap((person) => heldOut[person]!.map((row) => ({ person, photographs: [row] })))
  const sizes = enrolled.map((person) => training[person]!.length).sort((a, b) => a - b)
  return {
    form: { ...formOf(sizes[sizes.length >> 1] ?? 1, 1), form: 'photograph-template' },
    people: enrolled.length,
    probes,
    references: enrolled.map((person) => ({ person, photographs: training[person]! })),
    genuine: Uint32Array.from(probes.flatMap(({ person }, i) => [i, place.get(person)!])),
    impostorProbes: Uint32Array.from(probes.keys()),
    impostorReferences: Uint32Array.from(enrolled.keys()),
    symmetric: false,
  }
}

/** What is said of the people of a pool: whom a model was trained on it holds apart better than strangers. */
const whoTheyAre = {
  strangers: '',
  mayTrain: ', who may be trained on',
  trained: ', whom one of the two models was trained on',
} as const

function cohortPools(
  { gallery }: Parts,
  set: TrainingSet,
  plan: Plan,
  sides: Side,
  before: EmbeddingsUnder & { version: string },
  after: EmbeddingsUnder & { version: string },
): Pool[] {
  const crops = new Set(
    [before, after].flatMap(({ version }) => [...gallery.models.strangersThatTrained(version)]),
  )
  const everybody = gallery.cohorts
    .strangers()
    .filter(({ photograph }) => before.strangers.has(photograph) && after.strangers.has(photograph))
  const keyOf = ({ cohort, stranger }: { cohort: number; stranger: number }) => `${cohort} ${stranger}`
  const trained = new Set(
    everybody.filter(({ crop }) => crop !== null && crops.has(crop)).map((each) => keyOf(each)),
  )
  return (['strangers', 'mayTrain', 'trained'] as const).flatMap((who) => {
    const photographs = everybody.filter(
      (each) => who === (trained.has(keyOf(each)) ? 'trained' : each.mayTrain ? 'mayTrain' : 'strangers'),
    )
    if (photographs.length === 0) return []
    const first = set.owners.length
    const places = new Map<string, number>()
    const rows: number[][] = []
    for (const [i, each] of photographs.entries()) {
      const key = keyOf(each)
      if (!places.has(key)) {
        places.set(key, rows.length)
        rows.push([])
      }
      rows[places.get(key)!]!.push(first + i)
    }
    const people = set.people.length
    const owners = Int32Array.from([
      ...set.owners,
      ...photographs.map((each) => people + places.get(keyOf(each))!),
    ])
    const joined = (own: Embeddings, strangers: EmbeddingsUnder['strangers']): Embeddings => {
      const vectors = new Float32Array(owners.length * set.dimension)
      vectors.set(own.vectors)
      for (const [i, { photograph }] of photographs.entries())
        vectors.set(strangers.get(photograph)!, (first + i) * set.dimension)
      return { vectors, dimension: set.dimension, people: owners }
    }
    const { strangers: counted, ...own } = strangersPlan(plan, rows, people)
    return [
      {
        inWords: `${counted.toLocaleString('en')} ${counted === 1 ? 'person' : 'people'} imported as strangers${whoTheyAre[who]}`,
        plan: own,
        rows: {
          before: joined(sides.before, before.strangers),
          after: joined(sides.after, after.strangers),
        },
      },
    ]
  })
}

/** Everybody's own errors, those who lose most first. */
function peopleOf(
  { gallery }: Parts,
  set: TrainingSet,
  sides: Side,
  threshold: { before: number; after: number },
): ModelComparison['people'] {
  return set.people
    .flatMap((person, place) => {
      const [training, held] = [set.training[place]!, set.heldOut[place]!]
      if (held.length === 0 || training.length === 0) return []
      const of = (side: 'before' | 'after') => {
        const template = fuseRows(sides[side], training)
        const distances = held.map((row) =>
          distanceBetween(sides[side].vectors, row, template, 0, set.dimension),
        )
        return {
          errors: distances.filter((distance) => !(distance <= threshold[side])).length,
          mean: distances.reduce((sum, distance) => sum + distance, 0) / held.length,
        }
      }
      const [before, after] = [of('before'), of('after')]
      return [
        {
          person,
          name: gallery.person(person)?.name ?? `person ${person}`,
          comparisons: held.length,
          errors: { before: before.errors, after: after.errors },
          meanDistance: { before: before.mean, after: after.mean },
        },
      ]
    })
    .sort(
      (a, b) =>
        b.errors.after - b.errors.before - (a.errors.after - a.errors.before) ||
        b.meanDistance.after - b.meanDistance.before - (a.meanDistance.after - a.meanDistance.before),
    )
}
