/** The process that times a run's parts on this machine: real steps on made-up photographs, without a gallery. */
import { availableParallelism } from 'node:os'
import type { Depth, ProcessorTried } from '../../contract.ts'
import { nodeIpcPort } from '../../engine-port.ts'
import { cropSidePx } from '../../vision/face.ts'
import { openNetworks, readModelCard } from '../open-parts.ts'
import { usualWish } from './options.ts'
import { recipeOf } from './recipe.ts'
import { timedDevice } from './timings.ts'

export interface TimingOrder {
  home: string
  processor: ProcessorTried['processor']
  depths: Depth[]
}

export type TimingMessage =
  { kind: 'timed'; depth: Depth } | { kind: 'done' } | { kind: 'failed'; message: string }

const port = nodeIpcPort(process)
process.on('SIGINT', () => {}) // whoever began it says when to stop
port.ended(() => process.exit(0))
port.hear((order) => void time(order as TimingOrder))

async function time({ home, processor, depths }: TimingOrder): Promise<void> {
  const tell = (message: TimingMessage) => port.post(message)
  const threads = Math.max(1, availableParallelism() - 1) // as a run takes
  try {
    const { enableProdMode } = await import('@tensorflow/tfjs')
    enableProdMode() // without its banner
    const { openProcessor } = await import('../../training/open-processor.ts')
    const { keepTiming, timeRun } = await import('../../training/gallery-run/run-cost.ts')
    const { openRunner } = await openProcessor(processor, { threads })
    const networks = await openNetworks(await readModelCard(), threads)
    const crop = { width: cropSidePx, height: cropSidePx, rgb: new Uint8Array(cropSidePx ** 2 * 3) }
    for (const depth of depths) {
      const timing = await timeRun(recipeOf({ ...usualWish, depth }), openRunner, () => networks.embed(crop))
      await keepTiming(home, timedDevice(processor), depth, timing)
      tell({ kind: 'timed', depth })
    }
    tell({ kind: 'done' })
  } catch (error) {
    tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
  }
}
