import type { Refusal } from '../contract.ts'
import { lightOf } from '../engine/tuning/conditions.ts'
import { multiplier } from '../engine/tuning/multiply.ts'
import { conditionContrastOf, conditionContrasts } from '../evaluation/condition-contrasts.ts'
import type { ConditionContrast } from '../evaluation/condition-contrasts.ts'
import { compareNormalisations } from '../evaluation/normalisation-comparison.ts'
import type { NormalisationComparison } from '../evaluation/normalisation-comparison.ts'
import type { Plan } from '../evaluation/plan.ts'
import { strangersPlan } from '../evaluation/strangers-plan.ts'
import type { CountedFailures } from '../evaluation/transaction.ts'
import type { EmbeddedFiles } from './embed-files.ts'

/** What a folder of people shows besides its error rates. */
export interface FolderEvidence {
  /** Photographs without a face, and people of whom no photograph has one. */
  acquisition: CountedFailures
  enrolment: CountedFailures
  /** By light, as far as the faces show it: files say nothing of day and camera. */
  conditions: ConditionContrast[]
  /** With a cohort: every second stranger is what is normalised by, and the others probe. */
  normalisations: NormalisationComparison | null
}

/** `owners` names whose photograph each row is, −1 where it was not looked at; people from `people` on are strangers. */
export async function evidenceOf(
  { embeddings, found, luminance }: EmbeddedFiles,
  owners: ArrayLike<number>,
  people: number,
  cohort: { ownPlan: Plan; rows: number[][]; wantedFmr: number } | null = null,
): Promise<FolderEvidence | Refusal> {
  const rows = Array.from({ length: owners.length }, (_, row) => row)
  const looked = rows.filter((row) => owners[row]! >= 0)
  const own = looked.filter((row) => owners[row]! < people)
  const present = new Set(own.map((row) => owners[row]))
  const enrolled = new Set(own.filter((row) => found[row]).map((row) => owners[row]))
  const multiply = await multiplier(owners.length, embeddings.dimension)
  const isOwn = new Set(own)
  const unknown = rows.map(() => null)
  const conditions = await conditionContrasts(
    { ...embeddings, people: owners },
    {
      day: unknown,
      camera: unknown,
      light: rows.map((row) => (isOwn.has(row) ? lightOf(luminance[row]!) : null)),
    },
    { multiply },
  )
  if (conditions.kind === 'refused') return conditions
  const normalisations = cohort
    ? await compareNormalisations(
        strangersPlan(
          cohort.ownPlan,
          cohort.rows.map((theirs, i) => (i % 2 === 1 ? theirs : [])),
          people,
        ),
        embeddings,
        cohort.rows.filter((_, i) => i % 2 === 0).map((theirs) => theirs.filter((row) => found[row])),
        { wantedFmr: cohort.wantedFmr, multiply },
      )
    : null
  return {
    acquisition: { failures: looked.filter((row) => !found[row]).length, of: looked.length },
    enrolment: { failures: present.size - enrolled.size, of: present.size },
    conditions: conditions.conditions.map(conditionContrastOf),
    normalisations: normalisations?.kind === 'normalisations' ? normalisations : null,
  }
}
