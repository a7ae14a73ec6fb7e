import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, sep } from 'node:path'
import { expect, test } from 'vitest'

/** Which of our places each place may import from; itself always. The design in one table. */
const mayImport: Record<string, string[]> = {
  contract: ['evaluation'], // its types
  learning: [],
  onnx: [],
  evaluation: [],
  vision: ['contract', 'onnx'],
  gallery: ['contract', 'vision'],
  training: ['contract', 'learning', 'onnx', 'gallery', 'vision', 'evaluation'],
  engine: ['contract', 'training', 'gallery', 'vision', 'evaluation', 'onnx', 'learning'],
  desktop: ['contract', 'engine', 'gallery'],
  localhost: ['contract', 'engine'],
  cli: [
    'contract',
    'engine',
    'training',
    'gallery',
    'vision',
    'evaluation',
    'onnx',
    'learning',
    'localhost',
    'models',
  ],
  renderer: ['contract', 'evaluation'],
  models: ['onnx'],
}

test('imports go one way', () => {
  const wrong = imports()
    .filter(({ from, to }) => from !== to && !mayImport[from]?.includes(to))
    .map(({ file, from, to, target }) => `${file} (${from}) imports ${target} (${to})`)
  expect(wrong).toEqual([])
})

test('only the desktop shell imports Electron, and only the command line reaches a terminal library', () => {
  const wrong = sourceFiles().filter(
    (file) => /from 'electron'/.test(readFileSync(file, 'utf8')) && place(file) !== 'desktop',
  )
  expect(wrong).toEqual([])
})

test('the page and the evaluation use nothing of Node', () => {
  const wrong = sourceFiles().filter(
    (file) =>
      ['renderer', 'evaluation', 'contract'].includes(place(file)) &&
      /from 'node:/.test(readFileSync(file, 'utf8')),
  )
  expect(wrong).toEqual([])
})

function sourceFiles(): string[] {
  return ['src-main', 'src-renderer', 'models'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|js|svelte)$/.test(entry.name))
      .map((entry) => normalize(join(entry.parentPath, entry.name))),
  )
}

function imports() {
  return sourceFiles().flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'(\.{1,2}\/[^']+)'/g)].map((found) => {
      const target = normalize(join(dirname(file), found[1]!))
      return { file, from: place(file), to: place(target), target }
    }),
  )
}

/** The folder is the place; `contract.ts` stands alone, and every `engine…` file at the root belongs to the engine. */
function place(file: string): string {
  const [top, second] = file.split(sep)
  if (top === 'src-renderer') return 'renderer'
  if (top === 'models') return 'models'
  const name = second!.replace(/\.(ts|js)$/, '')
  return name.startsWith('engine') ? 'engine' : name
}
