import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { shownRate } from '../../src-main/evaluation/shown-rates.ts'
import { doubtedFnmr } from '../../src-main/evaluation/doubt.ts'
import { unpackComparisons } from '../../src-main/evaluation/packed-comparisons.ts'
import { open, openWorkbench, type Opened, type Wish, type Workbench } from './browser.ts'
import { ScriptedEngine } from './scripted-engine.ts'
import { violationsOf } from './violations.ts'

let workbench: Workbench
beforeAll(async () => {
  workbench = await openWorkbench()
})
afterAll(() => workbench?.close())

/** Thirty-seven people, five of them drawn. */
async function thirtySeven(): Promise<ScriptedEngine> {
  const engine = await ScriptedEngine.withPeople()
  const drawn = engine.retraining.names
  engine.retraining.names = [...drawn, ...Array.from({ length: 32 }, (_, i) => `Sample ${i + 6}`)]
  return engine
}

/** Four versions: one in use, the one it was made from, a rejected one between them, and the pre-trained. */
async function withHistory(engine: ScriptedEngine) {
  const { retraining } = engine
  const day = 86_400_000
  const first = await retraining.addMade('healthy', {}, Date.now() - 9 * day)
  retraining.models = retraining.models.map((one) => ({ ...one, inUse: one.version === first.version }))
  const rejected = await retraining.addMade('collapsed', {}, Date.now() - 4 * day)
  const second = await retraining.addMade('healthy', {}, Date.now() - 2 * day)
  retraining.models = retraining.models.map((one) => ({
    ...one,
    inUse: one.version === second.version,
    wayBack: one.version === first.version,
  }))
  return { first, rejected, second }
}

async function retraining(
  wish: Wish,
  prepare: (engine: ScriptedEngine) => Promise<unknown> | unknown,
  check: (opened: Opened, engine: ScriptedEngine) => Promise<void>,
) {
  const engine = await thirtySeven()
  await prepare(engine)
  const opened = await open(workbench, engine, { hash: '#/retrain', ...wish })
  try {
    await check(opened, engine)
    expect(opened.complaints).toEqual([])
  } finally {
    await opened.close()
  }
}

const nothing = () => {}
const begin = (page: Page) => page.getByRole('button', { name: 'Retrain', exact: true })
const judgeIt = (page: Page) => page.getByRole('alertdialog').getByRole('button', { name: 'Judge it again' })
const heard = (engine: ScriptedEngine, call: string) =>
  engine.heard.filter(({ name }) => name === call).map(({ takes }) => takes)
const focused = async (page: Page) => String(await page.evaluate('document.activeElement.textContent')).trim()
const goTo = async (page: Page, hash: string) => void (await page.evaluate(`location.hash = '${hash}'`))

describe('the plan', () => {
  test('is a sentence with its cost, whose photographs disagree is named first, and leads to them', () =>
    retraining(
      {},
      ({ retraining }) => (retraining.mixed = [{ person: 2, name: 'Bo Sample', photographs: 4 }]),
      async ({ page }) => {
        await page
          .getByText('37 people, 296 photographs, head, about 20\u00a0s on CPU')
          .or(page.getByText('37 people, 296 photographs, head, about 20 s on CPU'))
          .first()
          .waitFor()
        const order = await page
          .locator('main section')
          .evaluateAll((sections: { ariaLabel: string | null }[]) =>
            sections.map(({ ariaLabel }) => ariaLabel),
          )
        expect(order[0]).toMatch(/^Look at these photographs before/)
        await page.getByRole('link', { name: 'Look at Bo Sample' }).click()
        await page.getByRole('heading', { level: 1, name: 'Bo Sample' }).waitFor()
      },
    ))

  test('a depth, a loss and a miner are chosen by keyboard, each with formula and source, and are what is run', () =>
    retraining(
      {},
      ({ retraining }) => (retraining.holdAt = 40),
      async ({ page }, engine) => {
        await begin(page).waitFor()
        await page.getByRole('radio', { name: /^Head/ }).focus()
        await page.keyboard.press('ArrowRight')
        await page.getByText(/last stage, about 4 min/).waitFor()
        await page.getByText('More: loss, miner, numbers, processor').press('Enter')
        await page.getByText('max(0, d(a,p) − d(a,n) + m)').waitFor()
        await page.getByText(/n\(a,p\) = argmin/).waitFor()
        await page.getByRole('combobox', { name: /^Loss: / }).press('Enter')
        await page.keyboard.type('Lifted')
        await page.keyboard.press('Enter')
        await page.getByRole('combobox', { name: 'Loss: Lifted structure' }).waitFor()
        await page.getByLabel('Steps').fill('120')
        await page.getByLabel('Learning rate').fill('0.002')
        await expect.poll(() => begin(page).isEnabled()).toBe(true)
        await begin(page).press('Enter')
        await page.getByRole('button', { name: 'Cancel the run' }).waitFor()
        expect(heard(engine, 'retrain.begin')).toMatchObject([
          {
            depth: 'stage',
            loss: 'lifted-structure',
            miner: null,
            steps: 120,
            learningRate: 0.002,
            seed: 1,
          },
        ])
      },
    ))

  test('a loss against classes takes no miner, and says why', () =>
    retraining({}, nothing, async ({ page }) => {
      await page.getByText('More: loss, miner, numbers, processor').click()
      await page.getByRole('combobox', { name: /^Loss: / }).click()
      await page.getByRole('option', { name: 'ArcFace', exact: true }).click()
      await page.getByText('there is nothing to mine').waitFor()
      await expect.poll(() => page.getByRole('combobox', { name: /^Miner: / }).isDisabled()).toBe(true)
    }))

  test('a number that cannot be is said at its field, and no run begins with it', () =>
    retraining({}, nothing, async ({ page }) => {
      await page.getByText('More: loss, miner, numbers, processor').click()
      const steps = page.getByLabel('Steps')
      await steps.fill('1.5')
      await page.getByText('A whole number from 1 to 100,000; empty is the usual one.').waitFor()
      await expect.poll(() => begin(page).isDisabled()).toBe(true)
      await steps.fill('')
      await expect.poll(() => begin(page).isEnabled()).toBe(true)
    }))

  test('where no run can be made, says why and what to do', () =>
    retraining(
      {},
      ({ retraining }) => (retraining.trouble = 'Two people have two photographs or more; five are needed.'),
      async ({ page }) => {
        await page.getByRole('heading', { name: 'No run can be made yet' }).waitFor()
        await page.getByText('five are needed').waitFor()
        await expect.poll(() => begin(page).count()).toBe(0)
        await page.getByRole('link', { name: 'Add photographs' }).click()
        await page.getByRole('heading', { level: 1, name: 'Enrol' }).waitFor()
      },
    ))

  test('a refusal to begin is said beside the button', () =>
    retraining(
      {},
      ({ retraining }) =>
        (retraining.refusesRun = { kind: 'refused', reason: 'disk-full', message: 'The disk is full.' }),
      async ({ page }) => {
        await begin(page).click()
        await page.getByRole('alert').filter({ hasText: 'The disk is full.' }).waitFor()
      },
    ))
})

describe('a run', () => {
  test('shows how far it is, what runs it and why; nothing moves while points arrive; the rail tells of it', () =>
    retraining(
      {},
      ({ retraining }) => (retraining.holdAt = 120),
      async ({ page }, { retraining }) => {
        await begin(page).click()
        await page.getByText('120 of 1,200 steps').waitFor()
        await page.getByText('Without 8 people, to judge by them').waitFor()
        await page
          .getByText('On CPU (8 cores). A head is trained over embeddings that are there already')
          .waitFor()
        await page.getByText(/images\/s/).waitFor()
        await page.getByText(/about \d+ s left/).waitFor()
        // Each curve in plain words, with its own term beside.
        for (const words of [
          'What training lowers loss',
          'Own photographs turned away held-out FNMR',
          'Comparisons it still learns from active triplets',
          /^Distances same person, d\(a,p\) 0\.4\d different people, d\(a,n\) 1\.1\d/,
        ])
          await page.getByRole('heading', { level: 3, name: words }).waitFor()
        const places = () =>
          page.evaluate(
            `[...document.querySelectorAll('.run h3, .run .place, .run button, [role=tablist]')].map((it) => JSON.stringify(it.getBoundingClientRect()))`,
          )
        const before = await places()
        retraining.holdAt = 720
        await page.getByText('720 of 1,200 steps').waitFor()
        expect(await places()).toEqual(before)
        await page.getByText('Loss as a table').click()
        const rows = page.getByRole('region', { name: 'Loss', exact: true }).getByRole('row')
        await expect.poll(() => rows.count()).toBe(1 + 72)

        await goTo(page, '#/people')
        await page.getByRole('link', { name: 'Retrain : a run goes on' }).click()
        await page.getByText('720 of 1,200 steps').waitFor()
        retraining.release()
        await page.getByRole('heading', { name: 'retrained 1 is better: it may be promoted' }).waitFor()
        await page.getByRole('link', { name: 'Retrain', exact: true }).first().waitFor()
      },
    ))

  test('is cancelled: nothing was changed, and the plan is there again', () =>
    retraining(
      {},
      ({ retraining }) => (retraining.holdAt = 120),
      async ({ page }, engine) => {
        await begin(page).click()
        await page.getByRole('button', { name: 'Cancel the run' }).click()
        await page.getByRole('heading', { name: 'The run was cancelled' }).waitFor()
        await expect.poll(() => focused(page)).toBe('The run was cancelled')
        await begin(page).waitFor()
        expect(heard(engine, 'retrain.cancel')).toEqual([{ run: 1 }])
        await page.getByRole('button', { name: 'Put the last run away' }).click()
        await expect.poll(() => page.getByText('The run was cancelled').count()).toBe(0)
      },
    ))

  test('that was started on the command line is shown the same way and can be cancelled', () =>
    retraining(
      { hash: '#/people' },
      ({ retraining }) => (retraining.holdAt = 120),
      async ({ page }, engine) => {
        await page.getByRole('heading', { level: 1, name: 'People' }).waitFor()
        engine.retraining.beginElsewhere()
        await page.getByRole('link', { name: 'Retrain : a run goes on' }).click()
        await page.getByText('started from the command line').waitFor()
        await page.getByText('120 of 1,200 steps').waitFor()
        await expect.poll(() => begin(page).count()).toBe(0)
        await page.getByRole('button', { name: 'Cancel the run' }).click()
        await page.getByRole('heading', { name: 'The run was cancelled' }).waitFor()
      },
    ))

  test('that fails says why, and that nothing was lost', () =>
    retraining(
      {},
      ({ retraining }) => (retraining.fails = 'There was too little memory.'),
      async ({ page }) => {
        await begin(page).click()
        await page.getByRole('heading', { name: 'The run failed' }).waitFor()
        await page.getByText('There was too little memory. Nothing was changed').waitFor()
        await begin(page).waitFor()
      },
    ))
})

describe('before and after', () => {
  test('the candidate is looked at with the numbers of the evaluation, and promoted; rolled back in one click', () =>
    retraining({}, nothing, async ({ page }, engine) => {
      await begin(page).click()
      await page.getByRole('link', { name: 'See before and after' }).click()
      await page.getByRole('heading', { level: 1, name: 'retrained 1, against pre-trained' }).waitFor()
      const verdict = page.getByRole('region', { name: 'The gate’s verdict' })
      await verdict.getByText(/^Better: gallery people recognised/).waitFor()
      const drawn = await engine.retraining.drawn('healthy')
      // First what it comes down to, in words that need no field's terms.
      for (const [plain, id] of [
        ['Enrolled people turned away', 'gallery-by-strangers'],
        ['Strangers let in', 'strangers'],
      ] as const) {
        const line = drawn.lines.find((each) => each.id === id)!
        await verdict
          .locator('dl > div', { hasText: plain })
          .filter({ hasText: `before${shownRate(line.before!)}` })
          .filter({ hasText: `after${shownRate(line.after!)}` })
          .waitFor()
      }
      const { before, after, threshold } = drawn.comparisons[0]!
      // Both curves of the DET plot with their bands over people.
      await page.getByText('95 % band over people').waitFor()
      const plot = page.getByRole('img', { name: /^DET curve\. threshold before/ })
      await expect.poll(() => plot.locator('polygon').count()).toBe(2)
      const row = page.getByRole('row').filter({ hasText: 'False non-matches' })
      for (const [packed, at] of [
        [before, threshold.before],
        [after, threshold.after],
      ] as const)
        await row
          .getByText(shownRate(doubtedFnmr(unpackComparisons(packed), at).rate), { exact: true })
          .waitFor()
      const gained = drawn.people.filter(({ errors }) => errors.after < errors.before).length
      await page.getByText(`${gained} people are rejected less often`).waitFor()
      await expect
        .poll(() => page.getByRole('region', { name: 'Lines of the gate' }).getByRole('row').count())
        .toBe(drawn.lines.length + 1)

      await verdict.getByRole('button', { name: 'Promote' }).click()
      await page.getByText(/retrained 1 is in use: 296 photographs embedded anew/).waitFor()
      await verdict.getByRole('button', { name: 'Roll back to pre-trained' }).click()
      await page
        .getByText(/pre-trained is in use again: every decision is as it was.* 1 person .* enrol them again/)
        .waitFor()
      expect(heard(engine, 'models.promote')).toHaveLength(1)
      expect(heard(engine, 'models.roll-back')).toHaveLength(1)
      await page.getByRole('heading', { level: 2, name: 'Passed the gate' }).waitFor()
      expect(await focused(page)).toBe('Passed the gate') // the button that was pressed is gone

      engine.tell('gallery-changed', {})
      await page.keyboard.press('Alt+6')
      const activity = page.getByRole('region', { name: 'Attempts' }).getByRole('row')
      await activity.getByText('retrained 1 was put in use, in place of pre-trained.').waitFor()
      await activity.getByText('Rolled back from retrained 1 to pre-trained.').waitFor()
    }))

  test('a rejected candidate is looked at, says with which line it failed, and cannot be used', () =>
    retraining(
      {},
      ({ retraining }) => (retraining.makes = 'collapsed'),
      async ({ page }, engine) => {
        await begin(page).click()
        await page.getByRole('heading', { name: 'retrained 1 is rejected' }).waitFor()
        await expect.poll(() => page.getByRole('button', { name: /Promote/ }).count()).toBe(0)
        await page.getByRole('link', { name: 'See before and after' }).click()
        await page.getByText('It can be looked at, not used').waitFor()
        const failed = page.getByRole('row').filter({ hasText: 'the line it failed with' })
        await expect.poll(() => failed.count()).toBe(1)
        await failed.getByText(/they collapse/).waitFor()
        await expect.poll(() => page.getByRole('button', { name: /Promote/ }).count()).toBe(0)
        await page.getByRole('button', { name: 'Discard…' }).click()
        await page.getByRole('alertdialog').getByRole('button', { name: 'Discard it' }).click()
        await page.getByRole('heading', { level: 1, name: 'Retrain' }).waitFor()
        expect(engine.retraining.models).toHaveLength(1)
      },
    ))

  test('the map tells people apart by name, and its points open their crops, by hand and by keyboard', () =>
    retraining(
      {},
      ({ retraining }) => retraining.addMade('healthy'),
      async ({ page }, engine) => {
        await page.getByRole('link', { name: 'Before and after retrained 1' }).click()
        const people = page.getByRole('group', { name: 'People' })
        // As people count, not as letters do; and found by a part of the name.
        await people.getByRole('radio').first().waitFor()
        const order = (await people.getByRole('radio').locator('bdi').allTextContents()).slice(5)
        expect(order).toEqual(Array.from({ length: 32 }, (_, i) => `Sample ${i + 6}`))
        await page.getByRole('searchbox', { name: 'Find a person' }).fill('chen')
        await expect.poll(() => people.getByRole('radio').count()).toBe(1)
        await page.getByRole('searchbox', { name: 'Find a person' }).fill('')
        // Among so many nobody's name stands in the map until they are looked at.
        const names = page.locator('.sheet text.name')
        expect(await names.count()).toBe(0)
        await people.getByRole('radio', { name: /Ada Example/ }).focus()
        await page
          .getByRole('img', { name: /^Map of the gallery before.*Standing out: Ada Example/ })
          .waitFor()
        expect(await names.allTextContents()).toEqual(['Ada Example', 'Ada Example'])
        await page.keyboard.press('ArrowDown')
        await page.getByRole('img', { name: /^Map of the gallery after.*Standing out: Bo Sample/ }).waitFor()
        await page.keyboard.press('Space')
        const photographs = page.getByRole('list', { name: 'Photographs of Bo Sample' })
        await expect.poll(() => photographs.getByRole('button').count()).toBe(8)
        await photographs.getByRole('button', { name: 'Photograph 3' }).press('Enter')
        await expect.poll(() => heard(engine, 'photograph')).toContainEqual({ photograph: 22 })

        // By hand: the middle of a point that is drawn.
        const { map } = await engine.retraining.drawn('healthy')
        const place = (await page.locator('.touch').first().boundingBox())!
        const reach =
          1.08 * Math.max(...map.points.flatMap((one) => [...one.before, ...one.after].map(Math.abs)))
        const unit = Math.min(place.width, place.height) / (2 * reach)
        const lonely = map.points.reduce((a, b) =>
          Math.hypot(...a.before) > Math.hypot(...b.before) ? a : b,
        )
        await page.mouse.click(
          place.x + place.width / 2 + lonely.before[0] * unit,
          place.y + place.height / 2 - lonely.before[1] * unit,
        )
        await page.getByRole('list', { name: `Photographs of ${lonely.name}` }).waitFor()
      },
    ))

  test('a long comparison shows how far it is, is cancelled, and asked for again', () =>
    retraining(
      {},
      async ({ retraining }) => {
        await retraining.addMade('healthy')
        retraining.compareMs = 20_000
      },
      async ({ page }, engine) => {
        await page.getByRole('link', { name: 'Before and after retrained 1' }).click()
        await page.getByText('Embedding the gallery with both models').waitFor()
        await page.getByRole('button', { name: 'Cancel' }).click()
        await page.getByText('The comparison was cancelled.').waitFor()
        engine.retraining.compareMs = 0
        await page.getByRole('button', { name: 'Compare them' }).click()
        await page.getByRole('heading', { name: 'Detection error trade-off' }).waitFor()
      },
    ))

  test('a version that is gone says so, and leads back', () =>
    retraining({ hash: '#/retrain/1-gone' }, nothing, async ({ page }) => {
      await page.getByText('There is no such version any more.').first().waitFor()
      await page.getByRole('link', { name: 'Back to the versions' }).click()
      await begin(page).waitFor()
    }))
})

describe('versions', () => {
  test('each with its parent, recipe, processor, data and verdict; what may be done with it and no more', () =>
    retraining({}, withHistory, async ({ page }) => {
      const list = page.getByRole('list', { name: 'Versions of the model, newest first' })
      const lines = list.locator(':scope > li')
      await expect
        .poll(() => lines.locator('b').allTextContents())
        .toEqual(['retrained 3', 'retrained 2', 'retrained 1', 'pre-trained'])
      const line = (name: string) => lines.filter({ has: page.locator('b', { hasText: name }) })
      await line('retrained 3').getByText('in use', { exact: true }).waitFor()
      await line('retrained 3').getByText('from retrained 1, 2 days ago').waitFor()
      await line('retrained 3').getByText('head, Triplet, FaceNet semi-hard, seed 1').waitFor()
      await line('retrained 3').getByText('37 people, 296 photographs, 2,000 virtual strangers').waitFor()
      await line('retrained 2').getByText('rejected', { exact: true }).waitFor()
      const buttons = async (name: string) =>
        (await line(name).getByRole('button').allTextContents()).map((text) => text.trim())
      expect(await buttons('retrained 3')).toEqual(['Export…'])
      expect(await buttons('retrained 2')).toEqual(['Export…', 'Delete…'])
      expect(await buttons('retrained 1')).toEqual(['Roll back to it', 'Export…'])
      expect(await buttons('pre-trained')).toEqual([])
    }))

  test('going back is one click, from the head of the view', () =>
    retraining({}, withHistory, async ({ page }, engine) => {
      await page.getByRole('button', { name: 'Roll back to retrained 1' }).first().click()
      await page.getByText('retrained 1 is in use again').waitFor()
      expect(engine.retraining.models.find(({ inUse }) => inUse)?.name).toBe('retrained 1')
    }))

  test('any two are compared', () =>
    retraining({}, withHistory, async ({ page }, engine) => {
      await page.getByRole('combobox', { name: 'Compare: retrained 1' }).click()
      await page.getByRole('option', { name: 'pre-trained' }).click()
      await page.getByRole('combobox', { name: /^With: / }).click()
      await page.getByRole('option', { name: 'retrained 2' }).click()
      await page.getByRole('link', { name: 'Compare', exact: true }).click()
      await page.getByRole('heading', { level: 1, name: 'retrained 2, against pre-trained' }).waitFor()
      await page.getByRole('heading', { name: 'Detection error trade-off' }).waitFor()
      const [, , rejected] = engine.retraining.models
      expect(heard(engine, 'models.compare')).toMatchObject([{ before: '1', after: rejected!.version }])
    }))

  test('one is exported after a warning that it was made from faces; one is deleted after asking', () =>
    retraining({}, withHistory, async ({ page }, engine) => {
      await page.getByRole('button', { name: 'Export retrained 2…' }).click()
      const dialog = page.getByRole('alertdialog')
      await dialog.getByText('It was made from faces.').waitFor()
      const download = page.waitForEvent('download')
      await dialog.getByRole('button', { name: 'Export it' }).click()
      expect((await download).suggestedFilename()).toMatch(/\.onnx$/)
      await page.getByRole('button', { name: 'Delete retrained 2…' }).click()
      await dialog.getByRole('button', { name: 'Delete it' }).click()
      await page.getByText('retrained 2 is deleted.').waitFor()
      expect(engine.retraining.models.map(({ name }) => name)).not.toContain('retrained 2')
    }))

  test('one is imported and comes in as a candidate; one that is damaged is refused in words', () =>
    retraining({}, nothing, async ({ page }, engine) => {
      const folder = await mkdtemp(join(tmpdir(), 'semblance-model-'))
      await writeFile(join(folder, 'model.onnx'), 'a model')
      engine.retraining.refusesImport = {
        kind: 'refused',
        reason: 'damaged',
        message: 'The file’s hash is not the one it states: it is damaged. Export it again.',
      }
      await page.getByLabel('Model file').setInputFiles(join(folder, 'model.onnx'))
      await page.getByRole('alert').filter({ hasText: 'it is damaged' }).waitFor()
      engine.retraining.refusesImport = null
      await page.getByLabel('Model file').setInputFiles(join(folder, 'model.onnx'))
      await page.getByText('retrained 1 has come in as a candidate.').waitFor()
      await rm(folder, { recursive: true })
    }))

  test('warns of people who were forgotten since a model was trained on them', () =>
    retraining(
      {},
      async ({ retraining }) => {
        const made = await retraining.addMade('healthy')
        retraining.models = retraining.models.map((one) => ({
          ...one,
          inUse: one.version === made.version,
          wayBack: one.version === '1',
          retrained: one.retrained && { ...one.retrained, forgottenPeople: 2 },
        }))
      },
      async ({ page }) => {
        await page
          .getByText('2 people whom retrained 1 was trained on were forgotten.')
          .filter({ hasText: 'Roll back or promote another, then delete it.' })
          .waitFor()
      },
    ))
})

describe('processors', () => {
  test('are tried, each with its step or the exact reason why not, and the plan follows', () =>
    retraining({}, nothing, async ({ page }) => {
      await page
        .getByText(/on CPU \(8 cores\)/)
        .first()
        .waitFor()
      await page.getByRole('tab', { name: 'Processors' }).click()
      await page.getByRole('button', { name: 'Try the processors' }).click()
      const row = (name: string) => page.getByRole('row').filter({ hasText: name })
      await row('WebGPU').getByText('the fastest').waitFor()
      await row('CUDA').getByText('libcublasLt.so.12: cannot open shared object file').waitFor()
      await page
        .getByText(/on Drawn GPU 780/)
        .first()
        .waitFor()
    }))
})

describe('hard examples', () => {
  const verifyAda = async (page: Page) => {
    await page.getByText('Choose whom to verify.').waitFor()
    await page.keyboard.type('ada')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Space')
    await page.getByTestId('verdict').waitFor()
  }

  test('“Not them” asks for consent, keeps the picture for the next run, and is taken back; by keyboard', () =>
    retraining({ hash: '#/verify' }, nothing, async ({ page }, engine) => {
      await verifyAda(page)
      await page.getByRole('button', { name: 'Not them' }).press('Enter')
      await page.getByText('Does the person in this picture agree that it is kept to train on?').waitFor()
      expect(heard(engine, 'hard-example.keep')).toEqual([])
      await page.keyboard.press('Escape')
      await page.getByTestId('verdict').waitFor()
      await page.keyboard.press('Enter') // the focus is on "Not them" again
      await page.getByRole('button', { name: 'They agree, keep it' }).waitFor()
      await page.keyboard.press('Enter')
      await page.getByText('Kept, sealed, for the next run.').waitFor()
      expect(heard(engine, 'hard-example.keep')).toEqual([{ attempt: 1, consent: true }])
      expect(engine.retraining.hardExampleList).toHaveLength(1)
      await page.getByRole('button', { name: 'Undo' }).press('Enter')
      await page.getByRole('button', { name: 'Not them' }).waitFor()
      expect(engine.retraining.hardExampleList).toEqual([])
    }))

  test('stand in the activity too, for as long as the picture is held; consent is asked of who stood there', () =>
    retraining(
      { hash: '#/activity' },
      (engine) => {
        const [newest] = engine.attemptList.filter(({ outcome }) => outcome === 'match')
        engine.pictureUntil.set(newest!.attempt, Date.now() + 60_000)
      },
      async ({ page }, engine) => {
        const offered = page.getByRole('button', { name: 'Not them' })
        await offered.press('Enter')
        await expect.poll(() => offered.count()).toBe(0) // of one attempt alone
        await page.getByText('Does the person who stood before the camera then agree').waitFor()
        await page.keyboard.press('Enter') // the focus is on "They agree, keep it"
        await page.getByText('Kept, sealed, for the next run.').waitFor()
        const [[attempt]] = [...engine.pictureUntil] as [[number, number]]
        expect(heard(engine, 'hard-example.keep')).toEqual([{ attempt, consent: true }])
      },
    ))

  test('what was asked in the activity can be answered, and what was kept taken back, when the picture has gone', () =>
    retraining(
      { hash: '#/activity' },
      (engine) => {
        const matches = engine.attemptList.filter(({ outcome }) => outcome === 'match').slice(0, 3)
        for (const { attempt } of matches) engine.pictureUntil.set(attempt, Date.now() + 60_000)
      },
      async ({ page }, engine) => {
        const offered = page.getByRole('button', { name: 'Not them' })
        await expect.poll(() => offered.count()).toBe(3)
        const agree = page.getByRole('button', { name: 'They agree, keep it' })
        const undo = page.getByRole('button', { name: 'Undo' })
        await offered.first().press('Enter')
        await agree.press('Enter')
        await undo.waitFor()
        await offered.first().press('Enter')
        await agree.waitFor()
        await page.evaluate('{ const before = Date.now; Date.now = () => before() + 120_000 }')
        await expect.poll(() => offered.count()).toBe(0)
        expect(await focused(page)).toBe('They agree, keep it')
        await page.keyboard.press('Enter')
        await expect.poll(() => undo.count()).toBe(2)
        expect(engine.retraining.hardExampleList).toHaveLength(2)
        // What is taken back leaves nothing to press: the focus stays with the attempts.
        await undo.first().press('Enter')
        await expect.poll(() => undo.count()).toBe(1)
        await expect.poll(() => page.evaluate('document.activeElement.ariaLabel')).toBe('Attempts')
        await undo.press('Enter')
        await expect.poll(() => undo.count()).toBe(0)
        expect(engine.retraining.hardExampleList).toEqual([])
        expect(await offered.count()).toBe(0)
      },
    ))

  test('“It is them” stands under a wrong refusal; why it cannot be kept is said', () =>
    retraining(
      { hash: '#/verify' },
      (engine) => {
        engine.decides = 'no-match'
        engine.retraining.refusesHardExample = {
          kind: 'refused',
          reason: 'too-late',
          message: 'The picture is not there any more: it is held for a few minutes.',
        }
      },
      async ({ page }) => {
        await verifyAda(page)
        await page.getByRole('button', { name: 'It is them' }).click()
        await page.getByRole('button', { name: 'They agree, keep it' }).click()
        await page.getByText('The picture is not there any more').first().waitFor()
      },
    ))

  test('are listed, looked at and dropped', () =>
    retraining(
      {},
      ({ retraining }) =>
        (retraining.hardExampleList = [
          { id: 4, keptAt: Date.now(), kind: 'them', person: 2, name: 'Bo Sample', distance: 1.02 },
        ]),
      async ({ page }, engine) => {
        await page.getByRole('tab', { name: 'Hard examples (1)' }).click()
        await page.getByRole('img', { name: 'Kept picture' }).waitFor()
        await page.getByRole('button', { name: 'Drop the picture kept for Bo Sample' }).click()
        await page.getByText('None is kept.').waitFor()
        expect(engine.retraining.hardExampleList).toEqual([])
      },
    ))
})

test('a picture that looks like the person all the same is shown before training, and can be dropped', () =>
  retraining(
    {},
    ({ retraining }) => {
      retraining.doubtsHardExamples = true
      retraining.hardExampleList = [
        { id: 4, keptAt: Date.now(), kind: 'not-them', person: 2, name: 'Bo Sample', distance: 0.31 },
      ]
    },
    async ({ page }, engine) => {
      await page.getByRole('heading', { name: /Look at these pictures before you train on them/ }).waitFor()
      await page.getByRole('img', { name: 'Kept picture' }).waitFor()
      await page.getByRole('button', { name: 'Drop the picture said not to be Bo Sample' }).click()
      await expect.poll(() => page.getByRole('heading', { name: /Look at these pictures/ }).count()).toBe(0)
      expect(engine.retraining.hardExampleList).toEqual([])
      await begin(page).waitFor()
    },
  ))

test('a rejected candidate is judged again without training: its report is the new one, and says so; a refusal is said', () =>
  retraining(
    {},
    async ({ retraining }) => {
      await retraining.addMade('collapsed')
      retraining.judgesAgain = {
        kind: 'refused',
        reason: 'no-judges',
        message: 'Nobody can stand for strangers.',
      }
    },
    async ({ page }, engine) => {
      await page.getByRole('link', { name: 'Before and after retrained 1' }).click()
      const verdict = page.getByRole('region', { name: 'The gate’s verdict' })
      await verdict.getByRole('heading', { name: 'Rejected' }).waitFor()
      await verdict.getByRole('button', { name: 'Judge again' }).click()
      await page.getByText('Nobody can stand for strangers.').waitFor()
      await verdict.getByRole('heading', { name: 'Rejected' }).waitFor()
      engine.retraining.judgesAgain = 'healthy'
      await verdict.getByRole('button', { name: 'Judge again' }).click()
      await page.getByText('retrained 1 was judged again: it may be promoted.').first().waitFor()
      await verdict.getByRole('heading', { name: 'Passed the gate' }).waitFor()
      await verdict.getByText('Judged again just now').waitFor()
      await verdict.getByRole('button', { name: 'Promote' }).waitFor()
      await page.getByRole('heading', { name: 'Detection error trade-off' }).waitFor()
    },
  ))

test('a candidate that was judged against another model says why it cannot be promoted, in place of the button', () =>
  retraining(
    {},
    async ({ retraining }) => {
      await retraining.addMade('healthy', {
        notPromotable: 'It was judged against another: roll back first.',
      })
      await retraining.addMade('healthy')
    },
    async ({ page }) => {
      await page.getByRole('button', { name: 'Promote retrained 2' }).waitFor()
      await page.getByText('It was judged against another: roll back first.').waitFor()
      expect(await page.getByRole('button', { name: 'Promote retrained 1' }).count()).toBe(0)
      await page.getByRole('button', { name: 'Judge retrained 1 again' }).click()
      await judgeIt(page).click()
      await page.getByRole('button', { name: 'Promote retrained 1' }).waitFor()
      await expect.poll(() => page.getByRole('button', { name: /^Judge/ }).count()).toBe(0)
    },
  ))

test('“Before and after” shows the report of a candidate that was judged again meanwhile, among the versions or in a terminal', () =>
  retraining(
    {},
    async (engine) => {
      const { retraining, people } = engine
      // Nobody is forgotten, which would clear the page by itself.
      engine.people = retraining.names.map((name, i) => ({
        ...people[i % people.length]!,
        person: i + 1,
        name,
      }))
      await retraining.addMade('healthy', { notPromotable: 'It was judged against another.' })
    },
    async ({ page }, { retraining }) => {
      const verdict = page.getByRole('region', { name: 'The gate’s verdict' })
      await page.getByRole('link', { name: 'Before and after retrained 1' }).click()
      await verdict.getByRole('heading', { name: 'Passed the gate' }).waitFor()
      await page.getByRole('heading', { name: 'Detection error trade-off' }).waitFor()
      await page.getByRole('link', { name: 'Retrain', exact: true }).last().click()
      retraining.judgesAgain = 'collapsed'
      await page.getByRole('button', { name: 'Judge retrained 1 again' }).click()
      await judgeIt(page).click()
      await page.getByText('retrained 1 was judged again: it is rejected.').first().waitFor()
      await page.getByRole('link', { name: 'Before and after retrained 1' }).click()
      await verdict.getByRole('heading', { name: 'Rejected' }).waitFor()
      await verdict.getByText('Judged again just now').waitFor()
      // And on the command line, while it is looked at.
      retraining.judgesAgain = 'healthy'
      await retraining.judgeAgain(retraining.models[1]!.version)
      await verdict.getByRole('heading', { name: 'Passed the gate' }).waitFor()
    },
  ))

test('a candidate stands beside the model it was judged against, whatever it was made from', () =>
  retraining(
    {},
    async (engine) => {
      const { retraining } = engine
      const { first } = await withHistory(engine)
      await retraining.addMade('collapsed')
      retraining.models = retraining.models.map((one) =>
        one.name === 'retrained 4'
          ? {
              ...one,
              retrained: one.retrained && { ...one.retrained, parent: '1', judgedAgainst: first.version },
            }
          : one,
      )
    },
    async ({ page }) => {
      const title = (words: string) => page.getByRole('heading', { level: 1, name: words }).waitFor()
      await page.getByRole('link', { name: 'Before and after retrained 4' }).click()
      await title('retrained 4, against retrained 1')
      const verdict = page.getByRole('region', { name: 'The gate’s verdict' })
      await verdict.getByRole('button', { name: 'Judge again' }).click()
      await title('retrained 4, against retrained 3') // the model in use
      // Another pair in between does not stay.
      const address = String(await page.evaluate('location.hash'))
      await goTo(page, address.replace('#/retrain/', '#/retrain/1/'))
      await title('retrained 4, against pre-trained')
      await goTo(page, address)
      await title('retrained 4, against retrained 3')
    },
  ))

test('which candidate is being judged is said of that one alone', () =>
  retraining(
    {},
    async ({ retraining }) => {
      for (let i = 0; i < 2; i++)
        await retraining.addMade('healthy', { notPromotable: 'It was judged against another.' })
    },
    async ({ page }, { retraining }) => {
      let judged = () => {}
      retraining.judgingHeld = new Promise<void>((resolve) => (judged = resolve))
      await page.getByRole('button', { name: 'Judge retrained 1 again' }).click()
      await judgeIt(page).click()
      const line = page.getByRole('listitem').filter({ has: page.getByText('retrained 1', { exact: true }) })
      await line.getByText('Judging…').waitFor()
      expect(await page.getByText('Judging…').count()).toBe(1)
      await goTo(page, `#/retrain/${retraining.models[2]!.version}`)
      await page.getByRole('button', { name: 'Judge again' }).waitFor()
      judged()
      await page.getByText('retrained 1 was judged again: it may be promoted.').first().waitFor()
    },
  ))

test('before a candidate that passed is judged again it is said what that may do; one that was rejected has nothing to lose', () =>
  retraining(
    {},
    ({ retraining }) => retraining.addMade('healthy'),
    async ({ page }, engine) => {
      await page.getByRole('link', { name: 'Before and after retrained 1' }).click()
      const again = page.getByRole('button', { name: 'Judge again' })
      await again.click()
      const dialog = page.getByRole('alertdialog', { name: 'Judge retrained 1 again?' })
      await dialog.getByText('may reject it').filter({ hasText: 'is kept either way' }).waitFor()
      await dialog.getByRole('button', { name: 'Leave it as it is' }).click()
      await expect.poll(() => dialog.count()).toBe(0)
      expect(heard(engine, 'models.judge-again')).toEqual([])
      engine.retraining.judgesAgain = 'collapsed'
      await again.click()
      await judgeIt(page).click()
      await page.getByRole('heading', { level: 2, name: 'Rejected' }).waitFor()
      engine.retraining.judgesAgain = 'healthy'
      await again.click()
      await page.getByRole('heading', { level: 2, name: 'Passed the gate' }).waitFor()
    },
  ))

describe('accessibility', () => {
  test.each(['light', 'dark'] as const)('no state violates a rule of axe, %s', (theme) =>
    retraining(
      { theme, width: 1024, height: 700 },
      ({ retraining }) => {
        retraining.mixed = [{ person: 2, name: 'Bo Sample', photographs: 4 }]
        retraining.holdAt = 520
        retraining.doubtsHardExamples = true
        retraining.hardExampleList = [
          { id: 4, keptAt: Date.now(), kind: 'not-them', person: 2, name: 'Bo Sample', distance: 0.62 },
        ]
      },
      async ({ page }, { retraining }) => {
        const found: string[] = []
        await page.getByText('More: loss, miner, numbers, processor').click()
        await page.getByLabel('Steps').fill('x')
        found.push(...(await violationsOf(page, 'plan', { theme, part: 'main' })))
        await page.getByLabel('Steps').fill('')
        await begin(page).click()
        await page.getByText('520 of 1,200 steps').waitFor()
        await page.getByText('Loss as a table').click()
        found.push(...(await violationsOf(page, 'run', { theme, part: 'main' })))
        retraining.release()
        await page.getByRole('link', { name: 'See before and after' }).waitFor()
        found.push(...(await violationsOf(page, 'done', { theme, part: 'main' })))
        await page.getByRole('tab', { name: 'Processors' }).click()
        await page.getByRole('button', { name: 'Try the processors' }).click()
        await page.getByText('the fastest', { exact: true }).waitFor()
        found.push(...(await violationsOf(page, 'processors', { theme, part: 'main' })))
        await page.getByRole('tab', { name: /Hard examples/ }).click()
        found.push(...(await violationsOf(page, 'hard examples', { theme, part: 'main' })))
        await page.getByRole('link', { name: 'See before and after' }).click()
        await page.getByRole('radio', { name: /Ada Example/ }).click()
        await page.getByText('The map before as a table').click()
        found.push(...(await violationsOf(page, 'report', { theme, part: 'main' })))
        expect(found).toEqual([])
      },
    ),
  )

  test('nothing is cut off sideways at 800 px, nor at 200 % zoom', () =>
    retraining({ width: 800, height: 700 }, withHistory, async ({ page }, engine) => {
      const wide = () =>
        page
          .locator('main')
          .evaluate(
            (main: { scrollWidth: number; clientWidth: number }) => main.scrollWidth - main.clientWidth,
          )
      await begin(page).waitFor()
      expect(await wide()).toBe(0)
      await goTo(page, `#/retrain/${engine.retraining.models.at(-1)!.version}`)
      await page.getByText('Choose a point or a person').waitFor()
      expect(await wide()).toBe(0)
      await page.setViewportSize({ width: 512, height: 400 })
      await expect.poll(wide).toBe(0)
      await goTo(page, '#/retrain')
      await begin(page).waitFor()
      await expect.poll(wide).toBe(0)
    }))
})
