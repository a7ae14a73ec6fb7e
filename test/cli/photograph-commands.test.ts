import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { openNetworks, readModelCard } from '../../src-main/engine/open-parts.ts'
import { distance } from '../../src-main/vision/embedding.ts'
import { samplePath, samplePeople, type SamplePerson } from '../engine/sample-people.ts'
import { badFiles, writeBadFiles } from './bad-files.ts'
import { freshFolder, semblance, type Ran } from './command-line.ts'

let folder: string
let people: SamplePerson[]
/** Two people, four photographs each: <folder>/<a or b>/<1–4>.jpg. */
const photograph = (person: 'a' | 'b', number: number) => join(folder, person, `${number}.jpg`)

beforeAll(async () => {
  folder = freshFolder()
  people = await samplePeople(await openNetworks(await readModelCard(), 2))
  const takes = [
    {},
    { turned: 4, brightness: 1.1 },
    { side: 420, shiftX: 8 },
    { turned: -4, jpegQuality: 85 },
  ]
  for (const [i, name] of (['a', 'b'] as const).entries()) {
    mkdirSync(join(folder, name))
    for (const [j, taken] of takes.entries())
      writeFileSync(photograph(name, j + 1), await people[i]!.jpeg(taken))
  }
})

describe('compare', () => {
  test('two photographs of one person match: exit code 0', async () => {
    const { code, json, stderr } = await semblance([
      'compare',
      photograph('a', 1),
      photograph('a', 2),
      '--json',
    ])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(json).toMatchObject({
      kind: 'match',
      threshold: { form: 'photograph-photograph', wantedFmr: 1e-4, origin: { kind: 'card' } },
    })
  })

  test('two people do not: exit code 1', async () => {
    const { code, stdout } = await semblance(['compare', photograph('a', 1), photograph('b', 1)])
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^no match\ndistance \d\.\d{4}, threshold \d\.\d{4} \(photograph-photograph, FMR 0\.0001\)\n/,
    )
  })

  test.each([
    ['a file that is not there', () => join(folder, 'missing.jpg'), 'no-such-file'],
    ['a folder', () => folder, 'not-a-file'],
    ['a group', () => samplePath(6), 'several-faces'],
  ])('%s is refused: exit code 2, the reason on stderr', async (_what, path, reason) => {
    const { code, json, stderr } = await semblance(['compare', photograph('a', 1), path(), '--json'])
    expect(code).toBe(2)
    expect(json).toMatchObject({ kind: 'refused', reason })
    expect(stderr).toMatch(/^Refused: .+\n$/)
  })

  test('a photograph without a face is refused', async () => {
    const grey = join(folder, 'grey.png')
    await sharp({ create: { width: 300, height: 300, channels: 3, background: '#808080' } }).toFile(grey)
    const { code, json } = await semblance(['compare', grey, photograph('a', 1), '--json'])
    expect(code).toBe(2)
    expect(json).toMatchObject({ reason: 'no-face' })
  })
})

describe('enrol, verify, activity', () => {
  test('the whole way: enrol a folder, verify others, look at the log, forget', async () => {
    const home = freshFolder()
    const enrolled = await semblance(['enrol', 'Ada', photograph('a', 1), photograph('a', 2), '--json'], {
      home,
    })
    expect(enrolled.code).toBe(0)
    expect(enrolled.json).toMatchObject({ kind: 'enrolled', name: 'Ada', refused: [], stored: [{}, {}] })

    const own = await semblance(['verify', 'ada', photograph('a', 3), photograph('a', 4), '--json'], { home })
    expect(own.code).toBe(0)
    expect(own.json).toMatchObject({
      kind: 'match',
      framesUsed: 2,
      threshold: { form: 'burst-template' },
      skipped: [],
    })
    expect(own.json).not.toHaveProperty('bestFrame')

    const single = await semblance(['verify', 'Ada', photograph('a', 3), '--json'], { home })
    expect(single.json).toMatchObject({ kind: 'match', threshold: { form: 'photograph-template' } })

    const missing = await semblance(
      ['verify', 'Ada', 'missing.jpg', photograph('a', 3), photograph('a', 4), '--json'],
      { home },
    )
    expect(missing.code).toBe(0) // the decision is what counts; what was left out is named
    expect(missing.json).toMatchObject({
      framesUsed: 2,
      skipped: [{ file: 'missing.jpg', reason: 'no-such-file' }],
    })
    const unreadable = await semblance(['verify', 'Ada', 'missing.jpg', '--json'], { home })
    expect(unreadable.code).toBe(2)
    expect(unreadable.json).toMatchObject({ kind: 'refused', reason: 'no-such-file' })

    const other = await semblance(['verify', 'Ada', photograph('b', 1), '--json'], { home })
    expect(other.code).toBe(1)
    expect(other.json).toMatchObject({ kind: 'no-match', failuresLeft: 4 })

    const nobody = await semblance(['verify', 'Bea', photograph('b', 1), '--json'], { home })
    expect(nobody.code).toBe(2)
    expect(nobody.json).toMatchObject({ kind: 'not-enrolled' })
    expect(nobody.stderr).toContain('not-enrolled')

    const { json } = await semblance(['activity', '--json'], { home })
    expect((json as { attempts: { claim: string; outcome: string }[] }).attempts).toMatchObject([
      { claim: 'Bea', outcome: 'not-enrolled' },
      { claim: 'Ada', outcome: 'no-match' },
      { claim: 'Ada', outcome: 'match' },
      { claim: 'Ada', outcome: 'match' },
      { claim: 'Ada', outcome: 'match' },
    ])
    await semblance(['forget', 'Ada', '--yes'], { home })
    const after = await semblance(['activity', '--json'], { home })
    expect(after.stdout).not.toContain('Ada')
  })

  test('bad files are named and skipped, the rest goes on, the exit code tells', async () => {
    const [home, mixed] = [freshFolder(), join(folder, 'mixed')]
    await writeBadFiles(mixed)
    writeFileSync(join(mixed, 'good.jpg'), await people[0]!.jpeg())
    writeFileSync(join(mixed, 'same.jpg'), await people[0]!.jpeg())
    const { code, json, stderr } = await semblance(['enrol', 'Ada', mixed, '--json'], { home })
    expect(code).toBe(2)
    const { stored, refused } = json as {
      stored: { file: string }[]
      refused: { file: string; reason: string }[]
    }
    expect(stored.map(({ file }) => file)).toEqual([join(mixed, 'good.jpg')])
    const reasons = Object.fromEntries(
      refused.map(({ file, reason }) => [file.slice(mixed.length + 1), reason]),
    )
    expect(reasons).toEqual({ ...badFiles, 'same.jpg': 'same-photograph' })
    for (const name of Object.keys(badFiles)) expect(stderr).toContain(name)
  })

  test('a person gets no more photographs than were allowed', async () => {
    const home = freshFolder()
    const all = [1, 2, 3, 4].map((number) => photograph('a', number))
    const { code, json } = await semblance(['enrol', 'Ada', ...all, '--at-most', '2', '--json'], { home })
    expect(code).toBe(2)
    expect(json).toMatchObject({
      stored: [{}, {}],
      refused: [{ reason: 'too-many-photographs' }],
      notLookedAt: 1,
    })
  })

  test('somebody who looks like another enrolled person is warned about', async () => {
    const home = freshFolder()
    await semblance(['enrol', 'Ada', photograph('a', 1), photograph('a', 2)], { home })
    const { code, stderr } = await semblance(['enrol', 'Imposter', photograph('a', 3)], { home })
    expect(code).toBe(0)
    expect(stderr).toContain('warning: looks like Ada')
  })

  test.each([
    ['', 'name-empty'],
    ['x'.repeat(10_000), 'name-too-long'],
    ['Ada\nLovelace', 'name-control-characters'],
  ])('the name %j is refused', async (name, reason) => {
    const { code, json } = await semblance(['enrol', name, photograph('a', 1), '--json'], {
      home: freshFolder(),
    })
    expect(code).toBe(2)
    expect(json).toMatchObject({ reason })
  })

  test('two processes enrol into one gallery at the same time', async () => {
    const home = freshFolder()
    const both = await Promise.all([
      semblance(['enrol', 'Ada', photograph('a', 1), photograph('a', 2), photograph('a', 3)], { home }),
      semblance(['enrol', 'Bea', photograph('b', 1), photograph('b', 2), photograph('b', 3)], { home }),
    ])
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    const { json } = await semblance(['people', '--json'], { home })
    const { people } = json as { people: { name: string; photographs: number }[] }
    expect(people.map(({ name, photographs }) => `${name} ${photographs}`).sort()).toEqual(['Ada 3', 'Bea 3'])
  })
})

test('two processes that enrol the same new person make one person of it', async () => {
  const home = freshFolder()
  const both = await Promise.all([
    semblance(['enrol', 'Ada', photograph('a', 1), photograph('a', 2)], { home }),
    semblance(['enrol', 'Ada', photograph('a', 3), photograph('a', 4)], { home }),
  ])
  expect(both.map(({ code }) => code)).toEqual([0, 0])
  const { json } = await semblance(['people', '--json'], { home })
  expect(json).toMatchObject({ people: [{ name: 'Ada', photographs: 4 }] })
})

describe('faces', () => {
  test('finds everybody in a group, with box, pose, quality and reasons', async () => {
    const { code, json } = await semblance(['faces', samplePath(6), '--json'])
    expect(code).toBe(0)
    const [{ faces }] = (json as { photographs: [{ faces: object[] }] }).photographs
    expect(faces).toHaveLength(4)
    for (const face of faces)
      expect(face).toMatchObject({
        box: { width: expect.any(Number) },
        pose: { yaw: expect.any(Number) },
        passes: false, // each is not alone
        reasons: expect.arrayContaining([expect.any(String)]),
      })
  })

  test('names what it cannot read and goes on', async () => {
    const bad = freshFolder()
    await writeBadFiles(bad)
    const paths = [...Object.keys(badFiles).map((name) => join(bad, name)), photograph('a', 1)]
    const { code, json } = await semblance(['faces', ...paths, '--json'])
    expect(code).toBe(2)
    const { photographs } = json as { photographs: { refused?: { reason: string }; faces?: object[] }[] }
    expect(photographs.slice(0, -1).map(({ refused }) => refused?.reason)).toEqual(Object.values(badFiles))
    expect(photographs.at(-1)!.faces).toHaveLength(1)
  })

  test('takes the first frame of an animation and says so', async () => {
    const frames = [1, 2].map((number) => sharp(photograph('a', number)).resize(300, 300).png().toBuffer())
    const animation = join(folder, 'animation.gif')
    await sharp(await Promise.all(frames), { join: { animated: true } })
      .gif()
      .toFile(animation)
    const { code, json } = await semblance(['faces', animation, '--json'])
    expect(code).toBe(0)
    expect(json).toMatchObject({
      photographs: [{ note: expect.stringContaining('first of 2'), faces: [{}] }],
    })
  })

  test('a file name can neither move the cursor nor hide', async () => {
    const name = join(folder, 'a\x1b[2J\u202e.jpg')
    writeFileSync(name, 'no picture')
    const { stderr, stdout } = await semblance(['faces', name])
    expect(stderr + stdout).not.toContain('\x1b')
    expect(stderr).toContain('\\u{1b}[2J\\u{202e}')
  })
})

test('embed prints the 128 numbers that compare takes its distance from', async () => {
  const embed = (ran: Ran) => (ran.json as { photographs: { embedding: number[] }[] }).photographs
  const [first, second] = embed(await semblance(['embed', photograph('a', 1), photograph('b', 1), '--json']))
  expect(first!.embedding).toHaveLength(128)
  expect(Math.hypot(...first!.embedding)).toBeCloseTo(1, 5)
  const compared = await semblance(['compare', photograph('a', 1), photograph('b', 1), '--json'])
  const apart = distance(Float32Array.from(first!.embedding), Float32Array.from(second!.embedding))
  expect((compared.json as { distance: number }).distance).toBeCloseTo(apart, 6)
})
