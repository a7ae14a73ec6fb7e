import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { ensureModels } from '../../src-main/cli/models.ts'
import type { Terminal } from '../../src-main/cli/terminal.ts'
import { sha256 } from '../../src-main/onnx/model-store.ts'
import { freshFolder } from './command-line.ts'

const names = ['tiny-face-detector', 'ssd-mobilenet-v1', 'face-landmark-68', 'face-recognition']

/** A project whose build writes what its manifest says of every network. */
function project() {
  const folder = freshFolder()
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const models = join(folder, 'models')
  mkdirSync(models)
  const path = (name: string) => join(models, `${name}.onnx`)
  const write = (text: string) => names.forEach((name) => writeFileSync(path(name), text))
  const release = (text: string) => {
    const manifest = Object.fromEntries(
      names.map((name) => [name, { sha256: sha256(new TextEncoder().encode(text)) }]),
    )
    writeFileSync(join(models, 'manifest.json'), JSON.stringify(manifest))
    writeFileSync(
      join(models, 'build.ts'),
      `import { writeFileSync } from 'node:fs'
       for (const path of ${JSON.stringify(names.map(path))}) writeFileSync(path, ${JSON.stringify(text)})`,
    )
  }
  const said: string[] = []
  const terminal = { say: (line: string) => void said.push(line) } as unknown as Terminal
  return {
    write,
    release,
    path,
    /** How often it was built, and what the files are then. */
    async ensured() {
      await ensureModels(terminal, folder)
      return [said.length, ...new Set(names.map((name) => readFileSync(path(name), 'utf8')))]
    },
  }
}

const tick = () => sleep(20) // longer than any file system's clock rests

test('networks are built where one is missing, and once', async () => {
  const { release, write, path, ensured } = project()
  release('first')
  await tick()
  write('first')
  rmSync(path('face-recognition'))
  expect(await ensured()).toEqual([1, 'first'])
  expect(await ensured()).toEqual([1, 'first'])
})

test('those of the release before are built anew, and right ones are left, whichever came first', async () => {
  const { release, write, ensured } = project()
  write('first')
  await tick()
  release('first')
  expect(await ensured()).toEqual([0, 'first'])
  await tick()
  release('second')
  expect(await ensured()).toEqual([1, 'second'])
  expect(await ensured()).toEqual([1, 'second'])
})

test('one that was altered afterwards is not built over: it is refused when it is loaded', async () => {
  const { release, write, ensured } = project()
  release('first')
  await tick()
  write('altered')
  expect(await ensured()).toEqual([0, 'altered'])
})
