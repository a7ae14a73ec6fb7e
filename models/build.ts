/**
 * `npm run build:models`: traces face-api's networks into ONNX files beside this script. Does nothing when the files are
 * there and are what the manifest says. `--write-manifest` describes what was built, after a change that is meant.
 */
import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readManifest, sha256, type Manifest } from '../src-main/onnx/model-store.ts'

const folder = import.meta.dirname
const names = ['tiny-face-detector', 'ssd-mobilenet-v1', 'face-landmark-68', 'face-recognition']
const describe = process.argv.includes('--write-manifest')

if (!describe && (await areRight())) process.exit(0)

const { loadFaceApi } = await import('./networks.ts')
const { traceFunction } = await import('../src-main/onnx/tracing/trace.ts')

const faceApi = await loadFaceApi()
const described: Manifest = {}
for (const name of names) {
  const started = Date.now()
  const { input, trace, preprocessing, holds, weights, licence, unstated } = faceApi.networks[name]!
  const source = { package: '@vladmandic/face-api', version: faceApi.version, weights }
  const { model, inputs, outputs } = traceFunction(trace, [input], {
    metadata: { source: `${source.package} ${source.version}` },
  })
  described[name] = {
    sha256: sha256(model),
    version: '1', // goes up whenever the numbers that come out change: embeddings carry it
    source,
    inputs: inputs.map(({ name, dtype, shape }) => ({ name, type: dtype, shape: [...shape] })),
    outputs: outputs.map(({ name, dtype, shape }) => ({
      name,
      type: dtype,
      shape: [...shape],
      holds: holds[name]!,
    })),
    preprocessing,
    licence,
    unstated,
  }
  // Written aside, then renamed: a build that is interrupted leaves no half of a model.
  await writeFile(join(folder, `${name}.onnx.part`), model)
  await rename(join(folder, `${name}.onnx.part`), join(folder, `${name}.onnx`))
  console.log(
    `Built ${name} (${(model.length / 1e6).toFixed(1)} MB) in ${((Date.now() - started) / 1000).toFixed(1)} s`,
  )
}

if (describe) {
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(described, null, 2) + '\n')
} else if (!(await areRight())) {
  console.error(
    'The models built here are not those of models/manifest.json. Were the packages changed? Run "npm ci".',
  )
  process.exit(1)
}

async function areRight(): Promise<boolean> {
  const manifest = await readManifest(folder)
  for (const name of names) {
    const path = join(folder, `${name}.onnx`)
    if (!existsSync(path) || sha256(await readFile(path)) !== manifest[name]?.sha256) return false
  }
  return true
}
