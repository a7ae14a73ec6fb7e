import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Refusal } from '../../contract.ts'
import type { SeenPhotograph } from '../../gallery/versions-in-use.ts'
import { noSuchModel } from '../../gallery/versions.ts'
import { embedUnder } from '../embed-under.ts'
import type { Job } from '../jobs.ts'
import { underModel, type PretrainedHead } from '../model-in-use.ts'
import type { Parts } from '../parts.ts'
import { readableCrop } from '../re-embedding.ts'
import { refused } from '../refusal.ts'
import { pretrainedVersion } from './model-list.ts'

/** Unit-length embeddings by photograph; who is not in it, this model cannot read: no crop was kept. */
export interface EmbeddingsUnder {
  kind: 'embeddings'
  people: ReadonlyMap<number, Float32Array>
  strangers: ReadonlyMap<number, Float32Array>
}

/** The pre-trained net's last layer: whoever asks several times reads it once. */
export type ReadLastLayer = () => Promise<PretrainedHead>

/** Reads at the first call, and only then. */
export function readOnce(read: ReadLastLayer): ReadLastLayer {
  let reading: Promise<PretrainedHead> | null = null
  return () => (reading ??= read())
}

interface Seen {
  modelVersion: string
  features: Float32Array | null
  embedding: Float32Array
}

/**
 * What a model, in use or not, makes of everybody's photographs: from what others made of them where that says it, else
 * from the crops, which takes time. Nothing of it is kept. Refuses with 'no-such-model', 'other-network' and 'cancelled'.
 */
export async function embeddingsUnder(
  parts: Parts,
  version: string,
  job: Pick<Job, 'signal' | 'progress'>,
  lastLayer: ReadLastLayer,
): Promise<EmbeddingsUnder | Refusal> {
  const { gallery } = parts
  const under = underModel(parts, version)
  if (!under)
    return gallery.models.version(version)
      ? refused(
          'other-network',
          'This model goes over the network of another release: nothing can be compared.',
        )
      : noSuchModel
  const base = pretrainedVersion(parts)
  const embed = embedUnder(gallery, base, await lastLayer())
  const todo = photographsSeen(parts)
  const found = { person: new Map<number, Float32Array>(), stranger: new Map<number, Float32Array>() }
  const left: SeenPhotograph[] = []
  for (const [i, { of, photograph, seen }] of todo.entries()) {
    if (i % 200 === 0) await nextTurn() // others are answered between
    const made = embed(version, seen, { of, photograph })
    if (made) found[of].set(photograph, made.embedding)
    else left.push({ of, photograph })
  }
  for (const [done, { of, photograph }] of left.entries()) {
    if (job.signal.aborted) return refused('cancelled', 'Cancelled.')
    const crop = await readableCrop(
      of === 'person' ? gallery.crop(photograph) : gallery.cohorts.strangerCrop(photograph),
    )
    if (crop) found[of].set(photograph, (await (await under.vision).embed(crop)).embedding)
    job.progress(done + 1, left.length, 'Reading kept photographs with the other model')
  }
  return { kind: 'embeddings', people: found.person, strangers: found.stranger }
}

/** Every photograph, with what any model made of it; those that none has read yet have nothing. */
function photographsSeen(parts: Parts): (SeenPhotograph & { seen: Seen[] })[] {
  const { gallery } = parts
  const versions = [pretrainedVersion(parts), ...gallery.models.versions().map(({ version }) => version)]
  const of = (ofWhom: SeenPhotograph['of'], photographs: number[]) =>
    new Map(photographs.map((photograph) => [photograph, { of: ofWhom, photograph, seen: [] as Seen[] }]))
  const people = of(
    'person',
    gallery
      .people()
      .flatMap(({ person }) => gallery.photographs(person))
      .map(({ photograph }) => photograph),
  )
  const strangers = of(
    'stranger',
    // What no model of this name has read: everybody.
    gallery.cohorts.staleStrangers('').map(({ photograph }) => photograph),
  )
  for (const modelVersion of versions) {
    const features = gallery.features(modelVersion)
    for (const [i, { photograph, embedding }] of gallery.embeddings(modelVersion).entries())
      people.get(photograph)?.seen.push({ modelVersion, features: features[i]!.features, embedding })
    for (const { photograph, embedding } of gallery.cohorts.strangerEmbeddings(modelVersion, null))
      strangers.get(photograph)?.seen.push({ modelVersion, features: null, embedding })
  }
  return [...people.values(), ...strangers.values()]
}
