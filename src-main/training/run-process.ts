import * as tf from '@tensorflow/tfjs'
import { openProcessor } from './open-processor.ts'
import type { ProcessorName } from './processors.ts'
import type { RunDescription } from './run-description.ts'
import { runTraining, type RunEvent } from './run-training.ts'

/** What the run's process is told, once. To cancel it, kill it: its last checkpoint stays whole. */
export interface RunOrder {
  description: RunDescription
  out: string
  resume: boolean
  processor: ProcessorName
  threads?: number
  checkpointEverySteps?: number
}

/** What it tells: each event of the run, or why it ended. */
export type RunMessage = RunEvent | { kind: 'on'; device: string } | { kind: 'failed'; message: string }

/** The program of a run's process: trains as it is told and reports to its parent until it is done. */
tf.enableProdMode() // without its banner
process.once('message', (order: RunOrder) => void follow(order))
process.once('disconnect', () => process.exit(1)) // nobody listens any more

async function follow({ description, processor, ...place }: RunOrder) {
  // Waits until the parent has it: an exit right after would lose the last words.
  const tell = (message: RunMessage) =>
    new Promise<void>((give) => process.send!(message, undefined, undefined, () => give()))
  try {
    const { openRunner, device } = await openProcessor(processor, place)
    await tell({ kind: 'on', device })
    const feedThread = new URL('./feeding/feed-thread.ts', import.meta.url)
    for await (const event of runTraining(description, { ...place, openRunner, feedThread }))
      await tell(event)
    process.exit(0)
  } catch (error) {
    await tell({ kind: 'failed', message: (error as Error).message })
    process.exit(1)
  }
}
