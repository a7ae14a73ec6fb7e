import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createEngine, type Engine } from '../../src-main/engine.ts'
import { openParts } from '../../src-main/engine/open-parts.ts'
import type { Parts } from '../../src-main/engine/parts.ts'
import { servePage } from '../../src-main/engine/serve-page.ts'
import { tuningCalls } from '../../src-main/engine/tuning/calls.ts'
import { startServer, type LocalhostServer } from '../../src-main/localhost/server.ts'
import { samplePeople } from '../engine/sample-people.ts'
import { writeScenes } from './scenes.ts'
import { launchChromium, pageIn } from './shell.ts'

/** Strangers chosen on the page go through the real detector and embedder behind the browser shell, and are measured against. */

let folder: string
let strangers: string
let parts: Parts
let engine: Engine
let server: LocalhostServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'semblance-strangers-'))
  const opened = await openParts({ home: join(folder, 'home'), key: { kind: 'key-file' } })
  if (opened.kind === 'refused') throw new Error(opened.message)
  parts = opened.parts
  engine = createEngine(parts, tuningCalls)
  const sample = await samplePeople(await parts.vision)
  const takes = [{}, { turned: 4 }, { brightness: 0.85 }, { mirrored: true }]
  for (const [i, name] of ['Ada', 'Bea'].entries()) {
    const begun = await engine.call('enrol.begin', { name, consent: true })
    if (begun.kind === 'refused') throw new Error(begun.message)
    for (const taken of takes)
      await engine.call('enrol.file', {
        draft: begun.draft,
        fileName: 'a.jpg',
        bytes: await sample[i]!.jpeg(taken),
      })
    const saved = await engine.call('enrol.save', { draft: begun.draft })
    if (saved.kind === 'refused') throw new Error(saved.message)
  }
  strangers = join(folder, 'visitors')
  for (const person of ['one', 'two']) mkdirSync(join(strangers, person), { recursive: true })
  writeFileSync(join(strangers, 'one', '1.jpg'), await sample[2]!.jpeg())
  writeFileSync(join(strangers, 'one', '2.jpg'), await sample[2]!.jpeg({ turned: 5 }))
  writeFileSync(join(strangers, 'two', '1.jpg'), await sample[3]!.jpeg())
  const grey = sharp({ create: { width: 240, height: 240, channels: 3, background: '#777' } })
  writeFileSync(join(strangers, 'two', 'grey.jpg'), await grey.jpeg().toBuffer())
  server = await startServer({
    pageFolder: 'out/renderer',
    port: 0,
    engine: { connect: (answer) => servePage(engine, answer) },
  })
}, 120_000)

afterAll(async () => {
  await server?.close()
  engine?.close()
  parts?.gallery.close()
  rmSync(folder, { recursive: true, force: true })
})

test('a folder of strangers is imported on the page, refusals said, and the gallery measured against them', async () => {
  const scenes = await writeScenes(folder, ['samePerson'])
  const browser = await launchChromium(scenes.samePerson)
  try {
    const page = await pageIn(browser, server.newAddress())
    await page.getByRole('navigation').getByRole('link', { name: 'Tune' }).click()
    await page.getByText('2 people (1 pair of people)').waitFor({ timeout: 30_000 })
    await page.getByRole('tab', { name: 'Strangers', exact: true }).click()
    await page.getByRole('textbox', { name: 'Name of this set' }).fill('Visitors')
    await page.getByLabel('Folder of strangers').setInputFiles(strangers)
    await page.getByText('2 strangers imported with 3 photographs.').waitFor({ timeout: 60_000 })
    await page.getByText('4 of 4 · 1 refused').waitFor()
    await page.getByText('1 photograph was refused').click()
    await page.getByText(/grey\.jpg.*No face was found/s).waitFor()
    const list = page.getByRole('list', { name: 'Imported strangers' })
    expect(await list.textContent()).toContain('2 people, 3 photographs')
    expect(parts.gallery.cohorts.all()).toMatchObject([{ name: 'Visitors', people: 2, photographs: 3 }])

    await page.getByLabel(/^What is compared/).click()
    await page.getByRole('option', { name: 'Photograph × template' }).click()
    await page.getByLabel(/^Who stands for strangers/).click()
    await page.getByRole('option', { name: 'Visitors (2 people)' }).click()
    await page.getByText('against 2 people imported as strangers').waitFor({ timeout: 30_000 })
    const figures = page.getByRole('region', { name: 'False matches', exact: true })
    await figures.getByText('in 6 comparisons').waitFor() // three photographs of strangers, two templates

    await page.getByRole('tab', { name: 'Strangers', exact: true }).click()
    await page.getByRole('button', { name: 'Remove…' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove them' }).click()
    await page.getByText('Nobody has been imported yet.').waitFor()
    expect(parts.gallery.cohorts.all()).toEqual([])
  } finally {
    await browser.close()
  }
}, 120_000)
