import { readFile } from 'node:fs/promises'
import { cpSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine, type Engine } from '../../../src-main/engine.ts'
import { openParts } from '../../../src-main/engine/open-parts.ts'
import type { Parts } from '../../../src-main/engine/parts.ts'
import { retrainingCalls, type Started } from '../../../src-main/engine/retraining/calls.ts'
import { nodeTrainer } from '../../../src-main/engine/retraining/trainer.ts'
import { drawStrangers, type TwoCovarianceModel } from '../../../src-main/evaluation/virtual-strangers.ts'
import { Gallery } from '../../../src-main/gallery/gallery.ts'
import { random } from '../../../src-main/learning/random.ts'
import { defaultHeadRecipe } from '../../../src-main/training/gallery-run/head/head-recipe.ts'
import type { GalleryRun } from '../../../src-main/training/gallery-run/gallery-run.ts'
import { retrainGallery } from '../../../src-main/training/gallery-run/retrain-gallery.ts'
import { onnxRunner } from '../../../src-main/training/onnx-runner.ts'
import { photographOf, someone } from '../../gallery/made-up.ts'

const card = join(import.meta.dirname, '../../../models/cards/face-recognition-strangers.json')
const source = join(import.meta.dirname, '../../../src-main')

export const runProcess = new URL(`file://${source}/engine/retraining/run-process.ts`)

/** Starts real processes, as the engine's own does. */
export const started: Started = {
  trainer: nodeTrainer(runProcess),
  probe: () => {
    throw new Error('no processor is tried in this test')
  },
  timing: null,
}

/** People who never were, six photographs each, as the pre-trained model would embed them. */
export async function drawnGallery({ people = 12, seed = 7 } = {}): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'semblance-retraining-'))
  const { fit } = JSON.parse(await readFile(card, 'utf8')) as { fit: TwoCovarianceModel }
  const { vectors } = drawStrangers(fit, people, 6, random(seed, 'made up').uniform)
  const opened = await Gallery.open({ home, key: { kind: 'key-file' }, now: Date.now })
  if (opened.kind === 'refused') throw new Error(opened.message)
  for (let person = 0; person < people; person++) {
    const photographs = Array.from({ length: 6 }, (_, i) => {
      const row = person * 6 + i
      const embedding = vectors.slice(row * 128, (row + 1) * 128)
      return photographOf(row, { modelVersion: '1', embedding, crop: null })
    })
    opened.gallery.enrol(someone(`Person ${person}`), photographs)
  }
  opened.gallery.close()
  return home
}

/** The same folder again, for a test of its own: quicker than to enrol everybody anew. */
export function copied(home: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'semblance-retraining-'))
  cpSync(home, copy, { recursive: true })
  return copy
}

/** The engine as its process has it, over a gallery. */
export async function openEngine(
  home: string,
  processes = started,
): Promise<{ engine: Engine; parts: Parts }> {
  const opened = await openParts({ home, key: { kind: 'key-file' }, lazy: true })
  if (opened.kind === 'refused') throw new Error(opened.message)
  return { engine: createEngine(opened.parts, retrainingCalls(processes)), parts: opened.parts }
}

/** Resolves with the first run told of that fits. */
export function runTold(engine: Engine, fits: (run: { state: string; step: number }) => boolean) {
  return new Promise<import('../../../src-main/contract.ts').RetrainRun>((resolve) => {
    const stop = engine.on('retrain-changed', (run) => {
      if (!fits(run)) return
      stop()
      resolve(run)
    })
  })
}

/** A head of two steps, trained to its end; gives its version. */
export async function twoStepHead(
  run: Omit<GalleryRun, 'recipe'>,
  onKept?: (version: string) => void,
): Promise<string> {
  const running = retrainGallery({
    ...run,
    recipe: { ...defaultHeadRecipe, steps: 2 },
    openRunner: onnxRunner({ executionProviders: ['cpu'], threads: 1 }),
    processor: 'cpu',
    ...(onKept && { onKept }),
  })
  for (;;) {
    const { value, done } = await running.next()
    if (done) return value.version
  }
}
