import { createHash } from 'node:crypto'
import type { Depth } from '../../../learning/networks/network.ts'
import type { GalleryRun } from '../gallery-run.ts'
import { trainingSet, type TrainingSet } from './training-set.ts'

/** The gallery as the model in use embeds it, and a hash of which photographs of whom these are. */
export function gathered(
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
export function photographsOf({ gallery, version }: Pick<GalleryRun, 'gallery' | 'version'>, depth: Depth) {
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
