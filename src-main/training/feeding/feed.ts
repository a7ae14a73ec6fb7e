import { Worker } from 'node:worker_threads'
import { classBalanced } from '../../learning/samplers/class-balanced.ts'
import { fixedTriplets } from '../../learning/samplers/fixed-triplets.ts'
import { peopleAndPhotographs } from '../../learning/samplers/people-and-photographs.ts'
import type { Sampler } from '../../learning/samplers/sampler.ts'
import type { DataSet } from '../data-sets/data-set.ts'
import type { DataSetDescription } from '../data-sets/open-data-set.ts'
import type { Augmentation } from './augmentation.ts'
import { batchMaker, type Batch } from './batches.ts'

/** Gives batches by the step's number. */
export interface Feed {
  batchSize: number
  stepsPerEpoch: number
  classes: readonly string[]
  batch(step: number): Promise<Batch>
  close(): Promise<void>
}

export type SamplerDescription =
  | { kind: 'people-and-photographs'; people: number; photographs: number; singles?: number }
  | { kind: 'class-balanced'; batchSize: number }
  | { kind: 'fixed-triplets'; triplets: number; tripletsPerBatch: number }

/** Everything a feed needs, in words that can be sent to another thread. */
export interface FeedDescription {
  dataSet: DataSetDescription
  /** Only these classes, where given: the people to train on. */
  classes?: readonly string[]
  sampler: SamplerDescription
  sidePx: number
  channels: 1 | 3
  augmentation: Augmentation
  seed: number
}

/** Opens a described sampler. Throws where the labels cannot fill its batches. */
export function samplerOf(description: SamplerDescription, labels: ArrayLike<number>, seed: number): Sampler {
  switch (description.kind) {
    case 'people-and-photographs':
      return peopleAndPhotographs({ ...description, labels, seed })
    case 'class-balanced':
      return classBalanced({ ...description, labels, seed })
    case 'fixed-triplets':
      return fixedTriplets({ ...description, labels, seed })
  }
}

/** A feed in this thread: batches are made while the step waits. */
export function feedHere(
  dataSet: DataSet,
  { sampler: description, ...settings }: Omit<FeedDescription, 'dataSet' | 'classes'>,
): Feed {
  const sampler = samplerOf(description, dataSet.labels, settings.seed)
  const batch = batchMaker({ ...settings, dataSet, sampler })
  const { batchSize, stepsPerEpoch } = sampler
  return { batchSize, stepsPerEpoch, classes: dataSet.classes, batch, close: async () => {} }
}

/** What the feeding thread says. */
export type FeedMessage =
  | { kind: 'ready'; batchSize: number; stepsPerEpoch: number; classes: readonly string[] }
  | { kind: 'batch'; step: number; batch: Batch }
  | { kind: 'failed'; step: number | null; message: string }

const batchesAhead = 3 // one being eaten, one ready, one being made

/**
 * A feed in a thread of its own, which decodes and augments the next batches while the step computes: a session's `run`
 * holds the thread that calls it. `thread` is the program of the thread, `feed-thread.ts`.
 */
export async function feedBeside(description: FeedDescription, thread: URL): Promise<Feed> {
  const worker = new Worker(thread, { workerData: description })
  const waiting = new Map<number, { give: (batch: Batch) => void; fail: (error: Error) => void }>()
  const promised = new Map<number, Promise<Batch>>()
  let broken: Error | null = null

  const breakAll = (error: Error) => {
    broken = error
    for (const { fail } of waiting.values()) fail(error)
    waiting.clear()
  }
  const ready = await new Promise<Extract<FeedMessage, { kind: 'ready' }>>((give, fail) => {
    worker.on('error', (error) => {
      breakAll(error as Error)
      fail(error as Error)
    })
    worker.on('exit', (code) => breakAll(new Error(`the feeding thread ended with code ${code}`)))
    worker.on('message', (message: FeedMessage) => {
      if (message.kind === 'ready') give(message)
      else if (message.kind === 'batch') {
        waiting.get(message.step)?.give(message.batch)
        waiting.delete(message.step)
      } else if (message.step === null) fail(new Error(message.message))
      else {
        waiting.get(message.step)?.fail(new Error(message.message))
        waiting.delete(message.step)
      }
    })
  }).catch(async (error: unknown) => {
    await worker.terminate()
    throw error
  })

  const order = (step: number) => {
    if (promised.has(step)) return
    const promise = new Promise<Batch>((give, fail) => {
      if (broken) fail(broken)
      else waiting.set(step, { give, fail })
    })
    promise.catch(() => {}) // it is heard when its step comes, and not at all where the run ends before
    promised.set(step, promise)
    worker.postMessage(step)
  }

  return {
    batchSize: ready.batchSize,
    stepsPerEpoch: ready.stepsPerEpoch,
    classes: ready.classes,
    async batch(step) {
      for (let ahead = 0; ahead < batchesAhead; ahead++) order(step + ahead)
      const promise = promised.get(step)!
      promised.delete(step)
      return promise
    },
    async close() {
      worker.removeAllListeners()
      await worker.terminate()
    },
  }
}
