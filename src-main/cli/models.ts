import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openNetworks, projectFolder, readModelCard } from '../engine/open-parts.ts'
import type { Networks } from '../engine/parts.ts'
import type { ModelCard } from '../engine/model-card.ts'
import type { Terminal } from './terminal.ts'

const built = ['tiny-face-detector', 'ssd-mobilenet-v1', 'face-landmark-68', 'face-recognition']

/** Builds the networks where one is missing; that the files are the right ones is checked when they are loaded. */
export async function ensureModels(terminal: Terminal): Promise<void> {
  const project = projectFolder()
  if (built.every((name) => existsSync(join(project, 'models', `${name}.onnx`)))) return
  terminal.say('Building the models (once)…')
  const { withoutSecrets } = await import('../engine/retraining/trainer.ts')
  const build = spawn(process.execPath, ['models/build.ts'], {
    cwd: project,
    env: withoutSecrets(process.env),
    stdio: ['ignore', process.stderr, process.stderr], // stdout belongs to the command's answer
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    build.once('error', reject)
    build.once('exit', resolve)
  })
  if (code !== 0) throw new Error('The models could not be built: run "npm run build:models" to see why.')
}

/** The networks and their card, for commands that need no gallery. */
export async function openModels(
  terminal: Terminal,
  threads = 2,
): Promise<{ networks: Networks; card: ModelCard }> {
  await ensureModels(terminal)
  const card = await readModelCard()
  return { card, networks: await openNetworks(card, threads) }
}
