import { createHash } from 'node:crypto'
import type { PersonId } from '../../contract.ts'
import type { TwoCovarianceModel } from '../../evaluation/virtual-strangers.ts'
import type { Gallery } from '../../gallery/gallery.ts'
import { networkVersionOf, versionOf } from '../../gallery/versions.ts'
import type { Depth } from '../../learning/networks/network.ts'
import { recognitionNet } from '../../learning/networks/recognition-net.ts'
import { mixedPeople } from '../gate/mixed-people.ts'
import type { Verdict } from '../gate/gate.ts'
import type { OpenRunner } from '../step-runner.ts'
import { candidateCard, movedByHead, type Card } from './candidate-card.ts'
import { cardCohortOf } from './card-cohort.ts'
import { composed } from './head.ts'
import type { HeadRecipe } from './head-recipe.ts'
import { hardExamplesUsed, likeThemselves, type LeftOut } from './hard-examples-used.ts'
import { keptCrops, type Crops } from './network-crops.ts'
import {
  count,
  fewestJudges,
  rolesOf,
  whoMayNotJudge,
  type CohortPeople,
  type CohortRow,
} from './network-judges.ts'
import type { NetworkRecipe } from './network-recipe.ts'
import { startFrom } from './network-start.ts'
import { headHasFolds, retrainHead } from './retrain-head.ts'
import { networkTrouble, retrainNetwork } from './retrain-network.ts'
import type { GalleryRunEvent } from './run-event.ts'
import { trainingSet, type TrainingSet } from './training-set.ts'

/** What a run is trained by, at any depth. */
export type GalleryRecipe = HeadRecipe | NetworkRecipe

export interface GalleryRun {
  gallery: Gallery
  /** The one in use. */
  version: string
  /** Of the model in use. */
  card: Card
  strangersModel: TwoCovarianceModel | null
  /** Photograph × template, as it decides now. */
  threshold: number
  wantedFmr: number
  recipe: GalleryRecipe
}

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

export interface Candidate {
  version: string
  verdict: Verdict
  seconds: number
  /** What a step took here, and a photograph that is looked at anew; null at depth head. */
  ms: { perStep: number; perPhotograph: number } | null
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
  const hasFolds = cohortPeople < fewestJudges && (recipe.depth !== 'head' || headHasFolds(trainable))
  const made =
    recipe.depth === 'head'
      ? yield* headOf({ ...run, recipe }, set)
      : yield* networkOf({ ...run, recipe }, set, hash)
  const report: CandidateReport = {
    ...made.verdict,
    people: made.verdict.people.map((own) => ({ ...own, person: set.people[own.person]! })),
    threshold: { before: threshold, after: made.threshold },
    strangers: made.strangersInWords,
    mixed,
    notes: [
      ...whoMayNotJudge(judgesLeftOut, cohortPeople, recipe.depth),
      ...(hasFolds && wereTrainedOn(run, set.people)
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
    const kept = gallery.keepCandidate(candidate)
    if (kept.kind === 'refused') throw new Error(kept.message)
    gallery.dropLookedAt(made.version)
    run.onKept?.(made.version)
  })
  return {
    version: made.version,
    verdict: { ...made.verdict, people: report.people },
    seconds,
    ms: made.ms,
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
    const named = new Set(gallery.cohorts().flatMap(({ cohort, name }) => (isNamed(name) ? [cohort] : [])))
    return asPeople(
      run,
      roles.judging.filter(({ cohort }) => named.has(cohort)),
    )
  })
  const mixIn = asPeople(run, roles.mayTrain)
  const people = { set, mixIn, cohort: asPeople(run, roles.judging), hardExamples, cardCohort }
  const result = yield* retrainHead({ ...run, ...people, trainedBefore: wereTrainedOn(run, set.people) })
  const parent = gallery.modelHead(version)
  const head = parent ? composed(parent, result.head) : result.head
  const base = gallery.networkUnder(version)
  const candidate = versionOf(base, head)
  return {
    ...result,
    version: candidate,
    kept: { base, head },
    strangers: cropsThatTrain(run, roles.mayTrain),
    card: candidateCard(
      run.card,
      candidate,
      result.threshold / threshold,
      movedByHead(run.card, strangersModel, result.head),
    ),
    ms: null,
  }
}

async function* networkOf(run: Run<NetworkRecipe>, set: TrainingSet, hash: string) {
  const { gallery, version, recipe, threshold } = run
  const roles = rolesAt(run, recipe.depth)
  const [mayTrain, judging] = [asPeople(run, roles.mayTrain), asPeople(run, roles.judging)]
  const network = recognitionNet()
  const photographs = photographsOf(run, recipe.depth)
  const result = yield* retrainNetwork({
    ...run,
    set,
    network,
    start: await startFrom(gallery, version, network),
    ...keptCrops(
      gallery,
      'photograph',
      photographs.map(({ photograph }) => photograph),
    ),
    mixIn: mayTrain && cropsOf(gallery, mayTrain),
    cohort: judging && cropsOf(gallery, judging),
    hardExamples: hardExamplesOf(run, set),
    threads: run.threads ?? 1,
    notes: { parent: version, recipe: JSON.stringify(recipe), trainedOn: hash },
  })
  const base = gallery.pretrainedUnder(version)
  const candidate = networkVersionOf(base, result.onnx)
  return {
    ...result,
    version: candidate,
    kept: { base, network: result.onnx },
    strangers: cropsThatTrain(run, roles.mayTrain),
    card: candidateCard(run.card, candidate, result.threshold / threshold, {
      by: 'people it was not trained on',
      forms: result.forms,
    }),
  }
}

/** Probes that were decided wrongly and train, as the model in use embeds them. */
function hardExamplesOf(run: GalleryRun, set: TrainingSet) {
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
function keptProbes(run: Omit<GalleryRun, 'recipe'>) {
  const { gallery, version, threshold } = run
  const kept = gallery.hardExampleEmbeddings(version)
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
function usedIn(set: TrainingSet, kept: ReturnType<typeof keptProbes>) {
  const place = placesOf(set)
  return kept.filter(({ person, leftOut }) => !leftOut && place.has(person))
}

function placesOf({ people }: TrainingSet): Map<PersonId, number> {
  return new Map(people.map((person, i) => [person, i]))
}

function cropsOf(gallery: Gallery, strangers: CohortPeople): Crops {
  const { people, vectors, photographs } = strangers
  return { people, vectors, ...keptCrops(gallery, 'stranger', photographs) }
}

/** The gallery as the model in use embeds it, and a hash of which photographs of whom these are. */
function gathered(
  run: Pick<GalleryRun, 'gallery' | 'version'>,
  depth: Depth,
): { set: TrainingSet; hash: string; withoutCrop: number } {
  const used = photographsOf(run, depth)
  const hash = createHash('sha256')
  for (const { person, cropHash } of used) hash.update(`${person} ${cropHash}\n`)
  const withoutCrop = depth === 'head' ? 0 : run.gallery.embeddings(run.version).length - used.length
  return { set: trainingSet(used), hash: hash.digest('hex'), withoutCrop }
}

/** Photographs that the model in use has embedded, row by row; at depth stage and all, those whose crops were kept. */
function photographsOf({ gallery, version }: Pick<GalleryRun, 'gallery' | 'version'>, depth: Depth) {
  const kept = new Map(
    gallery
      .people()
      .flatMap(({ person }) => gallery.photographs(person))
      .map((photograph) => [photograph.photograph, photograph]),
  )
  return gallery
    .embeddings(version)
    .map(({ photograph, embedding }) => ({ ...kept.get(photograph)!, embedding }))
    .filter(({ hasCrop }) => depth === 'head' || hasCrop)
}

/** Everybody of the cohorts, whichever model has seen them. */
export function cohortRows(gallery: Pick<Gallery, 'strangers'>): (CohortRow & { cohort: number })[] {
  return gallery.strangers().map(({ photograph, cohort, stranger, crop, mayTrain }) => ({
    photograph,
    cohort,
    person: `${cohort} ${stranger}`,
    crop,
    mayTrain,
  }))
}

/** Who of the cohorts trains and who judges at a depth: nobody judges who trained the model in use. */
function rolesAt({ gallery, version }: Pick<GalleryRun, 'gallery' | 'version'>, depth: Depth) {
  return rolesOf(cohortRows(gallery), gallery.strangersThatTrained(version), depth)
}

/** Whether the model in use, or one it descends from, was trained on any of these people. */
function wereTrainedOn(
  { gallery, version }: Pick<GalleryRun, 'gallery' | 'version'>,
  people: readonly PersonId[],
): boolean {
  const here = new Set(people)
  const seen = new Set<string>()
  for (let at = gallery.modelVersion(version); at && !seen.has(at.version);) {
    if (at.trainedOn.people.some((person) => here.has(person))) return true
    seen.add(at.version) // an imported model may name itself its own parent
    at = gallery.modelVersion(at.parent)
  }
  return false
}

/** What is remembered with the candidate of those whom it was trained on. */
function cropsThatTrain({ recipe }: Pick<GalleryRun, 'recipe'>, mayTrain: readonly CohortRow[]): string[] {
  return recipe.others > 0 ? mayTrain.flatMap(({ crop }) => (crop === null ? [] : [crop])) : []
}

/** People of cohorts as the model in use embeds them; null where it has seen none of them. */
function asPeople(
  { gallery, version }: Pick<GalleryRun, 'gallery' | 'version'>,
  wanted: readonly CohortRow[],
): CohortPeople | null {
  if (wanted.length === 0) return null
  const person = new Map(wanted.map((row) => [row.photograph, row.person]))
  const rows = gallery.strangerEmbeddings(version, null).filter(({ photograph }) => person.has(photograph))
  if (rows.length === 0) return null
  const dimension = rows[0]!.embedding.length
  const vectors = new Float32Array(rows.length * dimension)
  for (const [i, { embedding }] of rows.entries()) vectors.set(embedding, i * dimension)
  const places = new Map<string, number>()
  const people = Int32Array.from(rows, ({ photograph }) => {
    const key = person.get(photograph)!
    if (!places.has(key)) places.set(key, places.size)
    return places.get(key)!
  })
  return { vectors, people, photographs: rows.map(({ photograph }) => photograph) }
}
