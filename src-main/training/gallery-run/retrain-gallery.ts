import { createHash } from 'node:crypto'
import type { PersonId } from '../../contract.ts'
import type { TwoCovarianceModel } from '../../evaluation/virtual-strangers.ts'
import type { Gallery } from '../../gallery/gallery.ts'
import { versionOf } from '../../gallery/versions.ts'
import { mixedPeople } from '../gate/mixed-people.ts'
import type { Verdict } from '../gate/gate.ts'
import type { OpenRunner } from '../step-runner.ts'
import { candidateCard, type Card } from './candidate-card.ts'
import { composed } from './head.ts'
import type { HeadRecipe } from './head-recipe.ts'
import type { Strangers } from './pairing.ts'
import { retrainHead, type HeadRunEvent } from './retrain-head.ts'
import { trainingSet, type TrainingSet } from './training-set.ts'

export interface GalleryRun {
  gallery: Gallery
  /** The pre-trained version, and the one in use. */
  base: string
  version: string
  /** Of the model in use. */
  card: Card
  strangersModel: TwoCovarianceModel | null
  /** Photograph × template, as it decides now. */
  threshold: number
  wantedFmr: number
  recipe: HeadRecipe
}

/** What a run would work with. */
export interface Plan {
  people: number
  photographs: number
  /** People with two photographs or more to train on. */
  trainable: number
  heldOut: number
  cohortPeople: number
  mayTrainPeople: number
  virtualStrangers: boolean
  /** Whose photographs disagree with each other. */
  mixed: { person: PersonId; photographs: number; distance: number; limit: number }[]
  /** Why no run can be made; null where one can. */
  trouble: string | null
}

export interface Candidate {
  version: string
  verdict: Verdict
  seconds: number
}

/** What a candidate's row in the gallery says: the gate's lines, with people by their numbers. */
export interface CandidateReport extends Pick<Verdict, 'kind' | 'lines' | 'failed' | 'sentence' | 'people'> {
  threshold: { before: number; after: number }
  strangers: string
  mixed: Plan['mixed']
}

/** Looks at the gallery without training. */
export function planOf(run: Omit<GalleryRun, 'recipe'>): Plan {
  const { set } = gathered(run)
  const { mayTrain, judging } = cohortsOf(run)
  const trainable = set.training.filter((rows) => rows.length >= 2).length
  const heldOut = set.heldOut.reduce((sum, rows) => sum + rows.length, 0)
  const everyRow = set.training.map((rows, person) => [...rows, ...set.heldOut[person]!])
  const embeddings = { vectors: set.vectors, dimension: set.dimension, people: set.owners }
  return {
    people: set.people.length,
    photographs: set.owners.length,
    trainable,
    heldOut,
    cohortPeople: judging ? new Set(judging.people).size : 0,
    mayTrainPeople: mayTrain ? new Set(mayTrain.people).size : 0,
    virtualStrangers: run.strangersModel !== null,
    mixed: mixedPeople(embeddings, everyRow, run.threshold).map(({ person, rows, distance, limit }) => ({
      person: set.people[person]!,
      photographs: rows.length,
      distance,
      limit,
    })),
    trouble:
      trainable < 2
        ? 'Two people with two photographs each are the least that a model can be retrained on.'
        : heldOut === 0
          ? 'Nobody has three photographs, so none can be held out to judge a new model by.'
          : null,
  }
}

/**
 * Trains, judges, and keeps the candidate with its report in the gallery; it is not in use. Throws a sentence where
 * there is too little to train on, a part of the recipe is unknown, or the loss is no number.
 */
export async function* retrainGallery(
  run: GalleryRun & { openRunner: OpenRunner; processor: string },
): AsyncGenerator<HeadRunEvent, Candidate> {
  const { gallery, base, version, recipe, threshold, wantedFmr, openRunner, strangersModel } = run
  const started = performance.now()
  const { set, hash } = gathered(run)
  const { mayTrain, judging } = cohortsOf(run)
  const plan = planOf(run)
  const result = yield* retrainHead({
    set,
    recipe,
    openRunner,
    wantedFmr,
    threshold,
    mixIn: mayTrain,
    cohort: judging,
    strangersModel,
  })
  const parent = gallery.modelHead(version)
  const head = parent ? composed(parent, result.head) : result.head
  const candidate = versionOf(base, head)
  const report: CandidateReport = {
    ...result.verdict,
    people: result.verdict.people.map((own) => ({ ...own, person: set.people[own.person]! })),
    threshold: { before: threshold, after: result.threshold },
    strangers: result.strangersInWords,
    mixed: plan.mixed,
  }
  const seconds = (performance.now() - started) / 1000
  const added = gallery.addModelVersion({
    base,
    parent: version,
    recipe,
    processor: run.processor,
    seconds,
    trainedOn: {
      people: set.people,
      photographs: set.training.reduce((sum, rows) => sum + rows.length, 0),
      others: result.mixedInWords,
      hash,
    },
    verdict: result.verdict.kind,
    report,
    card: candidateCard(run.card, candidate, result.head, strangersModel, result.threshold / threshold),
    head,
  })
  if (added.kind === 'refused' && added.reason !== 'same-model') throw new Error(added.message)
  return { version: candidate, verdict: { ...result.verdict, people: report.people }, seconds }
}

/** The gallery as the model in use embeds it, and a hash of which photographs of whom these are. */
function gathered({ gallery, version }: Pick<GalleryRun, 'gallery' | 'version'>): {
  set: TrainingSet
  hash: string
} {
  const kept = new Map(
    gallery
      .people()
      .flatMap(({ person }) => gallery.photographs(person))
      .map((photograph) => [photograph.photograph, photograph]),
  )
  const embedded = gallery.embeddings(version)
  const hash = createHash('sha256')
  const rows = embedded.map(({ photograph, person, embedding }) => {
    const { capturedAt, cropHash } = kept.get(photograph)!
    hash.update(`${person} ${cropHash}\n`)
    return { person, embedding, capturedAt }
  })
  return { set: trainingSet(rows), hash: hash.digest('hex') }
}

/** Strangers by what they may be used for: who trains judges no more. */
function cohortsOf({ gallery, version }: Pick<GalleryRun, 'gallery' | 'version'>) {
  const of = (mayTrain: boolean): Strangers | null => {
    const cohorts = new Set(
      gallery
        .cohorts()
        .filter((cohort) => cohort.mayTrain === mayTrain)
        .map(({ cohort }) => cohort),
    )
    const rows = gallery.strangerEmbeddings(version, null).filter(({ cohort }) => cohorts.has(cohort))
    if (rows.length === 0) return null
    const dimension = rows[0]!.embedding.length
    const vectors = new Float32Array(rows.length * dimension)
    for (const [i, { embedding }] of rows.entries()) vectors.set(embedding, i * dimension)
    const places = new Map<string, number>()
    const people = Int32Array.from(rows, ({ cohort, stranger }) => {
      const key = `${cohort} ${stranger}`
      if (!places.has(key)) places.set(key, places.size)
      return places.get(key)!
    })
    return { vectors, people }
  }
  return { mayTrain: of(true), judging: of(false) }
}
