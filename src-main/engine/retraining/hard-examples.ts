import type { AttemptId, Refusal } from '../../contract.ts'
import { cropHash, cropToPng } from '../../vision/kept-crop.ts'
import type { Parts } from '../parts.ts'
import { readableCrop } from '../re-embedding.ts'
import { refused } from '../refusal.ts'
import type { RecentProbes } from './recent-probes.ts'

/** Keeps the best frame of a transaction that was decided wrongly, for the next run. Consent was given by whoever asks. */
export async function keepHardExample(
  { gallery }: Pick<Parts, 'gallery'>,
  probes: RecentProbes,
  attempt: AttemptId,
): Promise<{ kind: 'kept'; id: number } | Refusal> {
  const probe = probes.of(attempt)
  if (!probe)
    return refused(
      'too-late',
      'The picture of this transaction is not kept any more: verify once more, and keep it within five minutes.',
    )
  const { person, outcome, distance, modelVersion, face } = probe
  return gallery.hardExamples.add({
    kind: outcome === 'match' ? 'not-them' : 'them',
    person,
    distance,
    crop: await cropToPng(face.crop),
    cropHash: cropHash(face.crop),
    modelVersion,
    features: face.features,
    embedding: face.embedding,
  })
}

/** After a change of the model: kept probes are read anew from their crops before they train. */
export async function embedHardExamples({
  gallery,
  vision,
  model,
}: Pick<Parts, 'gallery' | 'vision' | 'model'>): Promise<void> {
  for (const id of gallery.hardExamples.stale(model.version)) {
    const crop = await readableCrop(gallery.hardExamples.crop(id))
    if (crop === null) continue // dropped meanwhile
    const { features, embedding } = await (await vision).embed(crop)
    gallery.hardExamples.putEmbedding(id, model.version, features, embedding)
  }
}
