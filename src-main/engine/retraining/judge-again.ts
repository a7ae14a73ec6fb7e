import { createHash } from 'node:crypto'
import type { Refusal } from '../../contract.ts'
import { noSuchModel, type ModelVersion } from '../../gallery/versions.ts'
import { candidateCard, type Card } from '../../training/gallery-run/judging/candidate-card.ts'
import { cohortRows } from '../../training/gallery-run/people/cohort-people.ts'
import { count, fewestJudges, rolesOf } from '../../training/gallery-run/people/cohort-roles.ts'
import { photographsOf } from '../../training/gallery-run/people/gallery-photographs.ts'
import { trainingSet } from '../../training/gallery-run/people/training-set.ts'
import type { CandidateReport } from '../../training/gallery-run/retrain-gallery.ts'
import type { Job } from '../jobs.ts'
import { madeOf, readPretrainedHead } from '../model-in-use.ts'
import type { Parts } from '../parts.ts'
import { refused } from '../refusal.ts'
import { hashStrangers } from '../tuning/cohort-photographs.ts'
import { embeddingsUnder, readOnce, type ReadLastLayer } from './embeddings-under.ts'
import { judgeImport, type Heads, type Judging } from './judge-import.ts'
import { restedOnForecast, withLinesOfRun } from './lines-of-run.ts'
import { modelSummary, pretrainedVersion } from './model-list.ts'

/**
 * The gate once more for a candidate that is kept, without training it anew: against the model in use, on the gallery as it
 * is now, by photographs that did not train it. Refusals stand in the contract; what was said of it then stays.
 */
export async function judgeAgain(
  parts: Parts,
  version: string,
  job: Pick<Job, 'signal' | 'progress'>,
  lastLayer: ReadLastLayer = readOnce(readPretrainedHead),
): Promise<{ kind: 'judged'; version: string; verdict: 'promote' | 'reject'; sentence: string } | Refusal> {
  const { gallery, model } = parts
  if (version === pretrainedVersion(parts))
    return refused('pre-trained', 'The pre-trained model came as it is: it is no candidate.')
  const candidate = gallery.models.version(version)
  if (!candidate) return noSuchModel
  const { inUse, replaced } = gallery.models.inUse()
  if (inUse === version)
    return refused('in-use', 'This model is in use: what it was judged by when it came into use stays.')
  if (replaced.includes(version))
    return refused('way-back', 'This model was in use before: roll back to it instead.')
  const kept = candidate.report as CandidateReport
  const linesBefore = kept.lines ?? [] // one that was imported may say nothing of itself
  const trainedHere = photographsThatTrained(parts, candidate)
  if (!trainedHere) return refused('unknown-training', whyUnknown(parts, candidate))
  await hashStrangers(parts)
  const trained = new Set(
    [model.version, version].flatMap((each) => [...gallery.models.strangersThatTrained(each)]),
  )
  // Of one that came from elsewhere only its file says who trained it: whom that names can still speak against it.
  const isFromElsewhere = candidate.trainedOn.people.length === 0 || kept.cameFrom !== undefined
  const depth = isFromElsewhere ? 'head' : modelSummary(parts, version)!.retrained!.depth
  const heads = headsOf(parts, version)
  // Its run had others to be judged by, who were left out of its trainings in turn, or more of these. Virtual strangers
  // must not undo what people said.
  const areEnough = (judges: number, hasVirtual: boolean) =>
    judges >= fewestJudges || (hasVirtual && restedOnForecast(linesBefore))
  const judges = count(rolesOf(cohortRows(gallery), trained, depth).judging)
  if (!areEnough(judges, heads !== null)) return noJudges(judges)
  const before = await embeddingsUnder(parts, model.version, job, lastLayer)
  if (before.kind === 'refused') return before
  const after = await embeddingsUnder(parts, version, job, lastLayer)
  if (after.kind === 'refused') return after
  // Nothing has touched its numbers since they were compared with the trainer's.
  const parity = linesBefore.find(({ id }) => id === 'parity')?.after ?? NaN
  const knownHere = isFromElsewhere ? gallery.models.strangersThatTrained(model.version) : trained
  const moved = movedFrom(parts, candidate)
  const judging = { heads, moved, parity, trained, trainedHere, knownHere, depth }
  const judged = await judgeImport(parts, before, after, judging)
  if (judged.kind === 'refused') return judged
  if (!areEnough(judged.visitors, judged.hasVirtual)) return noJudges(judged.visitors)
  if (job.signal.aborted) return refused('cancelled', 'Cancelled: what was said of it stays.')
  const { strangersInWords, notes } = judged
  const card = candidateCard(
    parts.card,
    version,
    judged.threshold.after / judged.threshold.before,
    judged.moved,
  )
  const threshold = neverLaxer(judged.threshold, kept.threshold, candidate.judgedAgainst === model.version)
  const saidBy = isFromElsewhere ? 'when it was judged before' : 'by the run that made it'
  const verdict = withLinesOfRun(judged.verdict, linesBefore, saidBy)
  const report: CandidateReport = {
    ...kept,
    ...verdict,
    threshold,
    strangers: strangersInWords,
    notes,
    judgedAgainAt: parts.now(),
  }
  const put = gallery.models.judgeAnew(version, {
    judgedAgainst: model.version,
    verdict: verdict.kind,
    report,
    card: neverLaxerCard(card, candidate.card as Partial<Card>),
  })
  if (put.kind === 'refused') return put
  return { kind: 'judged', version, verdict: verdict.kind, sentence: verdict.sentence }
}

/**
 * Which photographs that are here trained a model: its run took the oldest of each person's, of those that were here
 * then. Photographs have rising numbers, so those are the first so many of today's, and their hash says how many;
 * null where none fits, as some have been removed since.
 */
export function photographsThatTrained(parts: Parts, { version, parent, trainedOn }: ModelVersion) {
  if (trainedOn.people.length === 0) return new Set<number>() // it was made elsewhere, of people who are not here
  const depth = modelSummary(parts, version)!.retrained!.depth
  const now = photographsOf({ gallery: parts.gallery, version: parent }, depth)
  const hash = createHash('sha256')
  for (const [i, { person, cropHash }] of now.entries()) {
    hash.update(`${person} ${cropHash}\n`)
    if (hash.copy().digest('hex') !== trainedOn.hash) continue
    const then = now.slice(0, i + 1)
    return new Set(trainingSet(then).training.flatMap((rows) => rows.map((row) => then[row]!.photograph)))
  }
  return null
}

/**
 * The run read its threshold from others than judge here, and those said that strangers are kept out at it. Judged is at
 * the one measured here all the same: a stricter threshold alone is no merit.
 * @param isSame whether both begin from the same model in use, whose threshold may have been set anew since
 */
function neverLaxer(
  { before, after }: Threshold,
  kept: Partial<Threshold> | undefined,
  isSame: boolean,
): Threshold {
  const asStrict = isSame && kept?.before ? kept.after! * (before / kept.before) : kept?.after
  return { before, after: Math.min(after, asStrict ?? after) }
}

function neverLaxerCard<C extends Card>(card: C, kept: Partial<Card>): C {
  const of = ({ template, burst }: Card['forms'][number]) =>
    kept.forms?.find((form) => form.template === template && form.burst === burst)
  return {
    ...card,
    forms: card.forms.map((form) => ({
      ...form,
      operatingPoints: form.operatingPoints.map((point) => {
        const same = of(form)?.operatingPoints.find(({ fmr }) => fmr === point.fmr)
        return { ...point, threshold: Math.min(point.threshold, same?.threshold ?? point.threshold) }
      }),
    })),
  }
}

type Threshold = CandidateReport['threshold']

function noJudges(judges: number): Refusal {
  return refused(
    'no-judges',
    `Nobody can stand for strangers without training again: of the people imported as strangers ${judges} may judge it, and ${fewestJudges} are needed. Import more people under Tune, or retrain.`,
  )
}

/** Why the photographs that trained it cannot be told: not only who removed one comes here. */
function whyUnknown(parts: Parts, { parent, report }: ModelVersion): string {
  const { gallery } = parts
  const cannot = 'so it cannot be told which of those here it has seen, and they cannot judge it.'
  if ((report as CandidateReport).cameFrom === 'gallery-file')
    return `It came with a gallery file and was trained where that comes from, ${cannot} To have this gallery judge it, delete it here, export the model itself where the file comes from, and import that.`
  if (parent !== pretrainedVersion(parts) && !gallery.models.version(parent))
    return `The model that it was trained from has been deleted, and with it what that made of the photographs, ${cannot} Retrain instead.`
  return `Photographs that it was trained on are no longer as they were here, ${cannot} Retrain instead.`
}

/** A head, and the one that its run began from; null for a network, or where the latter is no longer here. */
function movedFrom({ gallery }: Parts, { version, base, parent }: ModelVersion): Judging['moved'] {
  const head = gallery.models.head(version)
  if (!head) return null
  if (parent === base) return { head, from: null }
  const from = gallery.models.networkUnder(parent) === base ? gallery.models.head(parent) : null
  return from && { head, from }
}

/** Where the one in use and the candidate are heads over the pre-trained net: virtual strangers can be seen by both. */
function headsOf(parts: Parts, version: string): Heads | null {
  const base = pretrainedVersion(parts)
  const [before, after] = [parts.model.version, version].map((each) => madeOf(parts.gallery, each, base))
  return before && after && !before.network && !after.network
    ? { before: before.head, after: after.head }
    : null
}
