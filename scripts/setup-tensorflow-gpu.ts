/**
 * `npm run setup:tensorflow-gpu`: installs the optional peer `@tensorflow/tfjs-node-gpu`, tries to load it, and says what
 * came of it. It brings half a gigabyte of TensorFlow and wants CUDA 11.2 with cuDNN 8.1: WebGPU needs neither, and is
 * tried first by `semblance processors`.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const project = join(import.meta.dirname, '..')
const module = '@tensorflow/tfjs-node-gpu'
const { peerDependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
  peerDependencies: Record<string, string>
}

if (!['linux', 'win32'].includes(process.platform) || process.arch !== 'x64') {
  console.error(
    `${module} is built for x64 on Linux and Windows only, not for ${process.arch} on ${process.platform}.`,
  )
  process.exit(2)
}

// Not saved: whoever installs the project must not download CUDA's TensorFlow unasked. `npm ci` takes it away again.
const words = ['install', '--no-save', '--foreground-scripts', `${module}@${peerDependencies[module]}`]
console.log(`npm ${words.join(' ')}`)
const npm = spawnSync('npm', words, {
  cwd: project,
  stdio: 'inherit',
  shell: process.platform === 'win32', // npm is a .cmd there
})
if (npm.error) console.error(`npm could not be started: ${npm.error.message}`)
if (npm.status !== 0) {
  console.error(`${module} was not installed: npm’s own words are above.`)
  process.exit(2)
}

const { loadTensorflow } = await import('../src-main/training/tensorflow-module.ts')
const loaded = loadTensorflow()
if (loaded.kind === 'missing') {
  console.error(`It is installed but does not load: ${loaded.reason}`)
  process.exit(2)
}
console.log(
  `${loaded.module} loads. "semblance processors" shows whether a training step on it is right, and how fast.`,
)
process.exit(0)
