import type { Refusal, TuningSubject } from '../../contract.ts'
import { compareNormalisations } from '../../evaluation/normalisation-comparison.ts'
import type { NormalisationComparison } from '../../evaluation/normalisation-comparison.ts'
import type { Job } from '../jobs.ts'
import type { Parts } from '../parts.ts'
import { refused } from '../refusal.ts'
import { joined, type Measured } from './measured.ts'
import { multiplier } from './multiply.ts'
import { standIns } from './stand-ins.ts'

/**
 * Z-, T- and S-norm against the plain distance. Where the other enrolled people are the strangers, all imported ones
 * are what is normalised by; where a cohort is, every second one of it is, and the others probe. Nobody is both.
 */
export async function normalisationsOf(
  parts: Parts,
  { ownPlan, gallery, subject }: Pick<Measured, 'ownPlan' | 'gallery' | 'subject'>,
  wantedFmr: number,
  job: Pick<Job, 'signal' | 'progress'>,
): Promise<NormalisationComparison | Refusal> {
  const { strangers } = subject as TuningSubject
  if (strangers.kind === 'virtual')
    return refused(
      'no-strangers',
      'Virtual strangers are too kind to normalise by. Import people as a cohort, or measure the enrolled against each other.',
    )
  const cohort = strangers.kind === 'cohort' ? strangers.cohort : null
  const imported = await standIns(parts, { kind: 'cohort', cohort }, ownPlan.form)
  if (imported.kind === 'refused') return imported
  const isJudging = (stranger: number) => strangers.kind === 'cohort' && stranger % 2 === 1
  // Rows of those who do not probe stay among the embeddings, so that both halves are found there.
  const probing = imported.rows.map((rows, stranger) => (isJudging(stranger) ? rows : []))
  const { embeddings, plan } = joined(ownPlan, gallery, { ...imported, rows: probing })
  const own = gallery.photographs.length
  const fitting = imported.rows
    .filter((_, stranger) => !isJudging(stranger))
    .map((rows) => rows.map((row) => own + row))
  const multiply = await multiplier(embeddings.people.length, embeddings.dimension)
  return compareNormalisations(strangers.kind === 'cohort' ? plan : ownPlan, embeddings, fitting, {
    wantedFmr,
    multiply,
    signal: job.signal,
    onProgress: (done, total) => job.progress(done, total, 'Comparing ways to normalise'),
  })
}
