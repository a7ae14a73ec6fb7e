import * as v from 'valibot'
import {
  Depth,
  type CandidateReport,
  type GateLine,
  type ModelSummary,
  type Refusal,
} from '../../contract.ts'
import { noSuchModel, type ModelVersion } from '../../gallery/versions.ts'
import type { CandidateReport as KeptReport } from '../../training/gallery-run/retrain-gallery.ts'
import type { Line } from '../../training/gate/line.ts'
import type { Parts } from '../parts.ts'
import { refused } from '../refusal.ts'

/** The pre-trained model, and all that were made from it, the oldest first. */
export function modelList(parts: Pick<Parts, 'gallery' | 'model' | 'pretrained'>): ModelSummary[] {
  const { gallery } = parts
  return [pretrained(parts), ...gallery.models.versions().map((each) => summaryOf(parts, each))]
}

/** One line of the list; null where there is no such model. */
export function modelSummary(
  parts: Pick<Parts, 'gallery' | 'model' | 'pretrained'>,
  version: string,
): ModelSummary | null {
  if (version === pretrainedVersion(parts)) return pretrained(parts)
  const described = parts.gallery.models.version(version)
  return described && summaryOf(parts, described)
}

export function pretrainedVersion({ model, pretrained }: Pick<Parts, 'model' | 'pretrained'>): string {
  return (pretrained ?? { model }).model.version
}

/** A candidate as the gate saw it. Refuses with 'no-such-model' and 'no-report'. */
export function candidateReport(
  parts: Pick<Parts, 'gallery' | 'model' | 'pretrained'>,
  version: string,
): CandidateReport | Refusal {
  const { gallery } = parts
  const model = modelSummary(parts, version)
  if (!model) return noSuchModel
  // One that was imported may say nothing of itself.
  const kept = gallery.models.version(version)?.report as Partial<KeptReport> | undefined
  if (!model.retrained || !kept)
    return refused('no-report', 'The pre-trained model came as it is: no run of this gallery judged it.')
  return {
    kind: 'report',
    model,
    verdict: model.retrained.verdict,
    sentence: kept.sentence ?? '',
    failed: kept.failed ?? null,
    lines: (kept.lines ?? []).map(({ id, title, outcome, sentence, before, after }) => ({
      id,
      title,
      outcome,
      sentence,
      unit: unitOf[id] ?? null,
      before,
      after,
    })),
    notes: kept.notes ?? [],
    mixed: (kept.mixed ?? []).map(({ person, photographs }) => ({
      person,
      name: gallery.person(person)?.name ?? `person ${person}`,
      photographs,
    })),
    run: gallery.runs.thatMade(version),
    judgedAgainAt: kept.judgedAgainAt ?? null,
  }
}

/** What the numbers of each line are. */
export const unitOf: Partial<Record<Line['id'], GateLine['unit']>> = {
  gallery: 'share',
  'gallery-by-strangers': 'share',
  strangers: 'share',
  'among-strangers': 'share',
  separation: 'share',
  card: 'share',
  health: 'dimensions',
  parity: 'difference',
}

const Word = v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,64}$/))

/** What of a recipe every depth has. One that was imported is anything, and must not keep the list from being read. */
const Recipe = v.fallback(
  v.object({
    depth: Depth,
    loss: v.object({ id: Word, miner: v.optional(v.nullable(Word)) }),
    seed: v.pipe(v.number(), v.finite()),
  }),
  { depth: 'head', loss: { id: 'unknown' }, seed: 0 },
)

function summaryOf({ gallery }: Pick<Parts, 'gallery'>, described: ModelVersion): ModelSummary {
  const { inUse, replaced } = gallery.models.inUse()
  const { version, name, parent, madeAt, recipe, processor, seconds, trainedOn, verdict, bytes } = described
  const { depth, loss, seed } = v.parse(Recipe, recipe)
  const people = new Set(gallery.people().map(({ person }) => person))
  return {
    version,
    name,
    inUse: inUse === version,
    wayBack: inUse !== null && replaced.at(-1) === version,
    notPromotable:
      inUse === version ? null : (gallery.models.promotionRefusal(version, asItIs)?.message ?? null),
    retrained: {
      parent,
      judgedAgainst: described.judgedAgainst ?? parent,
      madeAt,
      depth,
      loss: loss.id,
      miner: loss.miner ?? null,
      seed,
      processor,
      seconds,
      people: trainedOn.people.length,
      photographs: trainedOn.photographs,
      others: trainedOn.others,
      dataHash: trainedOn.hash,
      verdict,
      sentence: (described.report as Partial<KeptReport>).sentence ?? '',
      bytes,
      untilNextRun: gallery.models.isKeptUntilNextRun(version),
      forgottenPeople: trainedOn.people.filter((person) => !people.has(person)).length,
    },
  }
}

function pretrained(parts: Pick<Parts, 'gallery' | 'model' | 'pretrained'>): ModelSummary {
  const { inUse, replaced } = parts.gallery.models.inUse()
  return {
    version: pretrainedVersion(parts),
    name: 'pre-trained',
    inUse: inUse === null,
    wayBack: inUse !== null && replaced.at(-1) === null,
    notPromotable: inUse === null ? null : 'The pre-trained model is gone back to, one promotion at a time.',
    retrained: null,
  }
}

const asItIs = { evenIfRejected: false }
