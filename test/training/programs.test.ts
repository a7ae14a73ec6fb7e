import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

const bundle = join(import.meta.dirname, '../../out/main')
const isBuilt = existsSync(join(bundle, 'main.js'))

/** A program that a bundled file starts: by the paths at which that file looks for it. */
function started(): { name: string; by: string; places: string[] }[] {
  const files = readdirSync(bundle, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.js'),
  )
  return files.flatMap((file) => {
    const text = readFileSync(join(bundle, file), 'utf8')
    const paths = [...text.matchAll(/["'`](\.{1,2}\/[\w-]+-(?:thread|process)\.js)["'`]/g)].map(
      ([, path]) => path!,
    )
    return [...new Set(paths.map((path) => basename(path)))].map((name) => ({
      name,
      by: file,
      places: paths
        .filter((path) => basename(path) === name)
        .map((path) => join(bundle, dirname(file), path)),
    }))
  })
}

// `npm test` builds before; a file run by itself may find nothing.
describe.skipIf(!isBuilt)(
  `the desktop’s bundle${isBuilt ? '' : ' – left out: out/main is not built'}`,
  () => {
    test('holds every program that it starts, where it looks for it', () => {
      const programs = started()
      for (const { name, by, places } of programs)
        expect(
          places.some((place) => existsSync(place)),
          `${name}, started by ${by}, at ${places.map((place) => relative(bundle, place)).join(' or ')}`,
        ).toBe(true)
      expect([...new Set(programs.map(({ name }) => name))].sort()).toEqual([
        'crop-thread.js',
        'processor-probe-process.js',
        'pulse-thread.js',
        'run-process.js',
        'timing-process.js',
      ])
    })

    test('holds the engine’s own process, which the shell starts', () => {
      expect(readFileSync(join(bundle, 'main.js'), 'utf8')).toContain('engine-process.js')
      expect(existsSync(join(bundle, 'engine-process.js'))).toBe(true)
    })

    test('starts no program of the command line, which it does not hold', () => {
      const texts = readdirSync(bundle, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.js'))
        .map((name) => readFileSync(join(bundle, name), 'utf8'))
      expect(texts.filter((text) => /feed-thread\.ts/.test(text))).toEqual([])
    })
  },
)
