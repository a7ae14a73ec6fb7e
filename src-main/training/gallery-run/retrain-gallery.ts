import type { PersonId } from '../../contract.ts'
import { networkVersionOf, versionOf } from '../../gallery/versions.ts'
import { recognitionNet } from '../../learning/networks/recognition-net.ts'
import type { Verdict } from '../gate/gate.ts'
import type { OpenRunner } from '../step-runner.ts'
import type { GalleryRecipe, GalleryRun } from './gallery-run.ts'
import type { HeadRecipe } from './head/head-recipe.ts'
import { composed } from './head/head.ts'
import { candidateCard, movedByHead } from './judging/candidate-card.ts'
import { cardCohortOf } from './judging/card-cohort.ts'
import type { NetworkRecipe } from './network/network-recipe.ts'
import { startFrom } from './network/network-start.ts'
import { asPeople, cropsOf, cropsThatTrain, onlyRows, rolesAt } from './people/cohort-people.ts'
import { fewestJudges, hasFolds, whoMayNotJudge } from './people/cohort-roles.ts'
import { gathered, photographsOf } from './people/gallery-photographs.ts'
import { keptCrops, readEveryCrop } from './people/kept-crops.ts'
import { hardExamplesOf } from './people/kept-probes.ts'
import type { TrainingSet } from './people/training-set.ts'
import { planOf, type Plan } from './plan.ts'
import { retrainHead } from './retrain-head.ts'
import { networkTrainings, retrainNetwork } from './retrain-network.ts'
import type { GalleryRunEvent } from './run-event.ts'

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
  /** What else is to be known of who judged, each a sentence; older reports have none. */
  notes?: string[]
  /** Steps that were taken of the recipe's, where the run could tell when to stop. */
  stoppedAt?: number
  /** When the gate judged it again, without training; a run's own report has none. */
  judgedAgainAt?: number // ms since 1970
  /** Of one that was made elsewhere, as far as its numbers tell: what is said of who trained it is its file's word. */
  cameFrom?: 'model-file' | 'gallery-file'
}

/**
 * Trains at the recipe's depth, judges, and keeps the candidate with its report in the gallery; it is not in use. Throws
 * a sentence where there is too little to train on or to judge by, a part of the recipe is unknown, the loss is no
 * number, a network's file does not give the trainer's numbers, or the run gave the model in use again.
 * @param run its `threads` are for the passes outside the step; `onKept` is called in the transaction that keeps the
 *   candidate, which an exception of it takes back
 */
export async function* retrainGallery(
  run: GalleryRun & {
    openRunner: OpenRunner
    processor: string
    threads?: number
    onKept?: (version: string) => void
  },
): AsyncGenerator<GalleryRunEvent, Candidate> {
  const { gallery, version, recipe, threshold } = run
  const started = performance.now()
  const { set, hash } = gathered(run, recipe.depth)
  const { mixed, judgesLeftOut, cohortPeople, trainable } = planOf(run, recipe.depth)
  const made =
    recipe.depth === 'head'
      ? yield* headOf({ ...run, recipe }, set)
      : yield* networkOf({ ...run, recipe }, set, hash)
  const judges = made.judges ?? cohortPeople
  const report: CandidateReport = {
    ...made.verdict,
    people: made.verdict.people.map((own) => ({ ...own, person: set.people[own.person]! })),
    threshold: { before: threshold, after: made.threshold },
    strangers: made.strangersInWords,
    mixed,
    notes: [
      ...whoMayNotJudge(judgesLeftOut, judges, recipe.depth),
      ...(made.notes ?? []),
      ...(judges < fewestJudges && hasFolds(recipe.depth, trainable, judges) && wereTrainedOn(run, set.people)
        ? [
            'The model in use was trained on people of this gallery already: left out of this training, fold by fold, they are still no strangers to it. People whom no model was trained on, imported as strangers, judge better.',
          ]
        : []),
    ],
    stoppedAt: made.stoppedAt,
  }
  const seconds = (performance.now() - started) / 1000
  const candidate = {
    ...made.kept,
    strangers: made.strangers,
    parent: version,
    judgedAgainst: version,
    recipe,
    processor: run.processor,
    seconds,
    trainedOn: {
      people: set.people,
      photographs: set.training.reduce((sum, rows) => sum + rows.length, 0),
      others: made.mixedInWords,
      hash,
    },
    verdict: made.verdict.kind,
    report,
    card: made.card,
  }
  gallery.atOneMoment(() => {
    const kept = gallery.models.keepCandidate(candidate)
    if (kept.kind === 'refused') throw new Error(kept.message)
    gallery.models.dropLookedAt(made.version)
    run.onKept?.(made.version)
  })
  return {
    version: made.version,
    verdict: { ...made.verdict, people: report.people },
    seconds,
  }
}

type Run<R extends GalleryRecipe> = GalleryRun & {
  recipe: R
  openRunner: OpenRunner
  threads?: number
}

async function* headOf(run: Run<HeadRecipe>, set: TrainingSet) {
  const { gallery, version, strangersModel, threshold } = run
  const roles = rolesAt(run, 'head')
  const hardExamples = hardExamplesOf(run, set)
  const cardCohort = cardCohortOf(run.card, (isNamed) => {
    const named = new Set(
      gallery.cohorts.all().flatMap(({ cohort, name }) => (isNamed(name) ? [cohort] : [])),
    )
    return asPeople(
      run,
      roles.judging.filter(({ cohort }) => named.has(cohort)),
    )
  })
  const mixIn = asPeople(run, roles.mayTrain)
  const people = { set, mixIn, cohort: asPeople(run, roles.judging), hardExamples, cardCohort }
  const result = yield* retrainHead({ ...run, ...people, trainedBefore: wereTrainedOn(run, set.people) })
  const parent = gallery.models.head(version)
  const head = parent ? composed(parent, result.head) : result.head
  const base = gallery.models.networkUnder(version)
  const candidate = versionOf(base, head)
  return {
    ...result,
    judges: null,
    notes: null,
    version: candidate,
    kept: { base, head },
    strangers: cropsThatTrain(run, roles.mayTrain),
    card: candidateCard(
      run.card,
      candidate,
      result.threshold / threshold,
      movedByHead(run.card, strangersModel, result.head),
    ),
  }
}

async function* networkOf(run: Run<NetworkRecipe>, set: TrainingSet, hash: string) {
  const { gallery, version, recipe, threshold } = run
  const roles = rolesAt(run, recipe.depth)
  const [mayTrain, wished] = [asPeople(run, roles.mayTrain), asPeople(run, roles.judging)]
  const network = recognitionNet()
  const photographs = photographsOf(run, recipe.depth).map(({ photograph }) => photograph)
  const crops = keptCrops(gallery, 'photograph', photographs)
  const mixIn = mayTrain && cropsOf(gallery, mayTrain)
  const hardExamples = hardExamplesOf(run, set)
  const checked = readEveryCrop([
    { ...crops, rows: photographs.length },
    { ...hardExamples, rows: hardExamples.owners.length },
    ...(mixIn && recipe.others > 0 ? [{ ...mixIn, rows: mixIn.people.length }] : []),
    ...(wished ? [{ ...cropsOf(gallery, wished), rows: wished.people.length, mayBeLeftOut: true }] : []),
  ])
  const at = { run: 1, runs: networkTrainings(recipe, wished ? new Set(wished.people).size : 0) }
  let check = await checked.next()
  for (; !check.done; check = await checked.next())
    yield { kind: 'reading' as const, ...at, what: 'Reading the kept crops', ...check.value }
  const judging = wished && onlyRows(wished, check.value.at(-1)!)
  const result = yield* retrainNetwork({
    ...run,
    set,
    network,
    start: await startFrom(gallery, version, network),
    ...crops,
    mixIn,
    cohort: judging && cropsOf(gallery, judging),
    hardExamples,
    threads: run.threads ?? 1,
    notes: { parent: version, recipe: JSON.stringify(recipe), trainedOn: hash },
  })
  const base = gallery.models.pretrainedUnder(version)
  const candidate = networkVersionOf(base, result.onnx)
  return {
    ...result,
    judges: judging ? new Set(judging.people).size : 0,
    notes: unreadableInWords((wished?.photographs.length ?? 0) - (judging?.photographs.length ?? 0)),
    version: candidate,
    kept: { base, network: result.onnx },
    strangers: cropsThatTrain(run, roles.mayTrain),
    card: candidateCard(run.card, candidate, result.threshold / threshold, {
      by: 'people it was not trained on',
      forms: result.forms,
    }),
  }
}

function unreadableInWords(photographs: number): string[] {
  if (photographs === 0) return []
  return [
    `${photographs === 1 ? 'A photograph' : `${photographs.toLocaleString('en')} photographs`} of imported people cannot be read (any more) and did not judge: import ${photographs === 1 ? 'its cohort' : 'their cohorts'} anew.`,
  ]
}

/** Whether the model in use, or one it descends from, was trained on any of these people. */
function wereTrainedOn(
  { gallery, version }: Pick<GalleryRun, 'gallery' | 'version'>,
  people: readonly PersonId[],
): boolean {
  const here = new Set(people)
  const seen = new Set<string>()
  for (let at = gallery.models.version(version); at && !seen.has(at.version);) {
    if (at.trainedOn.people.some((person) => here.has(person))) return true
    seen.add(at.version) // an imported model may name itself its own parent
    at = gallery.models.version(at.parent)
  }
  return false
}
