import { createHash } from 'node:crypto'
import type { CohortId, CohortPhotographId, Refusal } from '../../contract.ts'
import { cropHash, cropToPng } from '../../vision/kept-crop.ts'
import type { ReadPicture } from '../../vision/read-picture.ts'
import type { Job } from '../jobs.ts'
import type { Parts } from '../parts.ts'
import { readableCrop } from '../re-embedding.ts'
import { refused } from '../refusal.ts'

/** Keeps the most prominent face of a photograph as a stranger's crop; the photograph itself is not kept. */
export async function keepStranger(
  { gallery, vision, model }: Pick<Parts, 'gallery' | 'vision' | 'model'>,
  cohort: CohortId,
  stranger: number,
  read: ReadPicture | Refusal,
): Promise<{ kind: 'kept'; photograph: CohortPhotographId } | Refusal> {
  if (read.kind === 'refused') return read
  const [face] = await (await vision).faces(read.picture, { source: 'file', embed: 'first' })
  if (!face) return refused('no-face', 'No face was found in this photograph.')
  const added = gallery.cohorts.addStranger(cohort, {
    stranger,
    crop: await cropToPng(face.crop),
    cropHash: cropHash(face.crop),
    modelVersion: model.version,
    embedding: face.embedding,
  })
  return added.kind === 'refused' ? added : { kind: 'kept', photograph: added.photograph }
}

/**
 * Of photographs that an older version of the program kept: without it nobody knows whether they trained a model. Models
 * of older versions then get to know whom they were trained on. Nothing is done where nothing is old.
 */
export async function hashStrangers({ gallery }: Pick<Parts, 'gallery'>): Promise<void> {
  for (const { photograph } of gallery.cohorts.strangersWithoutHash()) {
    const png = gallery.cohorts.strangerCrop(photograph)
    if (!png) continue // removed meanwhile
    const crop = await readableCrop(png)
    gallery.cohorts.putStrangerHash(
      photograph,
      crop ? cropHash(crop) : createHash('sha256').update(png).digest('hex'),
    )
  }
  gallery.models.recordWhoTrained()
}

/** After a change of the model: strangers are read anew from their crops before anybody is compared with them. */
export async function reembedStrangers(
  { gallery, vision, model }: Pick<Parts, 'gallery' | 'vision' | 'model'>,
  job?: Pick<Job, 'signal' | 'progress'>,
): Promise<number> {
  const stale = gallery.cohorts.staleStrangers(model.version)
  let embedded = 0
  for (const [done, { photograph }] of stale.entries()) {
    if (job?.signal.aborted) break
    const crop = await readableCrop(gallery.cohorts.strangerCrop(photograph))
    if (crop === null) continue // removed meanwhile, or no picture of ours: it is left out
    const { embedding } = await (await vision).embed(crop)
    if (gallery.cohorts.putStrangerEmbedding(photograph, model.version, embedding)) embedded++
    job?.progress(done + 1, stale.length, 'Reading the cohort with the new model')
  }
  return embedded
}
