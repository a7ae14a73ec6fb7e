import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { drawStrangers, type TwoCovarianceModel } from '../../src-main/evaluation/virtual-strangers.ts'
import { Gallery } from '../../src-main/gallery/gallery.ts'
import { random } from '../../src-main/learning/random.ts'
import { defaultHeadRecipe } from '../../src-main/training/gallery-run/head/head-recipe.ts'
import { photographOf, someone, madeVersion } from '../gallery/made-up.ts'
import { freshFolder, semblance } from './command-line.ts'

const card = join(import.meta.dirname, '../../models/cards/face-recognition-strangers.json')

/** Twelve people who never were, six photographs each, as the pre-trained model would embed them. */
async function madeUpGallery(): Promise<string> {
  const home = freshFolder()
  const { fit } = JSON.parse(await readFile(card, 'utf8')) as { fit: TwoCovarianceModel }
  const { vectors } = drawStrangers(fit, 12, 6, random(7, 'made up').uniform)
  const opened = await Gallery.open({ home, key: { kind: 'key-file' }, now: Date.now })
  if (opened.kind === 'refused') throw new Error(opened.message)
  for (let person = 0; person < 12; person++) {
    const photographs = Array.from({ length: 6 }, (_, i) => {
      const row = person * 6 + i
      const embedding = vectors.slice(row * 128, (row + 1) * 128)
      return photographOf(row, { modelVersion: '1', embedding, crop: null })
    })
    opened.gallery.enrol(someone(`Person ${person}`), photographs)
  }
  opened.gallery.close()
  return home
}

async function templates(home: string, version: string) {
  const opened = await Gallery.open({ home, key: { kind: 'key-file' }, now: Date.now })
  if (opened.kind === 'refused') throw new Error(opened.message)
  const found = opened.gallery.templates(version)
  opened.gallery.close()
  return found
}

test('a candidate is trained, judged, listed, promoted, rolled back and deleted', async () => {
  const home = await madeUpGallery()
  const before = await templates(home, '1')

  const planned = await semblance(['retrain', '--dry-run', '--json'], { home })
  expect(planned.json).toMatchObject({
    kind: 'plan',
    plan: { people: 12, photographs: 72, trainable: 12, heldOut: 12, mixed: [], trouble: null },
    recipe: defaultHeadRecipe,
  })

  const trained = await semblance(['retrain', '--steps', '20', '--seed', '3', '--json'], { home })
  expect(trained.stderr).not.toContain('TensorFlow')
  expect(trained.json).toMatchObject({ kind: 'candidate', recipe: { steps: 20, seed: 3 } })
  const { version, lines, sentence } = trained.json as {
    version: string
    lines: { id: string }[]
    sentence: string
  }
  expect(version).toMatch(/^1-[0-9a-f]{12}$/)
  expect(lines.map(({ id }) => id)).toEqual(
    expect.arrayContaining(['health', 'parity', 'gallery', 'strangers', 'people']),
  )

  const listed = await semblance(['models', '--json'], { home })
  expect(listed.json).toMatchObject({
    inUse: null,
    models: [
      { version: '1', name: 'pre-trained', inUse: true },
      { version, name: 'retrained 1', inUse: false, retrained: { parent: '1', sentence } },
    ],
  })
  const shown = await semblance(['models', 'show', '1-nothing'], { home })
  expect(shown.stderr).toContain('no such model')
  expect((await semblance(['models', 'show', '1'], { home })).stdout).toContain(sentence)
  expect((await semblance(['models', 'delete', 'pre-trained'], { home })).stderr).toContain('stays')
  const judged = await semblance(['models', 'judge', '1', '--json'], { home })
  expect([judged.code, judged.json]).toMatchObject([2, { kind: 'refused', reason: 'no-judges' }])

  // Whatever the report says, an expert may use it, and the log tells.
  const promoted = await semblance(['promote', version, '--even-if-rejected', '--json'], { home })
  expect(promoted.json).toMatchObject({ kind: 'promoted', version, photographs: 72 })
  expect(await templates(home, version)).toHaveLength(12)
  const inUse = await semblance(['models'], { home })
  expect(inUse.stdout).toMatch(new RegExp(`${version} +retrained 1 +in use`))
  expect(inUse.stdout).toContain('was put in use')
  expect((await semblance(['activity'], { home })).stdout).toContain('retrained 1')
  expect((await semblance(['activity', '--csv'], { home })).stdout).toMatch(
    new RegExp(`,,model-promoted(-though-rejected)?,,,${version}`),
  )
  expect((await semblance(['models', 'delete', version], { home })).stderr).toContain('roll back first')

  // A model is retrained from the one in use.
  const again = await semblance(['retrain', '--steps', '5', '--json'], { home })
  expect(again.json).toMatchObject({ kind: 'candidate' })

  const back = await semblance(['rollback', '--json'], { home })
  expect(back.json).toEqual({ kind: 'rolled-back', from: version, to: null, lost: 0 })
  expect(await templates(home, '1')).toEqual(before)

  // It was judged against the one that is gone back from: an expert may use it, and the log tells.
  const child = (again.json as { version: string }).version
  const forced = ['promote', child, '--even-if-rejected']
  const refused = await semblance(forced, { home })
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('judged against retrained 1')])
  const another = await semblance([...forced, '--even-if-judged-against-another', '--json'], { home })
  expect(another.json).toMatchObject({ kind: 'promoted', evenThoughJudgedAgainst: version })
  expect((await semblance(['models'], { home })).stdout).toContain(
    `COMPARES IT WITH retrained 1 (${version})`,
  )
  expect((await semblance(['activity', '--csv'], { home })).stdout).toContain(
    '-though-judged-against-another',
  )
  await semblance(['rollback'], { home })
  expect((await semblance(['models', 'delete', version, '--json'], { home })).json).toMatchObject({
    kind: 'removed',
  })
}, 300_000) // a dozen processes one after the other

test('a run is seen by another command line, refused a second time, and cancelled from there', async () => {
  const home = await madeUpGallery()
  expect((await semblance(['retrain', '--cancel', '--json'], { home })).json).toMatchObject({
    reason: 'no-such-run',
  })
  const running = semblance(['retrain', '--steps', '100000', '--json'], { home })
  const opened = await Gallery.open({ home, key: { kind: 'key-file' }, now: Date.now })
  if (opened.kind === 'refused') throw new Error(opened.message)
  const { gallery } = opened
  while ((gallery.runs.last(() => false)?.step ?? 0) === 0) await new Promise((done) => setTimeout(done, 100))
  expect(gallery.runs.last(() => false)).toMatchObject({ startedFrom: 'command-line', state: 'running' })
  const second = await semblance(['retrain', '--json'], { home })
  expect(second.json).toMatchObject({ kind: 'refused', reason: 'running' })
  expect(second.stderr).toMatch(/begun on the command line is going on: .* of \d+ steps/)
  expect((await semblance(['retrain', '--cancel', '--json'], { home })).json).toMatchObject({
    kind: 'cancelled',
  })
  const ended = await running
  expect(ended.code).toBe(2)
  expect(ended.json).toMatchObject({ kind: 'refused', reason: 'cancelled' })
  expect(gallery.models.versions()).toEqual([])
  gallery.close()
}, 120_000)

test('models are compared, exported, imported elsewhere, and hard examples listed', async () => {
  const [home, elsewhere] = [await madeUpGallery(), await madeUpGallery()]
  await semblance(['retrain', '--steps', '5', '--json'], { home })
  const compared = await semblance(['models', 'compare', 'pre-trained', '1'], { home })
  expect(compared.stdout).toMatch(/pre-trained +at 0\.\d+: FMR .*, FNMR /)
  const file = join(freshFolder(), 'model.onnx')
  expect((await semblance(['models', 'export', '1', file], { home })).stdout).toContain('made from faces')
  expect((await semblance(['models', 'export', '1', file], { home })).stderr).toContain('--force')
  const imported = await semblance(['models', 'import', file, '--json'], { home: elsewhere })
  expect(imported.json).toMatchObject({ kind: 'imported' })
  expect((await semblance(['models'], { home: elsewhere })).stdout).toContain('retrained 1')
  expect((await semblance(['models', 'import', file], { home: elsewhere })).stderr).toContain('already')
  expect((await semblance(['hard-examples', 'list'], { home })).stdout).toContain('None is kept')
  expect((await semblance(['hard-examples', 'drop', '3'], { home })).code).toBe(2)
}, 120_000)

test('a rejected candidate is refused with its sentence, and too small a gallery with its own', async () => {
  const home = freshFolder()
  const small = await semblance(['retrain', '--json'], { home })
  expect(small.code).toBe(2)
  expect(small.json).toMatchObject({ kind: 'refused', reason: 'too-little' })
  expect((await semblance(['rollback', '--json'], { home })).json).toMatchObject({ reason: 'no-way-back' })
  expect((await semblance(['promote', '7', '--json'], { home })).json).toMatchObject({
    reason: 'no-such-model',
  })

  const opened = await Gallery.open({ home, key: { kind: 'key-file' }, now: Date.now })
  if (opened.kind === 'refused') throw new Error(opened.message)
  const added = opened.gallery.models.add(
    madeVersion({
      verdict: 'reject',
      report: { sentence: 'Rejected: strangers come nearer.' },
      head: Float32Array.of(1),
    }),
  )
  opened.gallery.close()
  const refused = await semblance(['promote', added.kind === 'added' ? added.version : '', '--json'], {
    home,
  })
  expect(refused.code).toBe(2)
  expect(refused.json).toMatchObject({ reason: 'rejected' })
  expect(refused.stderr).toContain('strangers come nearer')
}, 60_000)
