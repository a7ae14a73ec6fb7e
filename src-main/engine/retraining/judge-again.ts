import { createHash } from 'node:crypto'
import type { Refusal } from '../../contract.ts'
import type { Gallery } from '../../gallery/gallery.ts'
import { noSuchModel, type ModelVersion } from '../../gallery/versions.ts'
import { candidateCard } from '../../training/gallery-run/judging/candidate-card.ts'
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
import { judgeImport, type Heads } from './judge-import.ts'
import { modelSummary, pretrainedVersion } from './model-list.ts'
import { fewestForFolds } from './plan.ts'

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
  const trainedHere = photographsThatTrained(parts, candidate)
  if (!trainedHere)
    return refused(
      'unknown-training',
      'Photographs that it was trained on have been removed since, so it cannot be told which of the others it has seen, and they cannot judge it. Retrain instead.',
    )
  await hashStrangers(parts)
  const trained = new Set(
    [model.version, version].flatMap((each) => [...gallery.models.strangersThatTrained(each)]),
  )
  const judges = count(rolesOf(cohortRows(gallery), trained, 'head').judging)
  // Its run had others to be judged by, who were left out of its trainings in turn. Virtual strangers alone must not
  // undo what those said.
  if (judges < fewestJudges && hasHadFolds(gallery))
    return refused(
      'no-judges',
      `Nobody can stand for strangers without training again: of the people imported as strangers ${judges} may judge it, and ${fewestJudges} are needed. Import more people under Tune, or retrain.`,
    )
  const before = await embeddingsUnder(parts, model.version, job, lastLayer)
  if (before.kind === 'refused') return before
  const after = await embeddingsUnder(parts, version, job, lastLayer)
  if (after.kind === 'refused') return after
  const kept = candidate.report as CandidateReport
  // Nothing has touched its numbers since they were compared with the trainer's.
  const parity = kept.lines?.find(({ id }) => id === 'parity')?.after ?? NaN
  const heads = headsOf(parts, version)
  // Of one that came from elsewhere only its file says who trained it: whom that names can still speak against it.
  const isFromElsewhere = candidate.trainedOn.people.length === 0
  const knownHere = isFromElsewhere ? gallery.models.strangersThatTrained(model.version) : trained
  const judged = await judgeImport(parts, before, after, heads, parity, trained, trainedHere, knownHere)
  if (judged.kind === 'refused') return judged
  if (job.signal.aborted) return refused('cancelled', 'Cancelled: what was said of it stays.')
  const { verdict, threshold, strangersInWords, notes, moved } = judged
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
    card: candidateCard(parts.card, version, threshold.after / threshold.before, moved),
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

function hasHadFolds(gallery: Gallery): boolean {
  return gallery.people().filter(({ photographs }) => photographs >= 2).length >= fewestForFolds
}

/** Where the one in use and the candidate are heads over the pre-trained net: virtual strangers can be seen by both. */
function headsOf(parts: Parts, version: string): Heads | null {
  const base = pretrainedVersion(parts)
  const [before, after] = [parts.model.version, version].map((each) => madeOf(parts.gallery, each, base))
  return before && after && !before.network && !after.network
    ? { before: before.head, after: after.head }
    : null
}
