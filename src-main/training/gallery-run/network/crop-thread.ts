import { parentPort, workerData } from 'node:worker_threads'
import { random } from '../../../learning/random.ts'
import { cropFromPng } from '../../../vision/kept-crop.ts'
import { remembering } from '../../feeding/batches.ts'
import type { CropsToChange, ImageAsked, ImageGiven } from './crops-beside.ts'
import { changedCrop } from './network-feed.ts'

/** The program of the thread that changes crops: each image depends on the seed, the step and its place alone. */
const port = parentPort!
const { bytes, ends, sidePx, augmentation, seed } = workerData as CropsToChange
const all = new Uint8Array(bytes)
const crop = remembering((row) => cropFromPng(all.slice(ends[row - 1] ?? 0, ends[row])))

port.on('message', ({ id, row, step, place }: ImageAsked) => {
  changedCrop({ crop }, row, sidePx, augmentation, random(seed, 'augment', step, place)).then(
    (pixels) => port.postMessage({ id, pixels } satisfies ImageGiven, [pixels.buffer as ArrayBuffer]),
    (error: unknown) => port.postMessage({ id, failed: (error as Error).message } satisfies ImageGiven),
  )
})
