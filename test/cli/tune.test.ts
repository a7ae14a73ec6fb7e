import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Measurement } from '../../src-main/contract.ts'
import { createEngine } from '../../src-main/engine.ts'
import { openNetworks, openParts, readModelCard } from '../../src-main/engine/open-parts.ts'
import { tuningCalls } from '../../src-main/engine/tuning/calls.ts'
import { samplePeople } from '../engine/sample-people.ts'
import { freshFolder, semblance } from './command-line.ts'

const takes = [{}, { turned: 4 }, { brightness: 0.85, side: 400 }, { brightness: 1.1, turned: -3 }]
let home: string
let strangers: string
let people: string

beforeAll(async () => {
  const sample = await samplePeople(await openNetworks(await readModelCard(), 2))
  ;[home, strangers, people] = [freshFolder(), freshFolder(), freshFolder()]
  for (const [i, name] of ['Ada', 'Bea', 'Cleo'].entries()) {
    mkdirSync(join(people, name))
    for (const [j, taken] of takes.entries())
      writeFileSync(join(people, name, `${name}_${j + 1}.jpg`), await sample[i]!.jpeg(taken))
    await semblance(['enrol', name, join(people, name)], { home })
  }
  mkdirSync(join(strangers, 'someone'))
  writeFileSync(join(strangers, 'someone', '1.jpg'), await sample[3]!.jpeg())
  writeFileSync(join(strangers, 'someone', '2.jpg'), await sample[3]!.jpeg({ turned: 5 }))
  writeFileSync(join(strangers, 'loose.jpg'), await sample[4]!.jpeg())
}, 120_000)

async function faceless(folder: string): Promise<void> {
  await sharp({ create: { width: 200, height: 200, channels: 3, background: '#777' } })
    .jpeg()
    .toFile(join(folder, 'grey.jpg'))
}

describe('tune', () => {
  test('measures without choosing, with the digits that the page gets', async () => {
    const { code, json } = await semblance(['tune', '--json'], { home })
    expect(code).toBe(0)
    const measurement = json as unknown as Measurement & { chosen: unknown }
    expect(measurement).toMatchObject({
      kind: 'measurement',
      formInWords: 'photograph × template of 4',
      people: 3,
      pairsOfPeople: 3,
      photographs: 12,
      chosen: null,
      inForce: { origin: { kind: 'card' } },
    })
    const opened = await openParts({ home, key: { kind: 'key-file' }, lazy: true })
    if (opened.kind === 'refused') throw new Error(opened.message)
    const engine = createEngine(opened.parts, tuningCalls)
    const page = await engine.call('tune.measure', {
      form: 'photograph-template',
      strangers: { kind: 'gallery' },
      burst: 3,
    })
    if (page.kind === 'refused') throw new Error(page.message)
    expect(JSON.parse(JSON.stringify(page.findings))).toEqual(measurement.findings)
    expect(JSON.parse(JSON.stringify(page.byPerson))).toEqual(measurement.byPerson)
    engine.close()
    opened.parts.gallery.close()
  })

  test('says what three people cannot support, and stores nothing then', async () => {
    const refused = await semblance(['tune', '--fmr', '1e-4', '--json'], { home })
    expect(refused.code).toBe(2)
    expect(refused.json).toMatchObject({ kind: 'refused', reason: 'unsupported-rate' })
    expect(refused.stderr).toContain('3 people support')
    expect(refused.stderr).toContain('people are the least for 0.01 %')
  })

  test('a threshold chosen by hand is what verification uses at once, until it is forgotten', async () => {
    const probe = join(people, 'Ada', 'Ada_2.jpg')
    expect((await semblance(['verify', 'Ada', probe], { home })).code).toBe(0)
    const chosen = await semblance(['tune', '--threshold', '0.0001', '--json'], { home })
    expect(chosen).toMatchObject({ code: 0 })
    expect(chosen.json).toMatchObject({ chosen: { threshold: 0.0001, people: 3 } })
    const verdict = await semblance(['verify', 'Ada', probe, '--json'], { home })
    expect(verdict.code).toBe(1)
    expect(verdict.json).toMatchObject({
      threshold: { form: 'photograph-template', distance: 0.0001, origin: { kind: 'tuned', stale: null } },
    })
    expect((await semblance(['tune', '--forget'], { home })).code).toBe(0)
    expect((await semblance(['verify', 'Ada', probe], { home })).code).toBe(0)
    expect(await semblance(['tune', '--forget'], { home })).toMatchObject({ code: 2 })
  })

  test('measures against virtual strangers, and says that it is a forecast', async () => {
    const { stdout, code } = await semblance(['tune', '--strangers', 'virtual'], { home })
    expect(code).toBe(0)
    expect(stdout).toContain('virtual strangers (a forecast, not a measurement)')
    expect(stdout).toContain('at worst')
    expect(stdout).toContain('No virtual stranger knows this camera')
  })

  test('writes a report, a page and a document, without a photograph or a name', async () => {
    const file = join(freshFolder(), 'report.html')
    expect(await semblance(['tune', '--report', file], { home })).toMatchObject({ code: 0 })
    const page = readFileSync(file, 'utf8')
    expect(page).toContain('photograph × template of 4')
    expect(page).not.toMatch(/<img|<script|Cleo/)
    expect(JSON.parse(readFileSync(file.replace('.html', '.json'), 'utf8'))).toMatchObject({ people: 3 })
    const nowhere = await semblance(['tune', '--report', join(file, 'x.html')], { home })
    expect(nowhere.code).toBe(2)
    expect(nowhere.stderr).toContain('cannot be written')
  })

  test('says what the rates are per transaction, of how many attempts, and where failures to acquire come from', async () => {
    const few = await semblance(['tune', '--attempts', '2', '--json'], { home })
    expect(few.json).toMatchObject({ transaction: { attempts: 2 }, normalisations: null })
    const { acquisition, transaction } = few.json as unknown as Measurement & {
      transaction: { far: { least: number; most: number; upper95: number } }
    }
    expect(acquisition.of).toBeGreaterThan(0) // the verifications above are in the audit log
    expect(transaction.far.upper95).toBeGreaterThanOrEqual(transaction.far.most)
    const { stdout } = await semblance(['tune'], { home })
    expect(stdout).toMatch(
      /up to 5 attempts at 0\.\d{4} \(in force\): FAR .* FRR .*\. Failures to acquire: 0 of \d+ /,
    )
  })

  test('a person’s own threshold is taken only where it is stricter, and is nothing to forget before', async () => {
    const nobody = await semblance(['tune', '--person', 'Nobody'], { home })
    expect(nobody).toMatchObject({ code: 2 })
    expect(nobody.stderr).toContain('is enrolled')
    // Two other people say next to nothing about one: nobody's threshold is moved by them.
    const refused = await semblance(['tune', '--person', 'Ada'], { home })
    expect(refused).toMatchObject({ code: 2 })
    expect(refused.stderr).toContain('may only be stricter than everybody’s')
    const forgotten = await semblance(['tune', '--person', 'Ada', '--forget'], { home })
    expect(forgotten.stderr).toContain('has no threshold of their own')
    expect(await semblance(['tune', '--person', 'Ada', '--eer'], { home })).toMatchObject({ code: 2 })
  })

  test('wrong words and an empty gallery are refused in sentences', async () => {
    for (const words of [
      ['--fmr', '2'],
      ['--threshold', '3'],
      ['--cost', '1:2'],
      ['--form', 'both'],
      ['--strangers', 'some'],
      ['--burst', '1'],
      ['--eer', '--threshold', '1'],
    ])
      expect(await semblance(['tune', ...words], { home }), words.join(' ')).toMatchObject({ code: 2 })
    const empty = await semblance(['tune'], { home: freshFolder() })
    expect(empty).toMatchObject({ code: 2 })
    expect(empty.stderr).toContain('Nobody is enrolled yet')
  }, 60_000)
})

describe('cohort', () => {
  test('is imported as crops, measured against, listed and removed', async () => {
    const imported = await semblance(['cohort', 'import', strangers, '--name', 'Visitors', '--json'], {
      home,
    })
    expect(imported.code).toBe(0)
    expect(imported.json).toMatchObject({
      cohort: 1,
      name: 'Visitors',
      people: 2,
      photographs: 3,
      mayTrain: false,
    })
    const tuned = await semblance(['tune', '--strangers', 'cohort:1', '--json'], { home })
    expect(tuned.json).toMatchObject({
      people: 3,
      strangerPeople: 2,
      pairsOfPeople: 6,
      strangersInWords: '2 people imported as strangers',
    })
    expect((await semblance(['cohort', 'list'], { home })).stdout).toContain('Visitors')
    expect((await semblance(['cohort', 'remove', '1'], { home })).code).toBe(0)
    expect(await semblance(['cohort', 'remove', '1'], { home })).toMatchObject({ code: 2 })
    const without = await semblance(['tune', '--strangers', 'cohort'], { home })
    expect(without.stderr).toContain('No strangers have been imported')
  })

  test('of a folder without a photograph, or without a face, is refused, and nothing stays', async () => {
    const [nothing, grey] = [freshFolder(), freshFolder()]
    await faceless(grey)
    for (const folder of [nothing, grey, join(nothing, 'none')]) {
      const refused = await semblance(['cohort', 'import', folder], { home })
      expect(refused).toMatchObject({ code: 2, stdout: '' })
      expect(refused.stderr).toMatch(/Refused: .*\./)
    }
    expect((await semblance(['cohort', 'list', '--json'], { home })).json).toEqual({ cohorts: [] })
  })
})

describe('evaluate', () => {
  test('gives bounds, the number of people, what they support, and a calibration or why there is none', async () => {
    const file = join(freshFolder(), 'report.html')
    const { code, json } = await semblance(['evaluate', people, '--report', file, '--json'], { home })
    expect(code).toBe(0)
    expect(json).toMatchObject({
      people: 3,
      strangers: 0,
      bounds: Array(4).fill({ fmr: { people: 3 }, fnmr: { people: 3 } }),
      supportedFmr: [{ supported: false, people: 3, wanted: 0.01 }, {}, {}, {}],
      calibration: { kind: expect.any(String) as string },
      transaction: { attempts: 3 },
      acquisition: { failures: 0, of: 12 },
      enrolment: { failures: 0, of: 3 },
      list: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      normalisations: null,
    })
    expect(existsSync(file)).toBe(true)
    expect(readFileSync(file, 'utf8')).not.toMatch(/NaN|undefined|<img/)
    expect(readFileSync(file, 'utf8')).toContain('0 of 12 photographs')
  })

  test('with strangers of another folder in the impostors’ place', async () => {
    const { json } = await semblance(['evaluate', people, '--cohort', strangers, '--json'], { home })
    expect(json).toMatchObject({ people: 3, strangers: 2, impostorPairs: 3 * 3 })
    const listed = await semblance(['evaluate', people, '--cohort', strangers, '--pairs', 'x'], { home })
    expect(listed).toMatchObject({ code: 2 })
    const nothing = await semblance(['evaluate', people, '--cohort', freshFolder()], { home })
    expect(nothing.stderr).toContain('There is no photograph')
  })

  test('--card writes what verification can read, and says that so few people make no strangers', async () => {
    const file = join(freshFolder(), 'card.json')
    const made = await semblance(['evaluate', people, '--card', file, '--measured-on', 'three people'], {
      home,
    })
    expect(made.code).toBe(0)
    expect(made.stderr).toContain('No model of strangers')
    const { parseModelCard } = await import('../../src-main/engine/model-card.ts')
    const card = parseModelCard(JSON.parse(readFileSync(file, 'utf8')))
    expect(card).toMatchObject({ measuredOn: 'three people', version: (await readModelCard()).version })
    expect(card.forms[0]).toMatchObject({ form: 'photograph-photograph', people: 3, genuinePairs: 18 })
  })
})
