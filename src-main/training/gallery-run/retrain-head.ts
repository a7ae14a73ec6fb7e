import type { TwoCovarianceModel } from '../../evaluation/virtual-strangers.ts'
import { drawStrangers } from '../../evaluation/virtual-strangers.ts'
import { random } from '../../learning/random.ts'
import { judge, type GateEvidence, type Verdict } from '../gate/gate.ts'
import type { StrangersPart } from '../gate/strangers-line.ts'
import type { OpenRunner } from '../step-runner.ts'
import { ascending, equalThreshold } from './equal-threshold.ts'
import { applyToRows, type Head } from './head.ts'
import type { HeadRecipe } from './head-recipe.ts'
import { headParity } from './head-parity.ts'
import { healthOf } from './health-of.ts'
import { mapped, pairedAmong, pairedWithStrangers, type Mapped, type Strangers } from './pairing.ts'
import { stepEvent, type GalleryRunEvent } from './run-event.ts'
import { trainHead, type Labelled } from './train-head.ts'
import { peopleFolds, type TrainingSet } from './training-set.ts'

export interface HeadRun {
  set: TrainingSet
  recipe: HeadRecipe
  openRunner: OpenRunner
  wantedFmr: number
  /** Of the form photograph × template, as it decides now. */
  threshold: number
  /** People whom the owner allowed to be trained on; null: virtual strangers are mixed in instead. */
  mixIn: Strangers | null
  /** People in no training, imported as strangers. */
  cohort: Strangers | null
  /** What virtual strangers are drawn from, as the model in use sees them. */
  strangersModel: TwoCovarianceModel | null
  /** In place of whose the training photographs are: to try what wrong labels do. */
  trainedAs?: Int32Array
  /** Only these people (places) train, while all are judged: to try what too few do. */
  trainOn?: readonly number[]
}

/** What a run tells: the same at every depth. */
export type HeadRunEvent = GalleryRunEvent

export interface HeadRunResult {
  head: Head
  verdict: Verdict
  evidence: GateEvidence
  /** The threshold that lets as many strangers through under the candidate. */
  threshold: number
  strangersInWords: string
  mixedInWords: string
}

const foldCount = 5
const fewestPeopleForFolds = 5
const virtualPeople = 1000

/**
 * Trains a head on people-disjoint folds and then on everybody, measures both against the model in use, and judges. The
 * folds say what the recipe does to people it has never seen; the last head is the candidate. Throws a sentence where
 * there is too little to train on.
 */
export async function* retrainHead(run: HeadRun): AsyncGenerator<HeadRunEvent, HeadRunResult> {
  const { set, recipe, wantedFmr } = run
  const everybody = set.people.map((_, place) => place)
  const others = othersToMixIn(run)
  const withPairs = everybody.filter((person) => set.training[person]!.length >= 2).length
  const folds =
    withPairs >= fewestPeopleForFolds ? peopleFolds(set.people.length, foldCount, recipe.seed) : []
  const runs = folds.length + 1

  const inFolds: StrangersPart[] = []
  for (const [i, leftOut] of folds.entries()) {
    yield { kind: 'run', run: i + 1, runs, what: `without ${leftOut.length} people, to judge by them` }
    const staying = everybody.filter((person) => !leftOut.includes(person))
    const trained = yield* trainOne(run, staying, others, i + 1, runs)
    if (!usable(trained.head, set)) continue // the last run will show the same, and is judged by it
    const all = mapped(set, trained.head)
    const paired = pairedWithStrangers(all, staying, photographsOf(all, leftOut))
    inFolds.push({ ...paired, threshold: thresholdsOf(run, all, staying) })
  }
  yield { kind: 'run', run: runs, runs, what: 'with everybody' }
  const { head, activeTriplets } = yield* trainOne(run, everybody, others, runs, runs)

  const health = {
    before: healthOf(set.vectors, set.dimension, null, null),
    after: healthOf(set.vectors, set.dimension, head, activeTriplets),
  }
  const evidence: GateEvidence = {
    wantedFmr,
    gallery: [],
    strangers: [],
    health,
    parity: await headParity(set.vectors, set.dimension, head),
  }
  let threshold = run.threshold
  const strangers: { inWords: string; parts: StrangersPart[] }[] = []
  if (health.after.finite) {
    const all = mapped(set, head)
    evidence.gallery = [pairedAmong(all, everybody)]
    const thresholds = thresholdsOf(run, all, everybody)
    threshold = thresholds.after
    if (inFolds.length > 0)
      strangers.push({ inWords: 'people left out of training, fold by fold', parts: inFolds })
    if (run.cohort)
      strangers.push({
        inWords: 'people imported as strangers',
        parts: [withStrangers(all, everybody, run.cohort, thresholds)],
      })
    if (strangers.length === 0 && run.strangersModel)
      strangers.push({
        inWords: 'virtual strangers (a forecast: there are too few people for folds, and no cohort)',
        parts: [withStrangers(all, everybody, virtualStrangers(run, 'judging', 1), thresholds)],
      })
    evidence.strangers = strangers
  }
  return {
    head,
    verdict: judge(evidence),
    evidence,
    threshold,
    strangersInWords: strangers.map(({ inWords }) => inWords).join('; ') || 'nobody',
    mixedInWords: others
      ? run.mixIn
        ? `${new Set(run.mixIn.people).size} people of cohorts that may be trained on`
        : `${virtualPeople.toLocaleString('en')} virtual strangers`
      : 'nobody',
  }
}

async function* trainOne(
  { set, recipe, openRunner, trainedAs, trainOn }: HeadRun,
  people: readonly number[],
  others: Labelled | null,
  run: number,
  runs: number,
): AsyncGenerator<HeadRunEvent, { head: Head; activeTriplets: number | null }> {
  const rows = people
    .filter((person) => !trainOn || trainOn.includes(person))
    .flatMap((person) => set.training[person]!)
  const vectors = new Float32Array(rows.length * set.dimension)
  for (const [place, row] of rows.entries())
    vectors.set(set.vectors.subarray(row * set.dimension, (row + 1) * set.dimension), place * set.dimension)
  const labels = Int32Array.from(rows, (row) => (trainedAs ?? set.owners)[row]!)
  const running = trainHead({ vectors, dimension: set.dimension, labels }, others, recipe, openRunner)
  let activeTriplets: number | null = null
  for (;;) {
    const { value, done } = await running.next()
    if (done) return { head: value, activeTriplets }
    activeTriplets = value.measures.activeTriplets ?? null
    yield stepEvent({ run, runs }, value)
  }
}

/** The threshold in use, and the one at which as many virtual strangers pass; without those, gallery people stand for them. */
function thresholdsOf(run: HeadRun, all: Mapped, people: readonly number[]): StrangersPart['threshold'] {
  const impostors = run.strangersModel
    ? withStrangers(all, people, virtualStrangers(run, 'threshold', 1), { before: 0, after: 0 })
    : pairedAmong(all, people)
  return { before: run.threshold, after: equalThreshold(ascending(impostors.impostor), run.threshold) }
}

function withStrangers(
  all: Mapped,
  people: readonly number[],
  strangers: Strangers,
  threshold: StrangersPart['threshold'],
): StrangersPart {
  const after = applyToRows(strangers.vectors, all.set.dimension, all.head)
  return {
    ...pairedWithStrangers(all, people, { before: strangers.vectors, after, people: strangers.people }),
    threshold,
  }
}

function photographsOf({ set, before, after }: Mapped, people: readonly number[]) {
  const rows = people.flatMap((person) => [...set.training[person]!, ...set.heldOut[person]!])
  const pick = (vectors: Float32Array) => {
    const picked = new Float32Array(rows.length * set.dimension)
    for (const [i, row] of rows.entries())
      picked.set(vectors.subarray(row * set.dimension, (row + 1) * set.dimension), i * set.dimension)
    return picked
  }
  return {
    before: pick(before),
    after: pick(after),
    people: Int32Array.from(rows, (row) => set.owners[row]!),
  }
}

/** Cohort photographs where they may be trained on, else virtual strangers. */
function othersToMixIn(run: HeadRun): Labelled | null {
  if (run.recipe.others === 0) return null
  const { dimension } = run.set
  if (run.mixIn) return { vectors: run.mixIn.vectors, dimension, labels: run.mixIn.people }
  if (!run.strangersModel) return null
  const { vectors, people } = virtualStrangers(run, 'training', 4)
  return { vectors, dimension, labels: people }
}

/** Each purpose draws people of its own: nobody judges who was trained on. */
function virtualStrangers({ strangersModel, recipe }: HeadRun, purpose: string, each: number): Strangers {
  const source = random(recipe.seed, 'virtual strangers', purpose)
  const { vectors, people } = drawStrangers(strangersModel!, virtualPeople, each, source.uniform)
  return { vectors, people: Int32Array.from(people) }
}

/** Whether there is anything to compare. */
function usable(head: Head, set: TrainingSet): boolean {
  return healthOf(set.vectors, set.dimension, head, null).finite
}
