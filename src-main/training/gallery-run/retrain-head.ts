import type { TwoCovarianceModel } from '../../evaluation/virtual-strangers.ts'
import { judge, type GateEvidence, type Verdict } from '../gate/gate.ts'
import type { Paired } from '../gate/paired.ts'
import type { StrangersPart } from '../gate/strangers-line.ts'
import type { OpenRunner } from '../step-runner.ts'
import { headParity } from './head/head-parity.ts'
import type { HeadRecipe } from './head/head-recipe.ts'
import { applyToRows, type Head } from './head/head.ts'
import { trainHead, type TrainHeadOptions } from './head/train-head.ts'
import type { CardCohort } from './judging/card-cohort.ts'
import { missedUnder, setAside, stepToStopAt } from './judging/early-stop.ts'
import { distanceMoved, healthOf } from './judging/health-of.ts'
import {
  mapped,
  pairedAmong,
  pairedWithStrangers,
  photographsUnderBoth,
  strangersAmong,
  type Mapped,
} from './judging/pairing.ts'
import { fewestJudges, fewestPeopleForHeadFolds } from './people/cohort-roles.ts'
import { hardExamplesFor, type HardExamples } from './people/hard-examples.ts'
import type { Strangers } from './people/strangers.ts'
import { peopleFolds, type TrainingSet } from './people/training-set.ts'
import { stepEvent, type GalleryRunEvent } from './run-event.ts'
import { pairedWith, strangersOfRun, type RunStrangers } from './run-strangers.ts'

export interface HeadRun {
  set: TrainingSet
  recipe: HeadRecipe
  openRunner: OpenRunner
  wantedFmr: number
  /** Of the form photograph × template, as it decides now. */
  threshold: number
  /** People whom the owner allowed to be trained on; null: virtual strangers are mixed in instead. */
  mixIn: Strangers | null
  /** People in no training, imported as strangers; fewer than `fewestJudges` judge beside others, not alone. */
  cohort: Strangers | null
  /** What virtual strangers are drawn from, as the model in use sees them. */
  strangersModel: TwoCovarianceModel | null
  /** Probes that were decided wrongly: they train, and neither judge nor enter a template. */
  hardExamples?: HardExamples
  /**
   * Whether the model in use, or one that it descends from, was trained on these people already: it holds them apart better
   * than strangers, whoever is left out now.
   */
  trainedBefore?: boolean
  /** A cohort that the model's card was measured on, where the user has it. */
  cardCohort?: CardCohort | null
  /** In place of whose the training photographs are: to try what wrong labels do. */
  trainedAs?: Int32Array
  /** Only these people (places) train, while all are judged: to try what too few do. */
  trainOn?: readonly number[]
  /** False leaves the last training out, and every fold's head is judged: to try many runs. */
  refit?: false
}

/** What a run tells: the same at every depth. */
export type HeadRunEvent = GalleryRunEvent

export interface HeadRunResult {
  /** Of the last training. */
  head: Head
  /** Steps of the schedule that were taken: fewer than the recipe's where photographs set aside said so. */
  stoppedAt: number
  verdict: Verdict
  evidence: GateEvidence
  /** The threshold that lets as many strangers through under the candidate. */
  threshold: number
  strangersInWords: string
  mixedInWords: string
}

const foldCount = 5
const looks = 10 // in a training that is looked at, to see when to stop

/** How many trainings a run is made of at most: one to see when to stop, the folds, and the last. */
export function headTrainings(peopleWithPairs: number): number {
  return peopleWithPairs >= fewestPeopleForHeadFolds ? foldCount + 2 : 2
}

/**
 * Trains a head, with photographs set aside, to see when to stop; then on people-disjoint folds and at last on everybody,
 * and measures these against the model in use. The folds say what the recipe does to people it has never seen; the last
 * head is the candidate. Throws a sentence where there is too little to train on.
 */
export async function* retrainHead(run: HeadRun): AsyncGenerator<HeadRunEvent, HeadRunResult> {
  const { set, recipe, wantedFmr, refit = true } = run
  const everybody = set.people.map((_, place) => place)
  const strangers = strangersOfRun(run, set.dimension)
  const withPairs = everybody.filter((person) => set.training[person]!.length >= 2).length
  const folds =
    withPairs >= fewestPeopleForHeadFolds ? peopleFolds(set.people.length, foldCount, recipe.seed) : []
  const aside = setAside(set)
  const runs = (aside ? 1 : 0) + folds.length + (refit ? 1 : 0)
  let at = { run: 1, runs }

  let until = recipe.steps
  if (aside) {
    yield { kind: 'run', ...at, what: 'with some photographs set aside, to see when to stop' }
    const seen: { step: number; missed: number }[] = []
    const look = (step: number, head: Head) => {
      const { missed, of } = missedUnder(aside, head, wantedFmr)
      seen.push({ step, missed })
      return missed / of
    }
    yield* trainOne({ ...run, set: aside }, everybody, strangers, at, { until, look })
    until = stepToStopAt(seen, recipe.steps)
    at = { run: 2, runs }
  }

  const inFolds: StrangersPart[] = []
  const amongLeftOut: Paired[] = []
  const ofFolds: Paired[] = []
  let latest: Trained | null = null
  for (const leftOut of folds) {
    yield { kind: 'run', ...at, what: `without ${leftOut.length} people, to judge by them` }
    const staying = everybody.filter((person) => !leftOut.includes(person))
    latest = yield* trainOne(run, staying, strangers, at, { until })
    at = { run: at.run + 1, runs }
    if (!healthOf(set.vectors, set.dimension, latest.head, null).finite) continue // the last run shows it too
    const all = mapped(set, latest.head)
    const probing = photographsUnderBoth(all, leftOut)
    inFolds.push({
      ...pairedWithStrangers(all, staying, probing),
      threshold: strangers.thresholds(all, staying),
    })
    amongLeftOut.push(strangersAmong(probing, set.dimension))
    if (!refit) ofFolds.push(pairedAmong(all, staying))
  }
  if (refit || !latest) {
    yield { kind: 'run', ...at, what: 'with everybody' }
    latest = yield* trainOne(run, everybody, strangers, at, { until })
  }
  const { head, activeTriplets } = latest

  const evidence: GateEvidence = {
    wantedFmr,
    gallery: [],
    strangers: [],
    health: {
      before: healthOf(set.vectors, set.dimension, null, null),
      after: { ...healthOf(set.vectors, set.dimension, head, activeTriplets), moved: distanceMoved(head) },
    },
    parity: await headParity(set.vectors, set.dimension, head),
  }
  let threshold = run.threshold
  if (evidence.health.after.finite) {
    const all = mapped(set, head)
    evidence.gallery = refit ? [pairedAmong(all, everybody)] : ofFolds
    const thresholds = strangers.thresholds(all, everybody)
    threshold = thresholds.after
    evidence.strangers = judges(run, all, everybody, strangers, { inFolds, amongLeftOut, thresholds })
    if (run.cardCohort) {
      const { people } = run.cardCohort
      const after = applyToRows(people.vectors, set.dimension, head)
      evidence.card = {
        ...run.cardCohort,
        paired: strangersAmong({ before: people.vectors, after, people: people.people }, set.dimension),
      }
    }
  }
  return {
    head,
    stoppedAt: until,
    verdict: judge(evidence),
    evidence,
    threshold,
    strangersInWords: evidence.strangers.map(({ inWords }) => inWords).join('; ') || 'nobody',
    mixedInWords: strangers.inWords,
  }
}

/**
 * Everybody who can stand for strangers; virtual ones where there are no folds, or folds of people whom the model in use
 * has seen. A cohort takes their place where it is large enough to judge alone: one visitor takes away no judge.
 */
function judges(
  run: HeadRun,
  all: Mapped,
  everybody: readonly number[],
  { judging }: RunStrangers,
  folds: { inFolds: StrangersPart[]; amongLeftOut: Paired[]; thresholds: StrangersPart['threshold'] },
): GateEvidence['strangers'] {
  const { inFolds, amongLeftOut, thresholds: threshold } = folds
  const found: GateEvidence['strangers'][number][] = []
  if (inFolds.length > 0)
    found.push({
      inWords: 'people left out of training, fold by fold',
      parts: inFolds,
      among: amongLeftOut,
    })
  const visitors = run.cohort ? new Set(run.cohort.people).size : 0
  const areTooFew = visitors < fewestJudges
  if (run.cohort) {
    const { vectors, people } = run.cohort
    const after = applyToRows(vectors, all.set.dimension, all.head)
    const seen = { before: vectors, after, people }
    found.push({
      inWords: 'people imported as strangers',
      parts: [{ ...pairedWithStrangers(all, everybody, seen), threshold }],
      among: [strangersAmong(seen, all.set.dimension)],
      areTooFew,
    })
  }
  const needsVirtual = areTooFew && (inFolds.length === 0 || run.trainedBefore === true)
  const virtual = needsVirtual ? judging() : null
  if (virtual) {
    const cohort =
      visitors === 0
        ? 'no cohort'
        : `a cohort of ${visitors} ${visitors === 1 ? 'person' : 'people'} alone is too few to judge by`
    const why =
      inFolds.length === 0
        ? `there are too few people for folds, and ${cohort}`
        : `the model in use was trained on the people of the folds, and ${visitors === 0 ? 'there is ' : ''}${cohort}`
    found.push({
      inWords: `virtual strangers (a forecast: ${why})`,
      parts: [{ ...pairedWith(all, everybody, virtual), threshold }],
    })
  }
  return found
}

interface Trained {
  head: Head
  activeTriplets: number | null
}

async function* trainOne(
  { set, recipe, openRunner, trainedAs, trainOn, hardExamples }: HeadRun,
  people: readonly number[],
  { others, blend }: RunStrangers,
  at: { run: number; runs: number },
  { until, look }: { until: number; look?: (step: number, head: Head) => number },
): AsyncGenerator<HeadRunEvent, Trained> {
  const { dimension } = set
  const trained = people.filter((person) => !trainOn || trainOn.includes(person))
  const rows = trained.flatMap((person) => set.training[person]!)
  const hard = hardExamples && hardExamplesFor(hardExamples, trained, dimension)
  const vectors = new Float32Array(rows.length * dimension + (hard?.own.vectors.length ?? 0))
  for (const [place, row] of rows.entries())
    vectors.set(set.vectors.subarray(row * dimension, (row + 1) * dimension), place * dimension)
  if (hard) vectors.set(hard.own.vectors, rows.length * dimension)
  const labels = Int32Array.from([
    ...rows.map((row) => (trainedAs ?? set.owners)[row]!),
    ...(hard?.own.labels ?? []),
  ])
  const options: TrainHeadOptions = { until, wronglyAccepted: hard?.wronglyAccepted ?? null, blend }
  if (look) options.headEvery = Math.max(1, Math.ceil(until / looks))
  const running = trainHead({ vectors, dimension, labels }, others, recipe, openRunner, options)
  const active: number[] = []
  for (;;) {
    const { value, done } = await running.next()
    if (done) return { head: value, activeTriplets: meanOfLast(active) }
    const { step, head } = value
    if (step.measures.activeTriplets !== undefined) active.push(step.measures.activeTriplets)
    const measures = head && look ? { ...step.measures, heldOutFnmr: look(step.step, head) } : step.measures
    yield stepEvent(at, { ...step, measures })
  }
}

/** One batch is a matter of chance; twenty are not. */
function meanOfLast(shares: readonly number[]): number | null {
  const last = shares.slice(-20)
  return last.length > 0 ? last.reduce((sum, share) => sum + share, 0) / last.length : null
}
