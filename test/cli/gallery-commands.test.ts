import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { readModelCard } from '../../src-main/engine/open-parts.ts'
import { Gallery } from '../../src-main/gallery/gallery.ts'
import { identityHead } from '../../src-main/training/gallery-run/head/head.ts'
import { cropHash, cropToPng } from '../../src-main/vision/kept-crop.ts'
import { drawnCrop } from '../engine/drawn-networks.ts'
import { embeddingOf } from '../engine/made-up-faces.ts'
import { freshFolder, semblance } from './command-line.ts'
import { madeVersion } from '../gallery/made-up.ts'

let modelVersion: string
beforeAll(async () => {
  modelVersion = (await readModelCard()).version
})

/** A gallery of made-up people: these commands look at no photograph. */
async function galleryOf(
  names: string[],
  key: Parameters<typeof Gallery.open>[0]['key'] = { kind: 'key-file' },
) {
  const home = freshFolder()
  const opened = await Gallery.open({ home, key, now: () => 1_700_000_000_000 })
  if (opened.kind === 'refused') throw new Error(opened.message)
  for (const [person, name] of names.entries()) {
    const photographs = [1, 2].map((photograph) => ({
      crop: null,
      cropHash: `${person}-${photograph}`,
      capturedAt: 1_700_000_000_000,
      source: 'file' as const,
      view: null,
      quality: [],
      modelVersion,
      ...embeddingOf(person, photograph),
    }))
    opened.gallery.enrol({ name, consentAt: 0, skippedViews: [] }, photographs)
  }
  opened.gallery.close()
  return home
}

describe('people', () => {
  test('prints one JSON document on stdout and nothing else anywhere', async () => {
    const home = await galleryOf(['Ada', 'Bea'])
    const { code, json, stderr } = await semblance(['people', '--json'], { home })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(json).toMatchObject({ people: [{ name: 'Ada', photographs: 2 }, { name: 'Bea' }] })
  })

  test('says what to do in an empty gallery', async () => {
    const { code, stdout } = await semblance(['people', '--home', freshFolder()])
    expect(code).toBe(0)
    expect(stdout).toContain('semblance enrol')
  })

  test('keeps names exactly and shows them safely', async () => {
    const name = 'Ada\u202eeilA 👩‍🚀'
    const home = await galleryOf([name])
    expect((await semblance(['people', '--json'], { home })).json).toMatchObject({ people: [{ name }] })
    const { stdout } = await semblance(['people'], { home })
    expect(stdout).toContain('Ada\\u{202e}eilA 👩‍🚀')
  })
})

describe('forget', () => {
  test('asks nobody where there is no terminal: --yes is needed', async () => {
    const home = await galleryOf(['Ada'])
    const refused = await semblance(['forget', 'Ada', '--json'], { home })
    expect(refused.code).toBe(2)
    expect(refused.json).toMatchObject({ kind: 'refused', reason: 'not-confirmed' })
    expect(refused.stderr).toContain('--yes')
    const forgotten = await semblance(['forget', 'ada', '--yes', '--json'], { home })
    expect(forgotten.code).toBe(0)
    expect(forgotten.json).toMatchObject({ kind: 'forgotten', name: 'Ada', erased: true })
    expect((await semblance(['people', '--json'], { home })).json).toEqual({ people: [] })
  })

  test('refuses a name nobody has', async () => {
    const home = await galleryOf(['Ada'])
    const { code, stderr, stdout } = await semblance(['forget', 'Bea', '--yes'], { home })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toBe('Refused: Bea is not enrolled. "semblance people" lists who is.\n')
  })
})

async function opened(home: string): Promise<Gallery> {
  const outcome = await Gallery.open({ home, key: { kind: 'key-file' }, now: Date.now })
  if (outcome.kind === 'refused') throw new Error(outcome.message)
  return outcome.gallery
}

describe('export and import', () => {
  const env = { SEMBLANCE_EXPORT_PASSPHRASE: 'correct horse' }

  test('carry a gallery to another place; who is there already stays out and the exit code tells', async () => {
    const [home, file] = [await galleryOf(['Ada', 'Bea']), join(freshFolder(), 'gallery.semblance')]
    expect(await semblance(['export', file], { home, env })).toMatchObject({ code: 0 })
    expect(readFileSync(file).includes('Ada')).toBe(false)
    const there = await galleryOf(['Bea'])
    const imported = await semblance(['import', file, '--json'], { home: there, env })
    expect(imported.code).toBe(2)
    expect(imported.json).toMatchObject({ kind: 'imported', people: 1, photographs: 2, skipped: ['Bea'] })
    expect(imported.stderr).toContain('Bea: not imported')
    expect((await semblance(['people', '--json'], { home: there })).json).toMatchObject({
      people: [{ name: 'Bea' }, { name: 'Ada' }],
    })
  })

  test('a restored gallery is read with the model that it brings into use', async () => {
    const [home, file, there] = [await galleryOf(['Ada']), join(freshFolder(), 'g.semblance'), freshFolder()]
    const [from, card] = [await opened(home), await readModelCard()]
    const crop = drawnCrop(1)
    const kept = { stranger: 1, crop: await cropToPng(crop), cropHash: cropHash(crop) }
    from.cohorts.addStranger(from.cohorts.add('Visitors'), { ...kept, modelVersion, ...embeddingOf(5, 1) })
    const added = from.models.add(
      madeVersion({
        base: modelVersion,
        parent: modelVersion,
        card,
        head: identityHead(128),
      }),
    )
    if (added.kind === 'refused') throw new Error(added.message)
    const { version } = added
    from.models.promote(version, (_, [seen]) => ({ ...seen!, modelVersion: version }), {
      evenIfRejected: false,
    })
    from.close()
    await semblance(['export', file], { home, env })
    const imported = await semblance(['import', file], { home: there, env })
    expect(imported.code).toBe(0)
    expect(imported.stdout).toContain('2 photographs of 1 person could not be checked')
    const restored = await opened(there)
    expect(restored.models.inUse().inUse).toBe(version)
    expect(restored.cohorts.strangerEmbeddings(version, null)).toHaveLength(1)
    restored.close()
  })

  test('a file is not overwritten unasked, and a wrong passphrase is refused', async () => {
    const [home, file] = [await galleryOf(['Ada']), join(freshFolder(), 'gallery.semblance')]
    await semblance(['export', file], { home, env })
    expect(await semblance(['export', file], { home, env })).toMatchObject({ code: 2 })
    expect(await semblance(['export', file, '--force'], { home, env })).toMatchObject({ code: 0 })
    const wrong = { SEMBLANCE_EXPORT_PASSPHRASE: 'wrong horse' }
    const refused = await semblance(['import', file, '--json'], { home: freshFolder(), env: wrong })
    expect(refused.code).toBe(2)
    expect(refused.json).toMatchObject({ reason: 'wrong-passphrase' })
  })

  test('without a passphrase and without a terminal nothing is written', async () => {
    const home = await galleryOf(['Ada'])
    const refused = await semblance(['export', join(home, 'out'), '--json'], { home })
    expect(refused.code).toBe(2)
    expect(refused.json).toMatchObject({ reason: 'no-passphrase' })
  })

  test('a file that is no export, and one that is not there, are refused', async () => {
    const home = freshFolder()
    writeFileSync(join(home, 'notes.txt'), 'nothing')
    for (const file of ['notes.txt', 'missing'])
      expect(await semblance(['import', join(home, file)], { home: join(home, 'g'), env })).toMatchObject({
        code: 2,
      })
  })
})

describe('a gallery that does not open is refused in words, and no new one is made', () => {
  test('with a wrong passphrase', async () => {
    const home = await galleryOf(['Ada'], { kind: 'passphrase', passphrase: 'correct horse' })
    const right = { SEMBLANCE_PASSPHRASE: 'correct horse' }
    expect((await semblance(['people', '--json'], { home, env: right })).json).toMatchObject({
      people: [{ name: 'Ada' }],
    })
    const { code, json, stderr } = await semblance(['people', '--json'], {
      home,
      env: { SEMBLANCE_PASSPHRASE: 'wrong horse' },
    })
    expect(code).toBe(2)
    expect(json).toMatchObject({ kind: 'refused' })
    expect(stderr).toMatch(/^Refused: /)
  })

  test('when its file is damaged', async () => {
    const home = freshFolder()
    writeFileSync(join(home, 'gallery.sqlite'), 'this is no database, however long it is made '.repeat(100))
    const { code, json } = await semblance(['people', '--json'], { home })
    expect(code).toBe(2)
    expect(json).toMatchObject({ kind: 'refused' })
  })

  test('when its folder is a file', async () => {
    const home = join(freshFolder(), 'file')
    writeFileSync(home, '')
    const { code } = await semblance(['people', '--json'], { home })
    expect(code).toBe(2)
  })
})

test('a gallery that is gone while its key is not is said on stderr', async () => {
  const home = await galleryOf(['Ada'])
  expect((await semblance(['people'], { home })).stderr).toBe('')
  rmSync(join(home, 'gallery.sqlite'))
  expect((await semblance(['people'], { home })).stderr).toContain('gallery.sqlite was not')
})

test('activity of a gallery nobody was verified in is an empty list', async () => {
  const home = await galleryOf(['Ada'])
  expect((await semblance(['activity', '--json'], { home })).json).toEqual({ attempts: [], events: [] })
  expect((await semblance(['activity', '--csv'], { home })).stdout).toBe(
    'time,claim,outcome,distance,threshold,model\n',
  )
})

test('--home goes before SEMBLANCE_HOME', async () => {
  const [home, other] = [await galleryOf(['Ada']), await galleryOf(['Bea'])]
  expect((await semblance(['people', '--json', '--home', other], { home })).json).toMatchObject({
    people: [{ name: 'Bea' }],
  })
})
