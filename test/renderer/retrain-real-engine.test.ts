import { afterAll, beforeAll, expect, test } from 'vitest'
import { readModelCard } from '../../src-main/engine/open-parts.ts'
import type { Engine } from '../../src-main/engine.ts'
import type { Parts } from '../../src-main/engine/parts.ts'
import { random } from '../../src-main/learning/random.ts'
import { identityHead } from '../../src-main/training/gallery-run/head/head.ts'
import { drawnGallery, openEngine } from '../engine/retraining/drawn-gallery.ts'
import { open, openWorkbench, type Opened, type Workbench } from './browser.ts'
import type { EngineBehind } from './page-server.ts'

let workbench: Workbench
beforeAll(async () => {
  workbench = await openWorkbench()
})
afterAll(() => workbench?.close())

// The script of the other tests says what the page makes of answers; this, that the engine gives such answers.
async function retraining(check: (page: Opened['page'], engine: Engine, parts: Parts) => Promise<void>) {
  const { engine, parts } = await openEngine(await drawnGallery({ people: 16 }))
  const behind: EngineBehind = { call: (name, takes) => engine.call(name, takes), tell: () => {} }
  const told = ['retrain-changed', 'progress', 'gallery-changed', 'status-changed'] as const
  for (const event of told) engine.on(event, (body) => behind.tell(event, body))
  const { page, complaints, close } = await open(workbench, behind, { hash: '#/retrain' })
  try {
    await check(page, engine, parts)
    expect(complaints).toEqual([])
  } finally {
    await close()
    engine.close()
    parts.gallery.close()
  }
}

test(
  'with the engine itself: planned, run, looked at; what it rejects is not offered for use, and discarded',
  () =>
    retraining(async (page, engine) => {
      await page.getByText('16 people, 96 photographs, head').waitFor()
      await page.getByText('More: loss, miner, numbers, processor').click()
      await page.getByRole('combobox', { name: 'Loss: The usual: Triplet' }).waitFor()
      await page.getByLabel('Steps').fill('30')
      const begin = page.getByRole('button', { name: 'Retrain', exact: true })
      await expect.poll(() => begin.isEnabled()).toBe(true)
      await begin.click()
      await page.getByRole('button', { name: 'Cancel the run' }).waitFor()
      // Nobody can be told apart better than those whose model drew them: thirty steps have nothing to gain.
      await page.getByRole('heading', { name: 'retrained 1 is rejected' }).waitFor({ timeout: 90_000 })
      await page.getByRole('link', { name: 'See before and after' }).click()

      await page.getByRole('heading', { level: 1, name: 'retrained 1, against pre-trained' }).waitFor()
      await page.getByRole('heading', { name: 'Detection error trade-off' }).waitFor()
      await page.getByText('Choose a point or a person').waitFor()
      const [, made] = await engine.call('models.list', {})
      const report = await engine.call('models.report', { version: made!.version })
      if (report.kind === 'refused') throw new Error(report.message)
      const lines = page.getByRole('region', { name: 'Lines of the gate' }).getByRole('row')
      await expect.poll(() => lines.count()).toBe(report.lines.length + 1)
      await expect.poll(() => page.getByRole('button', { name: 'Promote' }).count()).toBe(0)
      await page.getByText('How it learned').click()
      await page.getByRole('img', { name: /^Loss by step/ }).waitFor()

      await page.getByRole('button', { name: 'Discard…' }).click()
      await page.getByRole('alertdialog').getByRole('button', { name: 'Discard it' }).click()
      await begin.waitFor()
      expect(await engine.call('models.list', {})).toHaveLength(1)
    }),
  150_000,
)

test(
  'with the engine itself: promoted, in the activity, and rolled back in one click',
  () =>
    retraining(async (page, engine, parts) => {
      await addPassed(parts)
      await page.reload()
      await page.getByRole('button', { name: 'Promote retrained 1' }).click()
      await page.getByText('retrained 1 is in use: 96 photographs embedded anew').waitFor()
      const inUse = async () => (await engine.call('models.list', {})).find((model) => model.inUse)?.name
      expect(await inUse()).toBe('retrained 1')
      await page.getByRole('button', { name: 'Roll back to pre-trained' }).first().click()
      await page.getByText('pre-trained is in use again').waitFor()
      expect(await inUse()).toBe('pre-trained')
      await page.keyboard.press('Alt+6')
      await page.getByText('Rolled back from retrained 1').waitFor()
    }),
  90_000,
)

/** A head that moves every embedding a little, said to have passed. */
async function addPassed({ gallery }: Parts) {
  const added = gallery.models.add({
    base: '1',
    parent: '1',
    recipe: { depth: 'head', loss: { id: 'triplet', miner: 'batch-hard' }, seed: 5 },
    processor: 'made-up processor',
    seconds: 2,
    trainedOn: {
      people: gallery.people().map(({ person }) => person),
      photographs: 96,
      others: 'nobody',
      hash: 'f00',
    },
    verdict: 'promote',
    report: { kind: 'promote', lines: [], failed: null, sentence: 'Better.', people: [], mixed: [] },
    card: { ...(await readModelCard()), version: 'candidate' },
    head: identityHead(128).map((value, i) => value + 0.05 * random(3, 'head', i).normal()),
  })
  if (added.kind === 'refused') throw new Error(added.message)
}
