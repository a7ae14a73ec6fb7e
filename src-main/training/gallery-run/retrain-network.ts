import type { Values } from '../../learning/networks/initialise.ts'
import type { Network } from '../../learning/networks/network.ts'
import { judge, type GateEvidence, type Verdict } from '../gate/gate.ts'
import type { Distances, Paired } from '../gate/paired.ts'
import type { StrangersPart } from '../gate/strangers-line.ts'
import type { OpenRunner } from '../step-runner.ts'
import { hardRows, together } from './network/crops-together.ts'
import { cropsBeside } from './network/crops-beside.ts'
import { crossFitted } from './judging/cross-fitted.ts'
import { setAside, stepToStopAt } from './judging/early-stop.ts'
import { ascending, equalThreshold } from './judging/equal-threshold.ts'
import { formImpostors, rowsByPerson, type FormImpostors } from './judging/form-impostors.ts'
import type { HardExamples } from './people/hard-examples.ts'
import { healthOf } from './judging/health-of.ts'
import { heldOutLook, type Look } from './judging/held-out-look.ts'
import type { Crops } from './people/kept-crops.ts'
import { mapsBelow, type Maps } from './network/network-maps.ts'
import { fewestJudges, fewestPeopleForNetworkFolds } from './people/cohort-roles.ts'
import { openPipeline } from './network/network-pipeline.ts'
import type { NetworkRecipe } from './network/network-recipe.ts'
import { pairedAmong, pairedWithStrangers, photographsUnderBoth, strangersAmong } from './judging/pairing.ts'
import { stepEvent, type GalleryRunEvent } from './run-event.ts'
import { lookedAt, lowestTrained, trainNetwork } from './network/train-network.ts'
import { peopleFolds, type TrainingSet } from './people/training-set.ts'

export interface NetworkRun {
  network: Network
  /** Parameters of the model in use, as one network (`startFrom`). */
  start: Values
  set: TrainingSet
  /** The kept crop of a row of the set; as PNG, where a thread beside the training may change crops. */
  crop: Crops['crop']
  png?: Crops['png']
  recipe: NetworkRecipe
  openRunner: OpenRunner
  wantedFmr: number
  /** Of the form photograph × template, as it decides now. */
  threshold: number
  /** People whom the owner allowed to be trained on. */
  mixIn: Crops | null
  /** People in no training, imported as strangers. */
  cohort: Crops | null
  /** Probes that were decided wrongly: they train, and neither judge nor enter a template. */
  hardExamples?: (HardExamples & Pick<Crops, 'crop' | 'png'>) | null
  /** What the exported file's metadata holds. */
  notes: Record<string, string>
  /** For the passes outside the step. */
  threads: number
  /** In place of whose the training photographs are: to try what wrong labels do. */
  trainedAs?: Int32Array
}

export interface NetworkRunResult {
  onnx: Uint8Array
  parameters: Values
  verdict: Verdict
  evidence: GateEvidence
  /** The threshold that lets as many people through whom the network never saw. */
  threshold: number
  /** Impostors in every form who are in no training: of a cohort, or of each fold by its own network. */
  forms: FormImpostors[]
  /** Steps of the schedule that were taken: fewer than the recipe's where photographs set aside said so. */
  stoppedAt: number
  strangersInWords: string
  mixedInWords: string
}

/** Why a network cannot be judged on these people; null where it can. */
export function networkTrouble(withPairs: number, judges: number): string | null {
  return judges >= fewestJudges || withPairs >= fewestPeopleForNetworkFolds
    ? null
    : `Virtual strangers cannot be shown to a network, so there is nobody to stand for strangers: ${fewestPeopleForNetworkFolds} people with two photographs to train on are needed (there are ${withPairs}), or a cohort of ${fewestJudges} people that is not trained on. The depth “head” does without.`
}

/** Trainings that a run is made of. */
export function networkTrainings(recipe: Pick<NetworkRecipe, 'folds'>, judges: number): number {
  return judges >= fewestJudges ? 1 : recipe.folds + 1
}

/**
 * Trains the last stage or the whole network on everybody, and, where no cohort judges, on people-disjoint folds before
 * that; measures them against the model in use through the pipeline itself, and judges. Throws a sentence where there is
 * too little to train on or to judge by, the loss is no number, or the exported file does not give the trainer's numbers.
 */
export async function* retrainNetwork(run: NetworkRun): AsyncGenerator<GalleryRunEvent, NetworkRunResult> {
  const { set, recipe, wantedFmr } = run
  const everybody = set.people.map((_, place) => place)
  const hasPair = (person: number) => set.training[person]!.length >= 2
  const withPairs = everybody.filter(hasPair).length
  const judges = run.cohort ? new Set(run.cohort.people).size : 0
  const trouble = networkTrouble(withPairs, judges)
  if (trouble) throw new Error(trouble)
  const runs = networkTrainings(recipe, judges)
  // Dealt apart, so that each fold has its share of those who can train.
  const [trainable, others] = [everybody.filter(hasPair), everybody.filter((person) => !hasPair(person))]
  const dealt = (people: readonly number[]) =>
    peopleFolds(people.length, recipe.folds, recipe.seed).map((fold) => fold.map((i) => people[i]!))
  const alone = dealt(others)
  const folds = runs > 1 ? dealt(trainable).map((fold, i) => [...fold, ...alone[i]!]) : []

  const before = await openPipeline(run, run.start, 'the model in use, read back', { run: 1, runs })
  const normBefore = await before.meanNorm()
  await before.close()

  const gallery = { people: set.owners, crop: run.crop }
  const crops = together(run)
  const maps = recipe.depth === 'stage' ? yield* mapsOf(run, crops, runs) : null

  // What the folds' trainings miss of photographs set aside says when the last one stops; those that judge say nothing.
  const aside = folds.length > 0 ? setAside(set) : null
  const missed = new Map<number, number>()
  const inFolds: StrangersPart[] = []
  const amongLeftOut: Paired[] = []
  const ratios: number[] = []
  const forms: FormImpostors[] = []
  for (const [i, leftOut] of folds.entries()) {
    const at = { run: i + 1, runs }
    yield { kind: 'run', ...at, what: `without ${leftOut.length} people, to judge by them` }
    const staying = everybody.filter((person) => !leftOut.includes(person))
    const trained = yield* trainOne(run, crops, maps, staying, at, {
      set: aside ?? set,
      told: (step, look) => missed.set(step, (missed.get(step) ?? 0) + look.missed),
    })
    const seen = await openPipeline(run, trained.parameters, 'a network of a fold', at)
    const both = { set, before: set.vectors, after: yield* seen.embed(gallery, again) }
    await seen.close()
    const probing = photographsUnderBoth(both, leftOut)
    const judged = pairedWithStrangers(both, staying, probing)
    // Of two forecasts by people whom this network has not seen the laxer: a stricter threshold alone is no merit.
    const among = withoutOwn(pairedWithStrangers(both, leftOut, probing).impostor)
    const after = Math.max(thresholdAfter(run, judged.impostor), thresholdAfter(run, among))
    ratios.push(after / run.threshold)
    inFolds.push({ ...judged, threshold: { before: run.threshold, after } })
    amongLeftOut.push(strangersAmong(probing, set.dimension))
    const rowsOf = (people: readonly number[]) =>
      people.map((person) => [...set.training[person]!, ...set.heldOut[person]!])
    const sides = { before: both.before, after: both.after, dimension: set.dimension }
    forms.push(formImpostors({ ...sides, rows: rowsOf(staying) }, { ...sides, rows: rowsOf(leftOut) }))
  }

  const at = { run: runs, runs }
  yield { kind: 'run', ...at, what: 'with everybody' }
  const until = aside ? stoppedBy(missed, recipe.steps) : recipe.steps
  const trained = yield* trainOne(run, crops, maps, everybody, at, { set, until })
  const seen = await openPipeline(run, trained.parameters, 'the new network', at)
  const after = yield* seen.embed(gallery, again)
  const both = { set, before: set.vectors, after }
  const cohort = run.cohort && {
    before: run.cohort.vectors,
    after: yield* seen.embed(run.cohort, 'Looking at the cohort'),
    people: run.cohort.people,
  }
  const norm = await seen.meanNorm()
  await seen.close()

  const byCohort = cohort && pairedWithStrangers(both, everybody, cohort)
  // Where there are folds, the few of a cohort judge a threshold that others gave.
  const threshold =
    byCohort && folds.length === 0
      ? thresholdAfter(run, byCohort.impostor)
      : (run.threshold * ratios.reduce((sum, each) => sum + each, 0)) / ratios.length
  if (cohort && folds.length === 0) {
    const { dimension } = set
    const gallery = { ...both, dimension, rows: rowsByPerson(set.owners) }
    forms.push(formImpostors(gallery, { ...cohort, dimension, rows: rowsByPerson(cohort.people) }))
  }
  const strangers: GateEvidence['strangers'][number][] = []
  if (inFolds.length > 0)
    strangers.push({
      inWords: 'people left out of training, fold by fold',
      parts: inFolds,
      among: amongLeftOut,
    })
  if (cohort)
    strangers.push({
      inWords: 'people imported as strangers',
      parts: [{ ...byCohort!, threshold: { before: run.threshold, after: threshold } }],
      ...(folds.length === 0 && { atThreshold: crossFitted(byCohort!, run.threshold) }),
      among: [strangersAmong(cohort, set.dimension)],
      areTooFew: judges < fewestJudges,
    })
  const evidence: GateEvidence = {
    wantedFmr,
    gallery: [pairedAmong(both, everybody)],
    strangers,
    health: {
      before: { ...healthOf(set.vectors, set.dimension, null, null), norm: normBefore },
      after: { ...healthOf(after, set.dimension, null, trained.activeTriplets), norm },
    },
    parity: seen.difference,
  }
  return {
    onnx: seen.onnx,
    parameters: trained.parameters,
    verdict: judge(evidence),
    evidence,
    threshold,
    forms,
    stoppedAt: until,
    strangersInWords: strangers.map(({ inWords }) => inWords).join('; '),
    mixedInWords:
      run.mixIn && recipe.others > 0
        ? `${new Set(run.mixIn.people).size} people of cohorts that may be trained on`
        : 'nobody',
  }
}

const again = 'Looking at the gallery anew'

async function* mapsOf(
  { network, start, recipe, threads }: NetworkRun,
  crops: Crops,
  runs: number,
): AsyncGenerator<GalleryRunEvent, Maps> {
  const making = mapsBelow(network, lowestTrained(network), start, crops, recipe, threads)
  for (;;) {
    const { value, done } = await making.next()
    if (done) return value
    yield { kind: 'reading', run: 1, runs, what: 'Looking at photographs below the stage', ...value }
  }
}

/** The last look's step stands for the last step: a quarter may not divide the schedule. */
function stoppedBy(missed: ReadonlyMap<number, number>, steps: number): number {
  const looks = [...missed].map(([step, missed]) => ({ step, missed }))
  const stop = stepToStopAt(looks, steps)
  return stop === lookedAt(steps).at(-1) ? steps : stop
}

async function* trainOne(
  run: NetworkRun,
  crops: Crops,
  maps: Maps | null,
  people: readonly number[],
  at: { run: number; runs: number },
  {
    set: training,
    until = run.recipe.steps,
    told,
  }: {
    /** Whose training rows train, and whose held-out ones are looked at. */
    set: TrainingSet
    until?: number
    told?: (step: number, look: Look) => void
  },
): AsyncGenerator<GalleryRunEvent, { parameters: Values; activeTriplets: number | null }> {
  const { set, network, start, recipe, openRunner } = run
  const photographs = people.flatMap((person) => training.training[person]!)
  const hard = hardRows(run, people)
  const rows = [...photographs, ...hard.map(({ row }) => row)]
  const labels = Int32Array.from([
    ...photographs.map((row) => (run.trainedAs ?? set.owners)[row]!),
    ...hard.map(({ label }) => label),
  ])
  const ownRows = set.owners.length + (run.hardExamples?.owners.length ?? 0)
  const lookAt = heldOutLook({ ...run, set: training, people, seed: recipe.seed })
  const look = async (parameters: Values, step: number): Promise<Record<string, number>> => {
    const seen = await lookAt(parameters)
    if (seen) told?.(step, seen)
    return seen ? { heldOutFnmr: seen.missed / seen.of } : {}
  }
  const { augmentation, seed } = recipe
  // Maps are there already; crops are changed while the step computes.
  const beside =
    !maps && crops.png
      ? cropsBeside(Array.from(crops.people.keys(), crops.png), {
          sidePx: network.input[0]!,
          augmentation,
          seed,
        })
      : null
  const fed = { crops, ownRows, rows, labels, maps, beside: beside?.imageOf ?? null }
  const running = trainNetwork({ network, start, recipe, openRunner, ...fed, until, look })
  let activeTriplets: number | null = null
  try {
    for (;;) {
      const { value, done } = await running.next()
      if (done) return { parameters: value, activeTriplets }
      activeTriplets = value.measures.activeTriplets ?? null
      yield stepEvent(at, value)
    }
  } finally {
    await beside?.close()
  }
}

/** The threshold at which as many of these impostors pass under the other model. */
function thresholdAfter(run: NetworkRun, impostor: Distances): number {
  return equalThreshold(ascending(impostor), run.threshold)
}

/** Without comparisons of somebody with their own template: strangers are numbered −1 − place. */
function withoutOwn({ people, references, before, after }: Distances): Distances {
  const isOther = (_: number, i: number) => people[i] !== -1 - references[i]!
  return {
    people: people.filter(isOther),
    references: references.filter(isOther),
    before: before.filter(isOther),
    after: after.filter(isOther),
  }
}
