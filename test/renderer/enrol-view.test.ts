import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Pose } from '../../src-main/contract.ts'
import { open, openWorkbench, type Opened, type Workbench } from './browser.ts'
import { ScriptedEngine } from './scripted-engine.ts'
import { violationsOf } from './violations.ts'

let workbench: Workbench
beforeAll(async () => {
  workbench = await openWorkbench()
})
afterAll(() => workbench?.close())

async function enrolling(
  prepare: (engine: ScriptedEngine) => void,
  check: (opened: Opened, engine: ScriptedEngine) => Promise<void>,
) {
  const engine = await ScriptedEngine.withPeople()
  prepare(engine)
  const opened = await open(workbench, engine, { hash: '#/enrol' })
  try {
    await check(opened, engine)
    expect(opened.complaints).toEqual([])
  } finally {
    await opened.close()
  }
}

async function begin({ page }: Opened, name = 'Fay Beispiel') {
  await page.getByLabel('Name').fill(name)
  await page.getByRole('checkbox', { name: /agrees/ }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
}

const poses: Record<string, Partial<Pose>> = {
  'Look straight into the camera': {},
  'Turn your head a little to your left': { yaw: 22 },
  'Turn your head a little to your right': { yaw: -22 },
  'Raise your chin a little': { pitch: 16 },
}

describe('the Enrol view', () => {
  test('is not begun without a name and consent, and says why a name is refused', () =>
    enrolling(
      () => {},
      async (opened) => {
        const { page } = opened
        await page.getByLabel('Name').fill('Ada Example')
        await expect.poll(() => page.getByRole('button', { name: 'Continue' }).isDisabled()).toBe(true)
        await begin(opened, 'Ada Example')
        await page.getByRole('alert').filter({ hasText: 'Somebody of this name is enrolled.' }).waitFor()
      },
    ))

  test('guides through the views, keeps one frame of each, records a skipped one, and saves', () =>
    enrolling(
      () => {},
      async (opened, engine) => {
        const { page } = opened
        await begin(opened)
        for (const [ask, pose] of Object.entries(poses)) {
          await page.getByRole('heading', { name: ask }).waitFor()
          engine.sees = { ...engine.sees, pose: { roll: 0, yaw: 0, pitch: 0, ...pose } }
        }
        await page.getByRole('heading', { name: 'Lower your chin a little' }).waitFor()
        await page.getByRole('button', { name: 'Skip this view' }).click()
        await page.getByRole('heading', { name: 'Every view is done' }).waitFor()
        await page.getByRole('button', { name: 'Check and save' }).click()
        await page.getByText('Skipped and recorded as such: down.').waitFor()
        await page.getByRole('button', { name: 'Save', exact: true }).click()
        await page.getByRole('heading', { name: 'Fay Beispiel is enrolled' }).waitFor()
        const views = engine.heard
          .filter(({ name }) => name === 'enrol.frame')
          .map(({ takes }) => (takes as { view: string }).view)
        expect([...new Set(views)]).toEqual(['front', 'left', 'right', 'up'])
      },
    ))

  test('asks for a dropped view again, and keeps the draft when the view is left', () =>
    enrolling(
      () => {},
      async (opened) => {
        const { page } = opened
        await begin(opened)
        await page.getByRole('button', { name: 'Drop front' }).click()
        await page.getByRole('heading', { name: 'Look straight into the camera' }).waitFor()
        await page.getByRole('button', { name: 'Drop front' }).waitFor()
        await page.keyboard.press('Alt+3')
        await page.getByRole('heading', { name: 'People' }).waitFor()
        await page.keyboard.press('Alt+2')
        await page.getByRole('img', { name: 'Front view' }).waitFor()
      },
    ))

  test('takes photographs in with the fate of each, and shows warnings with the photographs side by side', () =>
    enrolling(
      (engine) => {
        engine.refusedFiles = { 'b.jpg': 'No face was found, even with the light raised.' }
        engine.warnings = [
          {
            kind: 'near-another-person',
            photograph: 6,
            person: 2,
            name: 'Bo Sample',
            nearest: 21,
            distance: 0.73,
          },
        ]
      },
      async (opened) => {
        const { page } = opened
        await begin(opened)
        await page.getByRole('tab', { name: 'From photographs' }).click()
        await page.getByLabel('Photographs', { exact: true }).setInputFiles(files('a.jpg', 'b.jpg', 'c.jpg'))
        await page.getByText('3 of 3 · 1 refused').waitFor()
        await page.getByRole('listitem').filter({ hasText: 'b.jpg' }).getByText('No face was found').waitFor()
        await page.getByRole('button', { name: 'Check and save' }).click()
        const warning = page.getByRole('list', { name: 'Warnings' }).getByRole('listitem')
        await warning.getByRole('img', { name: 'The photograph to be saved' }).waitFor()
        await warning.getByRole('img', { name: 'Enrolled photograph of Bo Sample' }).waitFor()
        await warning.getByRole('button', { name: 'Drop this photograph' }).click()
        await page.getByText('Nothing speaks against saving.').waitFor()
      },
    ))

  test('a long intake tells what remains and is cancelled without losing what was kept', () =>
    enrolling(
      (engine) => (engine.perFileMs = 150),
      async (opened) => {
        const { page } = opened
        await begin(opened)
        await page.getByRole('tab', { name: 'From photographs' }).click()
        await page
          .getByLabel('Photographs', { exact: true })
          .setInputFiles(files(...Array.from({ length: 40 }, (_, i) => `${i}.jpg`)))
        await page.getByText(/of 40 · about \d+ s left/).waitFor()
        await page.getByRole('button', { name: 'Cancel' }).click()
        await page.getByText(/^(\d+) of \1 · 0 refused$/).waitFor()
        expect(
          await page.getByRole('list', { name: 'Kept photographs' }).getByRole('img').count(),
        ).toBeGreaterThan(0)
      },
    ))

  describe('a name that somebody has taken meanwhile loses nothing that was kept:', () => {
    const taken = (engine: ScriptedEngine) => (engine.takenMeanwhile = ['Fay Beispiel', 'Fay B.'])

    async function upToSaving({ page }: Opened) {
      await page.getByRole('tab', { name: 'From photographs' }).click()
      await page.getByLabel('Photographs', { exact: true }).setInputFiles(files('a.jpg', 'b.jpg'))
      await page.getByRole('button', { name: 'Check and save' }).click()
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByRole('heading', { name: 'Somebody named Fay Beispiel was enrolled' }).waitFor()
    }

    test('it is saved under another', () =>
      enrolling(taken, async (opened, engine) => {
        const { page } = opened
        await begin(opened)
        await upToSaving(opened)
        expect(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled()).toBe(true)
        expect(await violationsOf(page, 'saving')).toEqual([])
        await page.getByLabel('Another name').fill('Fay B.')
        await page.getByRole('button', { name: 'Save under this name' }).click()
        await page.getByText('Somebody of this name is already enrolled.').waitFor()
        await page.getByLabel('Another name').fill('Fay of the workshop')
        await page.getByRole('button', { name: 'Save under this name' }).click()
        await page.getByRole('heading', { name: 'Fay of the workshop is enrolled' }).waitFor()
        await page.getByText(/[23] photographs are saved and sealed/).waitFor() // with or without a first look into the camera
        expect(engine.heard.some(({ name }) => name === 'enrol.discard')).toBe(false)
      }))

    test('or added to whoever has it, after another look', () =>
      enrolling(taken, async (opened) => {
        const { page } = opened
        await begin(opened)
        await upToSaving(opened)
        await page.getByRole('button', { name: 'Add to Fay Beispiel' }).click()
        await page.getByRole('heading', { name: /^Add photographs to/ }).waitFor()
        await page.getByRole('button', { name: 'Save', exact: true }).click()
        await page.getByText(/[23] photographs are saved and sealed/).waitFor() // with or without a first look into the camera
      }))
  })

  test('nothing that was kept is discarded without asking', () =>
    enrolling(
      () => {},
      async (opened, engine) => {
        const { page } = opened
        await begin(opened)
        await page.getByRole('img', { name: 'Front view' }).waitFor()
        await page.getByRole('button', { name: 'Discard' }).click()
        await page.getByRole('alertdialog').getByRole('button', { name: 'Keep' }).click()
        await page.getByRole('img', { name: 'Front view' }).waitFor()
        await page.getByRole('button', { name: 'Discard' }).click()
        await page.getByRole('alertdialog').getByRole('button', { name: 'Discard' }).click()
        await page.getByRole('button', { name: 'Continue' }).waitFor()
        expect(engine.heard.some(({ name }) => name === 'enrol.discard')).toBe(true)
      },
    ))
})

const files = (...names: string[]) =>
  names.map((name) => ({ name, mimeType: 'image/jpeg', buffer: Buffer.from(name) }))
