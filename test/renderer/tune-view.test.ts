import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Locator, Page } from 'playwright-core'
import { operatingPointAt } from '../../src-main/evaluation/error-rates.ts'
import { unpackComparisons } from '../../src-main/evaluation/packed-comparisons.ts'
import { shownRate, shownUpper } from '../../src-main/evaluation/shown-rates.ts'
import { doubtedFmr, doubtedFnmr } from '../../src-main/evaluation/doubt.ts'
import { open, openWorkbench, type Opened, type Wish, type Workbench } from './browser.ts'
import { drawnMeasurement } from './drawn-measurement.ts'
import { ScriptedEngine } from './scripted-engine.ts'
import { violationsOf } from './violations.ts'

let workbench: Workbench
beforeAll(async () => {
  workbench = await openWorkbench()
})
afterAll(() => workbench?.close())

const names = (count: number) => Array.from({ length: count }, (_, i) => `Sample ${i + 1}`)

/** Thirty-seven people whose two kinds of distances overlap. */
async function thirtySeven(): Promise<ScriptedEngine> {
  const engine = await ScriptedEngine.withPeople()
  engine.tuning.gallery = { names: names(37), photographs: 5, spread: 1.15 }
  return engine
}

async function tuning(
  wish: Wish,
  check: (opened: Opened & { slider: Locator }, engine: ScriptedEngine) => Promise<void>,
  engine?: ScriptedEngine,
) {
  const scripted = engine ?? (await thirtySeven())
  const opened = await open(workbench, scripted, { hash: '#/tune', ...wish })
  try {
    await check({ ...opened, slider: opened.page.getByRole('slider', { name: 'Threshold' }) }, scripted)
    expect(opened.complaints).toEqual([])
  } finally {
    await opened.close()
  }
}

const tab = (page: Page, name: string) => page.getByRole('tab', { name, exact: true }).click()
const thresholds = (page: Page) => page.getByRole('region', { name: 'People and their thresholds' })
const heard = (engine: ScriptedEngine, call: string) =>
  engine.heard.filter(({ name }) => name === call).map(({ takes }) => takes)

describe('the histogram and its threshold', () => {
  test('says on whom it was measured, and both rates with their bounds as the evaluation has them', () =>
    tuning({}, async ({ page, slider }, engine) => {
      await page.getByText('37 people (666 pairs of people)').waitFor()
      await slider.focus()
      for (let i = 0; i < 3; i++) await page.keyboard.press('PageUp')
      const threshold = Number(await slider.getAttribute('aria-valuenow'))
      expect(threshold).toBeCloseTo(0.871 + 0.15, 6)
      const drawn = await drawnMeasurement(
        engine.tuning.gallery,
        { form: 'burst-template', strangers: { kind: 'gallery' }, burst: 3 },
        engine.tuning.inForce('burst-template'),
      )
      if (drawn.kind === 'refused') throw new Error(drawn.message)
      const compared = unpackComparisons(drawn.measurement.comparisons)
      const point = operatingPointAt(compared, threshold)
      const matches = page.getByRole('region', { name: 'False matches' })
      const nonMatches = page.getByRole('region', { name: 'False non-matches' })
      await matches.getByText(shownRate(point.fmr), { exact: true }).waitFor()
      await matches.getByText(shownUpper(doubtedFmr(compared, threshold).upper95)).waitFor()
      await nonMatches
        .getByText(shownUpper(doubtedFnmr(compared, threshold).upper95))
        .first()
        .waitFor()
    }))

  test('moves with the keys, says what it means, and lands on numbers that can be found again', () =>
    tuning({}, async ({ page, slider }) => {
      await slider.focus()
      await page.keyboard.press('ArrowRight')
      await expect.poll(() => slider.getAttribute('aria-valuenow')).toBe('0.872')
      await page.keyboard.press('Shift+ArrowLeft')
      await expect.poll(() => slider.getAttribute('aria-valuenow')).toBe('0.862')
      await expect
        .poll(() => slider.getAttribute('aria-valuetext'))
        .toMatch(/^Threshold 0\.8620: false matches .+, at most .+; false non-matches .+, at most .+\.$/)
      await page.keyboard.press('Home')
      expect(await slider.getAttribute('aria-valuenow')).toBe(await slider.getAttribute('aria-valuemin'))
    }))

  test('is dragged; the errors it makes are filled up to it', () =>
    tuning({}, async ({ page, slider }) => {
      const before = Number(await slider.getAttribute('aria-valuenow'))
      const box = (await slider.boundingBox())!
      await page.mouse.move(box.x + box.width / 2, box.y + 80)
      await page.mouse.down()
      await page.mouse.move(box.x + box.width / 2 + 120, box.y + 80, { steps: 6 })
      await page.mouse.up()
      const after = Number(await slider.getAttribute('aria-valuenow'))
      expect(after).toBeGreaterThan(before + 0.1)
      const place = (await slider.boundingBox())!
      expect(place.x - box.x).toBeCloseTo(120, -1)
      const filled = Number(await page.locator('clipPath[id$="-below"] rect').getAttribute('width'))
      const drawing = (await page.locator('.histogram [role="img"]').boundingBox())!
      expect(drawing.x + filled).toBeCloseTo(place.x + place.width / 2, 0)
    }))

  test('where no error was seen, the bound stands in its place', () =>
    tuning({}, async ({ page, slider }) => {
      await slider.focus()
      await page.keyboard.press('Home')
      const matches = page.getByRole('region', { name: 'False matches' })
      await matches.getByText('no error seen').waitFor()
      await matches.getByText(/^≤ /).waitFor()
      await expect.poll(() => matches.getByText(/^0 %/).count()).toBe(0)
    }))

  test('a move over ten million pairs stays inside a frame', async () => {
    const engine = await ScriptedEngine.withPeople()
    engine.tuning.gallery = { names: names(450), photographs: 9, spread: 1.15, dimension: 16, draws: 20 }
    await tuning(
      {},
      async ({ page, slider }) => {
        await page.getByRole('combobox', { name: 'What is compared: Burst × template' }).click()
        await page.getByRole('option', { name: 'Photograph × photograph' }).click()
        await page.getByText('450 people (101,025 pairs of people)').waitFor({ timeout: 60_000 })
        await page.getByText('photograph × photograph').first().waitFor()
        await page.waitForTimeout(6000) // while the grid of bounds is made, between frames
        await slider.focus()
        const moves = (await page.evaluate(`(async () => {
          const slider = document.querySelector('[role=slider]')
          const times = []
          for (let i = 0; i < 60; i++) {
            const begun = performance.now()
            slider.dispatchEvent(new KeyboardEvent('keydown', { key: i % 20 < 10 ? 'PageUp' : 'PageDown', bubbles: true }))
            await Promise.resolve()
            slider.getBoundingClientRect() // the layout it takes is part of the move
            times.push(performance.now() - begun)
            await new Promise((next) => requestAnimationFrame(next))
          }
          return times.sort((a, b) => a - b)
        })()`)) as number[]
        console.log(`a move: median ${moves[30]!.toFixed(1)} ms, 95 % ${moves[57]!.toFixed(1)} ms`)
        expect(moves[30]).toBeLessThan(16)
      },
      engine,
    )
  }, 180_000)
})

describe('choosing', () => {
  test('by a wanted false match rate, its bound included: what is chosen is stored and said', () =>
    tuning({}, async ({ page, slider }, engine) => {
      await page.getByRole('combobox', { name: 'Choose the threshold: By hand' }).click()
      await page.getByRole('option', { name: 'By wanted false match rate' }).click()
      await page.getByRole('spinbutton').fill('2')
      const proposed = await slider.getAttribute('aria-valuenow')
      await page.getByRole('button', { name: /^Use \d/ }).click()
      await page.getByText('The threshold is in use from now on').waitFor()
      expect(heard(engine, 'tune.choose')).toMatchObject([{ wish: { by: 'fmr', fmr: 0.02 } }])
      await page.getByText(/In use since .* chosen for a false match rate of 2 %, on 37 people/).waitFor()
      expect(proposed).not.toBe('0.871')
      await page.getByRole('button', { name: 'Back to the model’s own' }).click()
      await page.getByText('not chosen here yet').waitFor()
    }))

  test('a threshold laxer than Settings ask for is stored, and what holds in its place is said', () =>
    tuning({}, async ({ page }, engine) => {
      engine.tuning.stricter = 'Settings ask for 0.001 %.'
      await page.getByRole('combobox', { name: 'Choose the threshold: By hand' }).click()
      await page.getByRole('option', { name: 'Where both errors are equal' }).click()
      await page.getByRole('button', { name: /^Use \d/ }).click()
      await page.getByText('stored, but a stricter one is in use. Settings ask for').waitFor()
      await expect
        .poll(() => page.locator('p.now').innerText())
        .toMatch(/In use: 0.2000, from the model’s card .* elsewhere. Settings ask for/)
      await page.getByRole('button', { name: 'Back to the model’s own' }).waitFor()
    }))

  test('what the data cannot support is refused in words, with what would', () =>
    tuning({}, async ({ page }) => {
      await page.getByRole('combobox', { name: 'Choose the threshold: By hand' }).click()
      await page.getByRole('option', { name: 'By wanted false match rate' }).click()
      await page.getByRole('spinbutton').fill('0.01')
      const chooser = page.getByRole('region', { name: 'Choose the threshold' })
      await chooser
        .getByText(/^37 people support 0\.45\s% at best, not 0\.01\s%; 245 people are the least/)
        .waitFor()
      const use = chooser.getByRole('button', { name: /^Use / })
      await expect.poll(() => use.isDisabled()).toBe(true)
      const background = () =>
        page.evaluate("getComputedStyle(document.querySelector('.chooser .button.primary')).backgroundColor")
      await page.mouse.move(0, 0)
      await page.waitForTimeout(300) // what it was before fades
      const atRest = await background()
      expect(atRest).toMatch(/^(rgb|color|ok)/)
      await use.hover({ force: true })
      await page.waitForTimeout(300)
      expect(await background()).toBe(atRest)
      const row = page.getByRole('row').filter({ hasText: '0.001 %' })
      await row.getByText(/774 people are the least for 0\.001\s%/).waitFor()
    }))

  test('by equal errors, by cost, and by a row of the operating points', () =>
    tuning({}, async ({ page, slider }, engine) => {
      const choose = async (from: string, to: string) => {
        await page.getByRole('combobox', { name: `Choose the threshold: ${from}` }).click()
        await page.getByRole('option', { name: to }).click()
      }
      await choose('By hand', 'Where both errors are equal')
      const equal = Number(await slider.getAttribute('aria-valuenow'))
      await choose('Where both errors are equal', 'By what errors cost')
      await page.getByLabel('A false match costs').fill('100000')
      expect(Number(await slider.getAttribute('aria-valuenow'))).toBeLessThan(equal)
      await page.getByRole('button', { name: 'Set the threshold for 10 %' }).click()
      expect(Number(await slider.getAttribute('aria-valuenow'))).toBeGreaterThan(equal)
      await page.getByRole('button', { name: /^Use / }).click()
      await expect.poll(() => heard(engine, 'tune.choose')).toMatchObject([{ wish: { by: 'fmr', fmr: 0.1 } }])
    }))

  test('a choice that does not hold any more says why', async () => {
    const engine = await thirtySeven()
    await tuning(
      {},
      async ({ page }) => {
        await page.getByRole('button', { name: /^Use \d/ }).click()
        await page.getByText('In use since').waitFor()
        engine.tuning.stale = 'The gallery has changed since the threshold was chosen.'
        engine.tell('gallery-changed', {}) // of the choice: nothing was enrolled
        await page.getByText('The gallery has changed since the threshold was chosen.').waitFor()
        await expect
          .poll(() => page.getByText('The gallery has changed since this was measured.').count())
          .toBe(0)
        engine.people = engine.people.map((person) => ({ ...person, photographs: person.photographs + 1 }))
        engine.tell('gallery-changed', {})
        await page.getByText('The gallery has changed since this was measured.').waitFor()
        await page.keyboard.press('Alt+3')
        await page.keyboard.press('Alt+4')
        await page.getByText('The gallery has changed since the threshold was chosen.').waitFor()
      },
      engine,
    )
  })
})

describe('what stands behind the rates', () => {
  test('a click on a tail, or its button, shows the pairs in it', () =>
    tuning({}, async ({ page }, engine) => {
      await page.getByRole('button', { name: 'See the least alike' }).click()
      await page.getByRole('list', { name: 'Least alike photographs of one person' }).waitFor()
      await page.locator('.hero').scrollIntoViewIfNeeded()
      const drawing = (await page.locator('.histogram [role="img"]').boundingBox())!
      await page.mouse.click(drawing.x + 30, drawing.y + 150)
      const pairs = page.getByRole('list', { name: 'Most alike strangers' })
      await pairs
        .getByRole('img', { name: /^Photograph of Sample/ })
        .first()
        .waitFor()
      await expect.poll(() => pairs.getByRole('listitem').count()).toBe(24)
      expect(heard(engine, 'tune.pairs')).toMatchObject([
        { tail: 'unlike-photographs' },
        { tail: 'alike-strangers' },
      ])
    }))

  test('a photograph is dropped from there after asking, and a pair is marked and unmarked', () =>
    tuning({}, async ({ page }, engine) => {
      await tab(page, 'Alike strangers')
      const first = page.getByRole('list', { name: 'Most alike strangers' }).getByRole('listitem').first()
      await first.getByRole('button', { name: 'They are two people' }).click()
      await first.getByRole('button', { name: 'Marked: not the same · take back' }).click()
      await first.getByRole('button', { name: 'They are two people' }).waitFor()
      expect(heard(engine, 'tune.not-same')).toMatchObject([{ notSame: true }, { notSame: false }])
      await first
        .getByRole('button', { name: /^Drop this photograph/ })
        .first()
        .click()
      expect(heard(engine, 'photograph.drop')).toEqual([])
      await page.getByRole('alertdialog').getByRole('button', { name: 'Drop it' }).click()
      await expect.poll(() => heard(engine, 'photograph.drop').length).toBe(1)
    }))

  test('people have thresholds of their own with a reason, and the confusable are ordered by risk', () =>
    tuning({}, async ({ page }, engine) => {
      await tab(page, 'By person')
      const rows = thresholds(page).getByRole('row')
      await expect.poll(() => rows.count()).toBe(38)
      await rows
        .filter({ hasText: /Stricter by|Looser by|As for everyone/ })
        .first()
        .waitFor()
      const nearest = await page.locator('.pairs .nearest b').allTextContents()
      expect(nearest.map(Number)).toEqual(nearest.map(Number).sort((a, b) => a - b))
      await page
        .getByRole('button', { name: /^Look at Sample/ })
        .first()
        .click()
      await page.getByRole('list', { name: 'Most alike strangers' }).waitFor()
      expect(heard(engine, 'tune.pairs')).toMatchObject([{ person: expect.any(Number) }])
    }))

  test('a stricter threshold of one’s own is taken into force for one person, and taken back', () =>
    tuning({}, async ({ page }, engine) => {
      await tab(page, 'By person')
      await page.getByText('Nobody has one: all are judged alike.').waitFor()
      const stricter = thresholds(page).getByRole('row').filter({ hasText: 'Stricter by' }).first()
      const looser = thresholds(page).getByRole('row').filter({ hasText: 'Looser by' }).first()
      await expect.poll(() => looser.getByRole('button').count()).toBe(0)
      const name = await stricter.getByRole('link').textContent()
      await stricter.getByRole('button', { name: new RegExp(`^Use 0\\.\\d{4} for ${name!}$`) }).click()
      const row = thresholds(page).getByRole('row').filter({ hasText: 'in use' })
      await row.waitFor()
      await expect.poll(() => row.getByRole('link').textContent()).toBe(name)
      await page.getByText('1 person has one.').waitFor()
      expect(heard(engine, 'tune.choose-personal')).toMatchObject([
        { form: 'burst-template', person: Number(name!.split(' ')[1]) },
      ])
      await row.getByRole('button', { name: `Take back the threshold of ${name!}` }).click()
      await page.getByText('Nobody has one: all are judged alike.').waitFor()
      expect(heard(engine, 'tune.forget-personal')).toHaveLength(1)
    }))

  test('the matrix of the most alike is a grid: its cells are moved through by arrow keys and lead to the photographs', () =>
    tuning({}, async ({ page, slider }, engine) => {
      await tab(page, 'By person')
      const grid = page.getByRole('grid', { name: 'Who may be taken for whom' })
      const names = await grid.getByRole('rowheader').locator('bdi').allTextContents()
      expect(names.length).toBeGreaterThan(4)
      const cells = grid.getByRole('gridcell')
      await expect.poll(() => cells.count()).toBe(names.length ** 2)
      const focused = () => page.locator(':focus').getAttribute('aria-label')
      await grid.locator('[tabindex="0"]').focus()
      expect(await focused()).toMatch(new RegExp(`^${names[1]!} comes within 0\\.\\d{4} of ${names[0]!}`))
      await page.keyboard.press('ArrowDown')
      expect(await focused()).toBe(`${names[1]!}, themselves`)
      await page.keyboard.press('ArrowRight')
      expect(await focused()).toMatch(new RegExp(`^${names[2]!} comes within .* of ${names[1]!}`))
      await page.keyboard.press('Home')
      await page.keyboard.press('ArrowUp')
      await page.keyboard.press('ArrowLeft') // no further
      expect(await focused()).toBe(`${names[0]!}, themselves`)
      // Moved far enough to the right, the threshold takes the nearest for each other.
      await expect.poll(() => grid.getByRole('gridcell', { name: /taken for them/ }).count()).toBe(0)
      await slider.focus()
      for (let i = 0; i < 5; i++) await page.keyboard.press('PageUp')
      await expect
        .poll(() => grid.getByRole('gridcell', { name: /taken for them/ }).count())
        .toBeGreaterThan(1)
      await grid.locator('[tabindex="0"]').focus()
      await page.keyboard.press('Enter')
      await page.getByRole('list', { name: 'Most alike strangers' }).waitFor()
      expect(heard(engine, 'tune.pairs').at(-1)).toMatchObject({ person: Number(names[0]!.split(' ')[1]) })
    }))

  test('the rates of a transaction follow the threshold and the number of attempts', () =>
    tuning({}, async ({ page, slider }) => {
      const panel = page.getByRole('region', { name: 'Per transaction' })
      await panel.getByText('Failures to acquire: 3 of 41 recorded attempts at verification').waitFor()
      const rates = async () => (await panel.locator('.rate b').allTextContents()).join(' ')
      const five = await rates()
      await panel.getByLabel('Attempts of a transaction: 5 attempts').click()
      await page.getByRole('option', { name: '1 attempt', exact: true }).click()
      const one = await rates()
      expect(one).not.toBe(five)
      expect(one).not.toContain('–') // a single attempt has one rate, not a range
      await slider.focus()
      for (let i = 0; i < 4; i++) await page.keyboard.press('PageUp')
      await expect.poll(rates).not.toBe(one)
    }))

  test('says what day, camera and light change, with the people and pairs behind it', () =>
    tuning({}, async ({ page }) => {
      await tab(page, 'Day, camera, light')
      for (const name of ['day', 'camera', 'light on the face'])
        await page.getByRole('table', { name: `Distances by ${name}` }).waitFor()
      await expect.poll(() => page.getByText(/\(95 %: [−+]0\.\d+ to [−+]0\.\d+, 37 people\)/).count()).toBe(3)
    }))

  test('compares ways to normalise where strangers were imported, and only looks', () =>
    tuning({}, async ({ page }, engine) => {
      await tab(page, 'Strangers')
      await page.getByText('It takes imported strangers to normalise by.').waitFor()
      await page.getByRole('textbox', { name: 'Name of this set' }).waitFor()
      engine.tuning.cohorts = [
        { cohort: 1, name: 'Visitors', importedAt: 1, people: 60, photographs: 300, mayTrain: false },
      ]
      engine.tell('gallery-changed', {})
      await page.getByRole('button', { name: /^Compare at/ }).click()
      const table = page.getByRole('table', { name: 'Ways to normalise' })
      await table.waitFor()
      await expect
        .poll(() => table.getByRole('rowheader').allTextContents())
        .toEqual([
          expect.stringContaining('Plain'),
          expect.stringContaining('Z-norm'),
          expect.stringContaining('T-norm'),
          expect.stringContaining('S-norm'),
        ])
      await page.getByText('Fitted on 60 strangers, judged on 37 other people').waitFor()
      expect(heard(engine, 'tune.choose')).toEqual([])
    }))

  test('calibration gives a likelihood ratio, and a probability only under a stated prior', () =>
    tuning({}, async ({ page }) => {
      await tab(page, 'Calibration')
      await page.getByText(/times likelier for/).waitFor()
      await expect.poll(() => page.getByText(/a claim whose distance is just/).count()).toBe(0)
      await page.getByLabel('Impostors among claims').fill('1')
      await page.getByText(/a claim whose distance is just/).waitFor()
    }))

  test('a calibration that cannot be made is a sentence', async () => {
    const engine = await thirtySeven()
    const message = 'Every genuine distance is smaller than every impostor distance.'
    engine.tuning.alter = (measurement) => ({
      ...measurement,
      findings: { ...measurement.findings, calibration: { kind: 'refused', reason: 'all-equal', message } },
    })
    await tuning(
      {},
      async ({ page }) => {
        await tab(page, 'Calibration')
        await page.getByText(message).waitFor()
      },
      engine,
    )
  })

  test('every chart has its numbers as a table', () =>
    tuning({}, async ({ page }) => {
      const rows = (name: string) => page.getByRole('region', { name }).getByRole('row').count()
      await page.getByText('The histogram as a table').click()
      await expect.poll(() => rows('The histogram')).toBeGreaterThan(10)
      await page.getByText('The DET curve as a table').click()
      await expect.poll(() => rows('The DET curve')).toBeGreaterThan(5)
      await tab(page, 'By threshold')
      await page.getByText('Both rates by threshold as a table').click()
      await page.getByRole('region', { name: 'Both rates by threshold' }).waitFor()
    }))

  test('the report is saved as a page and as JSON, without photographs unless asked for', () =>
    tuning({}, async ({ page }, engine) => {
      await tab(page, 'Report')
      const html = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Save the page' }).click()
      expect((await html).suggestedFilename()).toMatch(/^threshold-.*\.html$/)
      await page.getByRole('checkbox', { name: /crops of the worst pairs/ }).click()
      const json = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Save the JSON' }).click()
      expect((await json).suggestedFilename()).toMatch(/^threshold-.*\.json$/)
      expect(heard(engine, 'tune.report')).toMatchObject([{ photographs: false }, { photographs: true }])
    }))
})

describe('strangers', () => {
  test('virtual ones give a forecast, said to be one; beyond it there is no number', async () => {
    const engine = await thirtySeven()
    engine.tuning.alter = (measurement) => ({
      ...measurement,
      strangersInWords: 'virtual strangers',
      correction: {
        correction: { points: [1e-1, 1e-2, 1e-3].map((fmr) => ({ virtualFmr: fmr, realFmr: 2 * fmr })) },
        worstRatio: 1.5,
      } as never,
    })
    await tuning(
      {},
      async ({ page, slider }, scripted) => {
        await page.getByRole('combobox', { name: 'Who stands for strangers: Each other' }).click()
        await page.getByRole('option', { name: 'Virtual strangers' }).click()
        await slider.focus()
        for (let i = 0; i < 4; i++) await page.keyboard.press('PageUp')
        const matches = page.getByRole('region', { name: 'False matches' })
        await matches.getByText('Expected of real strangers, not measured.').waitFor()
        await page.getByText('The DET curve as a table').click()
        const rows = page.getByRole('region', { name: 'The DET curve' }).getByRole('row')
        await rows.nth(1).waitFor()
        const [threshold, shown] = (await rows.nth(3).getByRole('cell').allTextContents()) as [string, string]
        const drawn = await drawnMeasurement(
          engine.tuning.gallery,
          { form: 'burst-template', strangers: { kind: 'virtual' }, burst: 3 },
          engine.tuning.inForce('burst-template'),
        )
        if (drawn.kind === 'refused') throw new Error(drawn.message)
        // The curve too is what is expected of real strangers: twice as many as virtual ones, by this correction.
        const nearby = drawn.measurement.findings.det.find(
          (point) => point.threshold.toFixed(4) === threshold,
        )!
        expect(parseFloat(shown)).toBeCloseTo(200 * nearby.fmr, 1)
        await slider.focus()
        await page.keyboard.press('Home')
        await matches.getByText('Too few virtual strangers come this near to say anything.').waitFor()
        expect(heard(scripted, 'tune.measure')).toMatchObject([
          { strangers: { kind: 'gallery' } },
          { strangers: { kind: 'virtual' } },
        ])
      },
      engine,
    )
  })

  test('are imported from a folder, a person to each of its folders, and removed after asking', () =>
    tuning({}, async ({ page }, engine) => {
      await tab(page, 'Strangers')
      await page.getByLabel('Name of this set').fill('Neighbours')
      const { mkdtemp, mkdir, writeFile, rm } = await import('node:fs/promises')
      const { tmpdir } = await import('node:os')
      const { join } = await import('node:path')
      const folder = await mkdtemp(join(tmpdir(), 'semblance-strangers-'))
      for (const [person, files] of Object.entries({
        ann: ['1.jpg', '2.jpg'],
        ben: ['1.jpg', 'blank.jpg'],
      })) {
        await mkdir(join(folder, person))
        for (const file of files) await writeFile(join(folder, person, file), 'a picture')
      }
      await page.getByLabel('Folder of strangers').setInputFiles(folder)
      await page.getByText('2 strangers imported with 3 photographs.').waitFor()
      await page.getByText('1 photograph was refused').waitFor()
      await rm(folder, { recursive: true })
      const numbers = heard(engine, 'cohort.file') as { fileName: string; stranger: number }[]
      const of = (person: string) =>
        new Set(numbers.filter((one) => one.fileName.includes(person)).map((one) => one.stranger))
      expect([of('ann').size, of('ben').size, new Set([...of('ann'), ...of('ben')]).size]).toEqual([1, 1, 2])
      await page.getByRole('switch', { name: 'may be trained on' }).click()
      await expect.poll(() => engine.tuning.cohorts[0]?.mayTrain).toBe(true)
      await page.getByRole('button', { name: 'Remove…' }).click()
      await page.getByRole('alertdialog').getByRole('button', { name: 'Remove them' }).click()
      await page.getByText('Nobody has been imported yet.').waitFor()
    }))
})

describe('nothing to measure, or not yet', () => {
  test('of a forgotten person nothing stays: it is measured anew without them', () =>
    tuning({}, async ({ page }, engine) => {
      await page.getByText('37 people (666 pairs of people)').waitFor()
      engine.people = engine.people.slice(1)
      engine.tuning.gallery = { ...engine.tuning.gallery, names: names(36) }
      engine.tell('gallery-changed', {})
      await page.getByText('36 people (630 pairs of people)').waitFor()
    }))

  test.each([
    [0, 4, 'The threshold, chosen from evidence'],
    [1, 4, 'One person: nobody to be taken for'],
  ])('with %i people the page teaches what is needed', async (people, photographs, title) => {
    const engine = await ScriptedEngine.withPeople(people)
    engine.tuning.gallery = { ...engine.tuning.gallery, photographs }
    await tuning(
      {},
      async ({ page }) => void (await page.getByRole('heading', { name: title }).waitFor()),
      engine,
    )
  })

  test('with one photograph each the page says so', async () => {
    const engine = await ScriptedEngine.withPeople(3)
    engine.people = engine.people.map((person) => ({ ...person, photographs: 1 }))
    engine.tuning.refuses = {
      kind: 'refused',
      reason: 'no-genuine',
      message: 'There is no second photograph of anyone, so nothing is known about false non-matches.',
    }
    await tuning(
      {},
      async ({ page }) => {
        await page.getByRole('heading', { name: 'One photograph each says nothing yet' }).waitFor()
        await page.getByText('There is no second photograph of anyone').waitFor()
      },
      engine,
    )
  })

  test('a long measurement shows how far it is and is cancelled', async () => {
    const engine = await thirtySeven()
    engine.tuning.measureMs = 20_000
    await tuning(
      {},
      async ({ page }) => {
        await page.getByText('Comparing everybody with everybody').waitFor()
        await page.getByText(/about \d+ s left/).waitFor()
        await page.getByRole('button', { name: 'Cancel' }).click()
        await page.getByRole('heading', { name: 'Not measured' }).waitFor()
        engine.tuning.measureMs = 0
        await page.getByRole('button', { name: 'Measure again', exact: true }).click()
        await page.getByText('37 people (666 pairs of people)').waitFor()
      },
      engine,
    )
  })
})

describe('accessibility', () => {
  test.each(['light', 'dark'] as const)('no part of the view violates a rule of axe, %s', (theme) =>
    tuning({ theme, width: 1024, height: 700 }, async ({ page }) => {
      await page.getByText('37 people (666 pairs of people)').waitFor()
      const tabs = [
        'DET',
        'By threshold',
        'By person',
        'Alike strangers',
        'Day, camera, light',
        'Calibration',
        'Strangers',
        'Report',
      ]
      // The same parts in another theme differ in contrast alone, which four tabs show.
      for (const name of theme === 'light' ? tabs : ['DET', 'By person', 'Alike strangers', 'Calibration']) {
        await tab(page, name)
        if (name === 'DET') await page.getByText('The DET curve as a table').click()
        expect(await violationsOf(page, name, { theme, part: 'main' })).toEqual([])
      }
    }),
  )
})
