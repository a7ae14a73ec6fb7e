import { existsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { Augmentation } from '../../feeding/augmentation.ts'
import type { ImageOf } from './network-feed.ts'

/** What the thread is given once: the crops as PNG, end to end in memory that it shares. */
export interface CropsToChange {
  bytes: SharedArrayBuffer
  ends: number[]
  sidePx: number
  augmentation: Augmentation
  seed: number
}

export interface ImageAsked {
  id: number
  row: number
  step: number
  place: number
}

export type ImageGiven = { id: number; pixels: Uint8ClampedArray } | { id: number; failed: string }

/**
 * Changes crops in a thread of its own while a step computes: a session's `run` holds the thread that calls it, and a
 * batch takes a quarter of a second.
 * @param pngs the kept crop of each row
 */
export function cropsBeside(
  pngs: readonly Uint8Array[],
  settings: Pick<CropsToChange, 'sidePx' | 'augmentation' | 'seed'>,
): { imageOf: ImageOf; close: () => Promise<void> } {
  const bytes = new SharedArrayBuffer(pngs.reduce((sum, { length }) => sum + length, 0))
  const ends: number[] = []
  const all = new Uint8Array(bytes)
  for (const png of pngs) {
    const at = ends.at(-1) ?? 0
    all.set(png, at)
    ends.push(at + png.length)
  }
  const workerData: CropsToChange = { bytes, ends, ...settings }
  const worker = new Worker(threadProgram(), { workerData })
  const waiting = new Map<number, PromiseWithResolvers<Uint8ClampedArray>>()
  let asked = 0
  let broken: Error | null = null
  const breakAll = (error: Error) => {
    broken ??= error
    for (const { reject } of waiting.values()) reject(broken)
    waiting.clear()
  }
  worker.on('error', (error) => breakAll(error as Error))
  worker.on('exit', (code) => breakAll(new Error(`the thread that changes crops ended with code ${code}`)))
  worker.on('message', (given: ImageGiven) => {
    const image = waiting.get(given.id)
    waiting.delete(given.id)
    if ('pixels' in given) image?.resolve(given.pixels)
    else image?.reject(new Error(given.failed))
  })
  return {
    imageOf(row, step, place) {
      if (broken) return Promise.reject(broken)
      const id = ++asked
      const image = Promise.withResolvers<Uint8ClampedArray>()
      waiting.set(id, image)
      worker.postMessage({ id, row, step, place } satisfies ImageAsked)
      return image.promise
    },
    async close() {
      worker.removeAllListeners()
      await worker.terminate()
    },
  }
}

/** A bundle keeps what several programs share one folder below them. */
function threadProgram(): URL {
  const places = import.meta.filename.endsWith('.ts')
    ? ['./crop-thread.ts']
    : ['./crop-thread.js', '../crop-thread.js']
  const program = places.map((place) => new URL(place, import.meta.url)).find((url) => existsSync(url))
  if (!program) throw new Error('the program of the thread that changes crops is missing: build again')
  return program
}
