import { spawn } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { openNetworks, projectFolder, readModelCard } from '../engine/open-parts.ts'
import type { Networks } from '../engine/parts.ts'
import type { ModelCard } from '../engine/model-card.ts'
import { readManifest, sha256, type Manifest } from '../onnx/model-store.ts'
import type { Terminal } from './terminal.ts'

const built = ['tiny-face-detector', 'ssd-mobilenet-v1', 'face-landmark-68', 'face-recognition']

/** Builds the networks where one is missing or of another release; an altered one is refused when it is loaded. */
export async function ensureModels(terminal: Terminal, project = projectFolder()): Promise<void> {
  if (await areBuilt(join(project, 'models'))) return
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

/**
 * Whether every network is there and of this release's manifest. Hashing them takes a tenth of a second: a file that came
 * to be after the manifest, by the file system's own clock, was built from it.
 */
async function areBuilt(models: string): Promise<boolean> {
  const since = (await stat(join(models, 'manifest.json'))).ctimeMs // a package sets mtime back, nobody sets ctime
  let manifest: Manifest | null = null
  for (const name of built) {
    const path = join(models, `${name}.onnx`)
    const file = await stat(path).catch(() => null)
    if (!file) return false
    if (file.ctimeMs > since) continue
    manifest ??= await readManifest(models)
    if (sha256(await readFile(path)) !== manifest[name]?.sha256) return false
  }
  return true
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
