/** The process of one run: opens the gallery itself, trains, judges, and leaves a candidate. Cancelling kills it. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { RunId } from '../../contract.ts'
import { nodeIpcPort } from '../../engine-port.ts'
import type { OpenRunner } from '../../training/step-runner.ts'
import { openParts } from '../open-parts.ts'
import type { Parts } from '../parts.ts'
import { reembed } from '../re-embedding.ts'
import { refused } from '../refusal.ts'
import { hashStrangers, reembedStrangers } from '../tuning/cohort-photographs.ts'
import { embedHardExamples } from './hard-examples.ts'
import { withFallback } from './processor-fallback.ts'
import type { Pulsing } from './pulse-thread.ts'
import { galleryRunOf } from './gallery-run.ts'
import { recipeOf } from './recipe.ts'
import { RunProgressWriter } from './run-progress.ts'
import type { RunMessage, RunOrder } from './run-order.ts'
import { runnerGone } from './runner-gone.ts'

const port = nodeIpcPort(process)
process.on('SIGINT', () => {}) // Ctrl+C reaches the whole group: whoever began the run cancels it
port.hear((order) => void follow(order as RunOrder))

async function follow(order: RunOrder): Promise<void> {
  // A core stays free for the camera and for verification, where there are two.
  const threads = Math.max(1, availableParallelism() - 1)
  const opened = await openParts({ home: order.home, key: order.key, threads, lazy: true })
  if (opened.kind === 'refused') return tell({ kind: 'refused', refusal: opened })
  const { parts } = opened
  const { gallery, now } = parts
  const { planOf } = await import('../../training/gallery-run/plan.ts')
  const { retrainGallery } = await import('../../training/gallery-run/retrain-gallery.ts')
  const { enableProdMode } = await import('@tensorflow/tfjs')
  enableProdMode() // without its banner
  const galleryRun = await galleryRunOf(parts)
  const { trouble } = planOf(galleryRun, order.wish.depth)
  if (trouble) return tell({ kind: 'refused', refusal: refused('too-little', trouble) })

  const progress = new RunProgressWriter(gallery.runs, order.wish, now, () => process.exit(0))
  const begun = gallery.runs.begin(process.pid, progress.begun(order), runnerGone(now))
  if (begun.kind === 'refused') return tell({ kind: 'refused', refusal: begun })
  const { run } = begun
  beat({ path: gallery.path, run })
  port.ended(() => abandon(parts, run))
  tell(begun)
  try {
    const { openRunner, device } = await runnerOf(order, threads, (reason) => progress.fell(run, reason))
    progress.on(run, device())
    await reembed(parts)
    await reembedStrangers(parts)
    await hashStrangers(parts)
    await embedHardExamples(parts)
    const recipe = recipeOf(order.wish)
    // Kept and ended in one moment. Cancelled in the last one, nothing stays of it but what was there before.
    const onKept = (candidate: string) => {
      progress.finished(run)
      if (!gallery.runs.end(run, { state: 'done', candidate })) throw new Error('The run was cancelled.')
    }
    const settings = { recipe, openRunner, processor: device(), threads, onKept }
    const running = retrainGallery({ ...galleryRun, ...settings })
    for (;;) {
      const { value, done } = await running.next()
      if (done) break
      progress.hear(run, value)
    }
  } catch (error) {
    gallery.runs.end(run, {
      state: 'failed',
      message: error instanceof Error ? error.message : String(error),
    })
  }
  gallery.close()
  process.exit(0)
}

/** Nobody waits for the run any more: the application was closed. */
function abandon({ gallery }: Parts, run: RunId): void {
  gallery.runs.end(run, { state: 'failed', message: 'Semblance was closed while the run went on.' })
  process.exit(0)
}

function beat(pulsing: Pulsing): void {
  const file = import.meta.filename.endsWith('.ts') ? './pulse-thread.ts' : './pulse-thread.js'
  const thread = new Worker(new URL(file, import.meta.url), { workerData: pulsing })
  thread.unref()
}

async function runnerOf(
  { processor }: RunOrder,
  threads: number,
  fell: (reason: string) => void,
): Promise<{ openRunner: OpenRunner; device: () => string }> {
  const { openProcessor } = await import('../../training/open-processor.ts')
  const cpu = () => openProcessor('cpu', { threads })
  try {
    const chosen = await openProcessor(processor.name, { threads })
    if (processor.name === 'cpu') return { openRunner: chosen.openRunner, device: () => chosen.device }
    let device = chosen.device
    const openRunner = withFallback(
      chosen.openRunner,
      async () => {
        const opened = await cpu()
        device = opened.device
        return opened.openRunner
      },
      fell,
    )
    return { openRunner, device: () => device }
  } catch (error) {
    fell(error instanceof Error ? error.message : String(error))
    const { openRunner, device } = await cpu()
    return { openRunner, device: () => device }
  }
}

function tell(message: RunMessage): void {
  port.post(message)
}
