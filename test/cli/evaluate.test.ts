import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { openNetworks, readModelCard } from '../../src-main/engine/open-parts.ts'
import { samplePeople } from '../engine/sample-people.ts'
import { freshFolder, semblance } from './command-line.ts'

const names = ['Ada', 'Bea', 'Cleo', 'Dora']
let folder: string

beforeAll(async () => {
  folder = freshFolder()
  const people = await samplePeople(await openNetworks(await readModelCard(), 2))
  const takes = [{}, { turned: 4 }, { brightness: 0.85, side: 400 }]
  for (const [i, name] of names.entries()) {
    mkdirSync(join(folder, name))
    for (const [j, taken] of takes.entries())
      writeFileSync(join(folder, name, `${name}_000${j + 1}.jpg`), await people[i]!.jpeg(taken))
  }
  // A photograph without a face: Dora's fourth.
  await sharp({ create: { width: 200, height: 200, channels: 3, background: '#777' } })
    .jpeg()
    .toFile(join(folder, 'Dora', 'Dora_0004.jpg'))
})

describe('the capped protocol', () => {
  test('has the pairs that can be counted by hand, and a missing face fails its genuine pairs', async () => {
    const { code, json, stderr } = await semblance(['evaluate', folder, '--json'])
    expect(code).toBe(0)
    expect(stderr).not.toContain('{')
    expect(json).toMatchObject({
      form: 'photograph-photograph',
      template: 1,
      burst: 1,
      people: 4,
      photographs: 13,
      undetected: ['Dora/Dora_0004.jpg'],
      genuinePairs: 3 * 3 + 6, // three people with three photographs, one with four
      impostorPairs: 6, // first photographs of four people
    })
    const { operatingPoints, eer } = json as {
      eer: number
      operatingPoints: { fmr: number; threshold: number; tmr: number }[]
    }
    expect(operatingPoints.map(({ fmr }) => fmr)).toEqual([1e-2, 1e-3, 1e-4, 1e-5])
    for (const { tmr } of operatingPoints) expect(tmr).toBeCloseTo(12 / 15, 12) // Dora's three pairs with the empty one
    expect(eer).toBeCloseTo(3 / 15, 12) // FNMR never falls below that, and no impostor is as near as anybody's own
  })

  test('--template enrols the first, the rest probes', async () => {
    const { json } = await semblance(['evaluate', folder, '--template', '2', '--json'])
    expect(json).toMatchObject({
      form: 'photograph-template',
      template: 2,
      burst: 1,
      genuinePairs: 3 + 2,
      impostorPairs: 4 * 3,
    })
  })
})

describe('a list of pairs', () => {
  const pairs = (lines: string[], heading: string) => {
    const file = join(folder, 'pairs.txt')
    writeFileSync(file, [heading, ...lines].join('\n') + '\n')
    return file
  }
  const genuine = names.map((name) => `${name}\t1\t2`)
  const impostor = names.map((name, i) => `${name}\t1\t${names[(i + 1) % 4]}\t2`)

  test('gives mean and deviation of the accuracy over its folds', async () => {
    const lines = [0, 1, 2, 3].flatMap((i) => [genuine[i]!, impostor[i]!])
    const { code, json } = await semblance(['evaluate', folder, '--pairs', pairs(lines, '4\t1'), '--json'])
    expect(code).toBe(0)
    expect(json).toMatchObject({ genuinePairs: 4, impostorPairs: 4, folds: 4, accuracy: 1, deviation: 0 })
  })

  test('a pair with a missing face is an error', async () => {
    const lines = [...genuine.slice(0, 3), 'Dora\t1\t4', ...impostor]
    const { json } = await semblance(['evaluate', folder, '--pairs', pairs(lines, '4'), '--json'])
    expect((json as { accuracy: number }).accuracy).toBeCloseTo(7 / 8, 12)
    expect(json).toMatchObject({
      undetected: ['Dora/Dora_0004.jpg'],
      acquisition: { failures: 1 },
      // The list names the people: pairs that share one are not independent.
      bounds: Array(4).fill({ fmr: { method: 'exact, effective comparisons over people', people: 4 } }),
    })
  })

  test('a photograph that the folder does not have is refused by name', async () => {
    const { code, stderr } = await semblance(['evaluate', folder, '--pairs', pairs(['Ada\t1\t9'], '1')])
    expect(code).toBe(2)
    expect(stderr).toContain('Ada 9')
  })
})

test('a folder without people is refused', async () => {
  const { code, json } = await semblance(['evaluate', freshFolder(), '--json'])
  expect(code).toBe(2)
  expect(json).toMatchObject({ kind: 'refused', reason: 'no-people' })
})
