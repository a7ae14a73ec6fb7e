import { random } from '../../learning/random.ts'
import type { Sampler } from '../../learning/samplers/sampler.ts'
import type { Picture } from '../../vision/face.ts'
import type { DataSet } from '../data-sets/data-set.ts'
import { drawChange, type Augmentation } from './augmentation.ts'
import { render } from './render.ts'

/** What one step eats. */
export interface Batch {
  images: Float32Array<ArrayBuffer> // [batch, side, side, channels], 0–255
  labels: Int32Array<ArrayBuffer> // [batch]
  indices: number[] // into the data set
}

export interface BatchSettings {
  dataSet: DataSet
  sampler: Sampler
  sidePx: number
  channels: 1 | 3
  augmentation: Augmentation
  seed: number
}

/** Makes the batch of a step, counted from 0: the same for the same seed, whatever was made before. */
export function batchMaker(settings: BatchSettings): (step: number) => Promise<Batch> {
  const { dataSet, sampler, sidePx, channels, augmentation, seed } = settings
  const read = remembering((index) => dataSet.picture(index))
  const length = sidePx * sidePx * channels
  return async (step) => {
    const indices = sampler.batch(step)
    const images = new Float32Array(indices.length * length)
    await Promise.all(
      indices.map(async (index, place) => {
        const source = random(seed, 'augment', step, place)
        const change = drawChange(augmentation, sidePx, source)
        const pixels = await render(await read(index), dataSet.framing, sidePx, change, source)
        place *= length
        if (channels === 3) images.set(pixels, place)
        else for (let i = 0; i < length; i++) images[place + i] = pixels[3 * i + 1]! // green carries most of the light
      }),
    )
    return { images, labels: Int32Array.from(indices, (index) => dataSet.labels[index]!), indices }
  }
}

/** Most that one reader keeps of decoded pictures. */
export const rememberedBytes = 256 * 2 ** 20 // small pictures (characters, digits) are decoded once; large ones as often as they come

/** Keeps decoded pictures until they fill their share of memory; what came first stays. */
export function remembering(read: (index: number) => Promise<Picture>): (index: number) => Promise<Picture> {
  const kept = new Map<number, Picture>()
  let bytes = 0
  return async (index) => {
    const found = kept.get(index)
    if (found) return found
    const picture = await read(index)
    if (!kept.has(index) && bytes + picture.rgb.length <= rememberedBytes) {
      kept.set(index, picture)
      bytes += picture.rgb.length
    }
    return picture
  }
}
