import { rm } from 'node:fs/promises'
import * as tf from '@tensorflow/tfjs'
import { openProcessor } from '../../src-main/training/open-processor.ts'
import type { RunDescription } from '../../src-main/training/run-description.ts'
import { runTraining, type RunEvent } from '../../src-main/training/run-training.ts'
import { trainingTable } from '../../src-main/cli/train-table.ts'

export interface TrainedRun {
  onnx: string
  /** From the first step of this process to the exported file. */
  seconds: number
  steps: number
}

/** Trains by the real engine, in this process, and shows the table. With `resume` what was done in `out` is kept. */
export async function trained(
  description: RunDescription,
  {
    out,
    threads,
    resume = false,
    onCheckpoint,
    checkpointEverySteps = 200,
  }: {
    out: string
    threads: number
    resume?: boolean
    onCheckpoint?: (step: number) => Promise<void>
    checkpointEverySteps?: number
  },
): Promise<TrainedRun> {
  tf.env().set('PROD', true) // TensorFlow.js's advice to install another backend
  await tf.setBackend('cpu')
  if (!resume) await rm(out, { recursive: true, force: true })
  const { openRunner } = await openProcessor('cpu', { threads })
  const feedThread = new URL('../../src-main/training/feeding/feed-thread.ts', import.meta.url)
  const table = trainingTable(process.stdout)
  const begun = performance.now()
  let waited = 0
  let last: Extract<RunEvent, { kind: 'step' }> | null = null
  for await (const event of runTraining(description, {
    ...{ out, resume, openRunner, feedThread, threads, checkpointEverySteps },
  })) {
    if (event.kind === 'step') {
      table.step(event)
      waited += event.waitedMs
      last = event
    }
    if (event.kind === 'checkpoint') await onCheckpoint?.(event.step)
    if (event.kind === 'finished') {
      table.stop()
      const seconds = (performance.now() - begun) / 1000
      console.log(`  ${seconds.toFixed(0)} s, of them ${(waited / 1000).toFixed(1)} waiting for pictures`)
      return { onnx: event.onnx, seconds, steps: last?.step ?? 0 }
    }
  }
  throw new Error('the run ended without its network')
}
