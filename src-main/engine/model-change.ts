import type { Refusal } from '../contract.ts'
import type {
  Embed,
  Promoted,
  PromoteOptions,
  RolledBack,
  SeenPhotograph,
} from '../gallery/versions-in-use.ts'
import { noSuchModel } from '../gallery/versions.ts'
import type { Embedded } from '../vision/embedding.ts'
import { computedKey, embedUnder } from './embed-under.ts'
import type { Job } from './jobs.ts'
import { madeOf, readPretrainedHead, underModel } from './model-in-use.ts'
import type { Parts } from './parts.ts'
import { readableCrop } from './re-embedding.ts'
import { refused } from './refusal.ts'

/**
 * Puts a candidate in use: what its network makes of every kept crop is computed first, then everything is written in one
 * transaction. Refuses as `Gallery.promote` does, with 'other-network' where it goes over another pre-trained net, and
 * with 'cancelled'.
 */
export async function promoteModel(
  parts: Parts,
  version: string,
  options: PromoteOptions,
  job?: Pick<Job, 'signal' | 'progress'>,
): Promise<Promoted | Refusal> {
  const { gallery } = parts
  if (!gallery.models.version(version)) return noSuchModel
  if (!madeOf(gallery, version, (parts.pretrained ?? parts).model.version))
    return refused('other-network', 'This model goes over the network of another release: retrain instead.')
  // What will be refused anyway is not computed.
  const refusal = gallery.models.promotionRefusal(version, options)
  return refusal ?? changing(parts, version, job, (embed) => gallery.models.promote(version, embed, options))
}

/** Back to the model before the last promotion, exactly. Refuses with 'no-way-back', 'cancelled' and 'changed-meanwhile'. */
export async function rollBackModel(
  parts: Parts,
  job?: Pick<Job, 'signal' | 'progress'>,
): Promise<RolledBack | Refusal> {
  const { gallery } = parts
  const to = gallery.models.inUse().replaced.at(-1)
  if (to === undefined) return gallery.models.rollBack(() => null)
  const opened = parts.pretrained ?? parts
  return changing(parts, to ?? opened.model.version, job, (embed) => gallery.models.rollBack(embed))
}

/** A photograph that came after its crop should have been looked at. */
class CameMeanwhile extends Error {}

/** What was computed is of another model than the one that comes into use: somebody else went back meanwhile. */
class OtherModel extends Error {}

const mostRounds = 5

async function changing<T>(
  parts: Parts,
  version: string,
  job: Pick<Job, 'signal' | 'progress'> | undefined,
  change: (embed: Embed) => T,
): Promise<T | Refusal> {
  const { gallery } = parts
  const opened = parts.pretrained ?? parts
  const under = underModel(parts, version)
  // Where an older release's model comes back, its own embeddings are there; what is new since, it cannot see.
  const computed = new Map<string, Embedded>()
  const looked = new Set<string>()
  const embed = embedUnder(gallery, opened.model.version, await readPretrainedHead(), computed)
  for (let round = 1; ; round++) {
    if (under) {
      const todo = unseen(parts, version).filter((each) => !looked.has(computedKey(each)))
      for (const [done, each] of todo.entries()) {
        if (job?.signal.aborted) return refused('cancelled', 'Cancelled: the model in use stays.')
        looked.add(computedKey(each))
        const { of, photograph } = each
        const crop = await readableCrop(
          of === 'person' ? gallery.crop(photograph) : gallery.cohorts.strangerCrop(photograph),
        )
        if (crop) computed.set(computedKey(each), await (await under.vision).embed(crop))
        job?.progress(done + 1, todo.length, 'Reading kept photographs with the new model')
      }
    }
    try {
      return change((wanted, seen, photograph) => {
        if ((wanted ?? opened.model.version) !== version) throw new OtherModel()
        const made = embed(wanted, seen, photograph)
        if (made || under === null) return made
        if (looked.has(computedKey(photograph))) return 'unreadable'
        if (round < mostRounds) throw new CameMeanwhile()
        return null
      })
    } catch (error) {
      if (error instanceof OtherModel) return changedMeanwhile
      if (!(error instanceof CameMeanwhile)) throw error
    }
  }
}

const changedMeanwhile = refused(
  'changed-meanwhile',
  'Another window or the command line changed the model meanwhile: look which one is in use. Nothing more was changed.',
)

/** Photographs of which nothing is kept that the model's network, or a head over it, has made. */
function unseen({ gallery, pretrained, model }: Parts, version: string): SeenPhotograph[] {
  const base = (pretrained ?? { model }).model.version
  const network = version === base ? base : gallery.models.networkUnder(version)
  const family = [base, ...gallery.models.versions().map((each) => each.version)].filter(
    (each) => each === network || gallery.models.networkUnder(each) === network,
  )
  const seen = new Set(family.flatMap((each) => gallery.embeddings(each).map(({ photograph }) => photograph)))
  // Of strangers no features are kept: only the network's own embedding, or this version's, helps.
  const strangersSeen = new Set(
    gallery.cohorts.strangerEmbeddings(network, null).map(({ photograph }) => photograph),
  )
  return [
    ...gallery
      .stale(version)
      .filter(({ photograph }) => !seen.has(photograph))
      .map(({ photograph }) => ({ of: 'person' as const, photograph })),
    ...gallery.cohorts
      .staleStrangers(version)
      .filter(({ photograph }) => !strangersSeen.has(photograph))
      .map(({ photograph }) => ({ of: 'stranger' as const, photograph })),
  ]
}
