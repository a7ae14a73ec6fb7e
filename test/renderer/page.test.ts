import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { open, openWorkbench, type Opened, type Wish, type Workbench } from './browser.ts'
import { ScriptedEngine } from './scripted-engine.ts'
import { violationsOf } from './violations.ts'

let workbench: Workbench
beforeAll(async () => {
  workbench = await openWorkbench()
})
afterAll(() => workbench?.close())

async function opening(
  wish: Wish,
  check: (opened: Opened, engine: ScriptedEngine) => Promise<void>,
  engine?: ScriptedEngine,
) {
  const scripted = engine ?? (await ScriptedEngine.withPeople())
  const opened = await open(workbench, scripted, wish)
  try {
    await check(opened, scripted)
  } finally {
    await opened.close()
  }
}

const titles = ['Verify', 'Enrol', 'People', 'Tune', 'Retrain', 'Activity', 'Settings']

describe('accessibility', () => {
  const axe = async ({ page }: Opened, where: string, theme: 'light' | 'dark' = 'light') =>
    expect(await violationsOf(page, where, { theme })).toEqual([])

  test.each(['light', 'dark'] as const)('no view violates a rule of axe, %s', (theme) =>
    opening({ theme }, async (opened) => {
      const { page } = opened
      await page.getByText('Choose whom to verify.').waitFor()
      for (const [i, title] of titles.entries()) {
        await page.keyboard.press(`Alt+${i + 1}`)
        await page.getByRole('heading', { level: 1, name: title }).waitFor()
        await axe(opened, title, theme)
      }
      await page.goto(`${opened.served.address}#/people/1`)
      await page.getByRole('heading', { level: 1, name: 'Ada Example' }).waitFor()
      await axe(opened, 'person', theme)
      await page.getByRole('button', { name: 'Forget Ada Example' }).click()
      await axe(opened, 'forget', theme)
      await page.keyboard.press('Escape')
      await page.getByRole('link', { name: 'Verify', exact: true }).last().click()
      await page.getByText('Press Space to verify.').waitFor()
      await page.getByRole('heading', { level: 1 }).focus()
      await page.keyboard.press('Space')
      await page.getByTestId('verdict').waitFor()
      await axe(opened, 'verdict', theme)
      expect(opened.complaints).toEqual([])
    }),
  )

  test('empty views violate no rule either', () =>
    ScriptedEngine.withPeople(0).then((engine) =>
      opening(
        {},
        async (opened) => {
          for (const [i, title] of titles.entries()) {
            await opened.page.keyboard.press(`Alt+${i + 1}`)
            await opened.page.getByRole('heading', { level: 1, name: title }).waitFor()
            await axe(opened, `empty ${title}`)
          }
        },
        engine,
      ),
    ))
})

describe('the frame', () => {
  test('Alt with a digit leads to each view, which has an address of its own and takes the focus', () =>
    opening({}, async ({ page, complaints }) => {
      for (const [i, title] of titles.entries()) {
        await page.keyboard.press(`Alt+${i + 1}`)
        await page.getByRole('heading', { level: 1, name: title }).waitFor()
        expect(new URL(page.url()).hash).toBe(`#/${title.toLowerCase()}`)
        expect(
          await page.getByRole('link', { name: title, exact: true }).first().getAttribute('aria-current'),
        ).toBe('page')
        expect(await page.evaluate(`document.querySelector('main').contains(document.activeElement)`)).toBe(
          true,
        )
      }
      expect(complaints).toEqual([])
    }))

  test('a view that is left is found again as it was', () =>
    opening({ hash: '#/activity' }, async ({ page }) => {
      await page.getByLabel('Search claims').fill('bo')
      await page.keyboard.press('Alt+7')
      await page.keyboard.press('Alt+6')
      await expect.poll(() => page.getByLabel('Search claims').inputValue()).toBe('bo')
    }))

  test('a key that is pressed before the page is there is heard when it is', () =>
    opening({}, async ({ page, context }) => {
      // Pressed at the moment the page first asks for its engine: before anything is mounted.
      await context.addInitScript(`Object.defineProperty(window, 'semblance', {
        get: () => void window.dispatchEvent(new KeyboardEvent('keydown', { code: 'Digit6', key: '6', altKey: true })),
      })`)
      await page.reload()
      await page.getByRole('heading', { level: 1, name: 'Activity' }).waitFor()
    }))

  test('the camera is off where no view needs it', () =>
    opening({}, async ({ page }) => {
      await page.getByText(/fps/).waitFor()
      await page.keyboard.press('Alt+3')
      await page.getByText('Camera off').waitFor()
    }))

  test('says that the engine is lost, and goes on by itself when it is back', () =>
    opening({}, async ({ page, served }, engine) => {
      await page.getByText('Choose whom to verify.').waitFor()
      served.loseEngine()
      const banner = page.getByRole('alert').filter({ hasText: 'The engine cannot be reached.' })
      await banner.waitFor()
      engine.people = engine.people.slice(0, 2)
      served.restoreEngine()
      await banner.waitFor({ state: 'detached', timeout: 10_000 })
      await page.getByText('2 people, 9 photographs').waitFor()
    }))

  test('every control can be reached with Tab and shows the focus', () =>
    opening({ hash: '#/settings' }, async ({ page }) => {
      await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor()
      await page.getByLabel('Photographs per person, at most').waitFor()
      const unseen = await page.evaluate(`(() => {
        const controls = [...document.querySelectorAll('a[href], button, input:not([hidden])')].filter((one) => one.getClientRects().length > 0)
        return controls.length
      })()`)
      const reached = new Set<string>()
      for (let i = 0; i < Number(unseen) + 4; i++) {
        await page.keyboard.press('Tab')
        const focused = (await page.evaluate(`(() => {
          const one = document.activeElement
          const style = getComputedStyle(one)
          return JSON.stringify([one.outerHTML.slice(0, 200), one.matches('body') || parseFloat(style.outlineWidth) >= 2])
        })()`)) as string
        const [what, seen] = JSON.parse(focused) as [string, boolean]
        if (!what.startsWith('<body')) {
          reached.add(what)
          expect(seen, what).toBe(true)
        }
      }
      expect(reached.size).toBeGreaterThanOrEqual(Number(unseen))
    }))
})

describe('people and settings', () => {
  test('a person is forgotten only when the name is typed', () =>
    opening({ hash: '#/people/2' }, async ({ page }, engine) => {
      await page.getByRole('button', { name: 'Forget Bo Sample' }).click()
      const dialog = page.getByRole('alertdialog')
      await dialog.getByLabel('Type the name to go on').fill('bo sample')
      await expect.poll(() => dialog.getByRole('button', { name: 'Forget for good' }).isDisabled()).toBe(true)
      await dialog.getByLabel('Type the name to go on').fill('Bo Sample')
      await dialog.getByRole('button', { name: 'Forget for good' }).click()
      await page.getByRole('heading', { level: 1, name: 'People' }).waitFor()
      await expect.poll(() => page.getByRole('link', { name: /Bo Sample/ }).count()).toBe(0)
      expect(engine.heard.find(({ name }) => name === 'person.forget')?.takes).toEqual({
        person: 2,
        name: 'Bo Sample',
      })
    }))

  test('a name that looks like markup or runs right to left is shown as it is', async () => {
    const engine = await ScriptedEngine.withPeople(1)
    const name = '<img src=x onerror=alert(1)> عَلِيّ 👩🏽‍🚀/../'
    engine.people = engine.people.map((one) => ({ ...one, name }))
    await opening(
      { hash: '#/people' },
      async ({ page, complaints }) => {
        await page.getByRole('link').getByText(name, { exact: true }).waitFor()
        expect(complaints).toEqual([])
      },
      engine,
    )
  })

  test('the activity is filtered by outcome and exported', () =>
    opening({ hash: '#/activity' }, async ({ page }) => {
      await page.getByRole('combobox', { name: 'Outcome: Any outcome' }).click()
      await page.getByRole('option', { name: 'No match' }).click()
      const rows = page.getByRole('table').getByRole('row')
      expect(await rows.filter({ hasText: 'No match' }).count()).toBe((await rows.count()) - 1)
      const download = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Export as CSV' }).click()
      expect((await download).suggestedFilename()).toMatch(/^activity-.*\.csv$/)
    }))

  test('a setting is saved when it is changed, and an impossible number is not', () =>
    opening({ hash: '#/settings' }, async ({ page }, engine) => {
      const field = page.getByLabel('Photographs per person, at most')
      await field.fill('12')
      await field.press('Tab')
      await page.getByRole('switch', { name: 'Keep the face crops' }).click()
      await page.getByRole('combobox', { name: 'Theme: As the system' }).click()
      await page.getByRole('option', { name: 'Dark' }).click()
      await expect
        .poll(() => engine.settings)
        .toMatchObject({ photographsPerPerson: 12, keepCrops: false, theme: 'dark' })
      expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark')
      await field.fill('0')
      await field.press('Tab')
      await expect.poll(() => field.inputValue()).toBe('12')
      expect(engine.settings.photographsPerPerson).toBe(12)
    }))

  test('an unprotected key is said to the user', async () => {
    const engine = await ScriptedEngine.withPeople()
    engine.keyKeeper = 'basic-text'
    await opening(
      { hash: '#/settings' },
      async ({ page }) => void (await page.getByText('Not protected.').waitFor()),
      engine,
    )
  })

  test('what the user should know about how the gallery was opened stands there until it is dismissed', async () => {
    const engine = await ScriptedEngine.withPeople()
    engine.notice = 'An empty gallery was begun.'
    await opening(
      { hash: '#/settings' },
      async ({ page }) => void (await page.getByText('An empty gallery was begun.').waitFor()),
      engine,
    )
  })

  test('crops that are kept no more are said to stay where they are stored already', () =>
    opening({ hash: '#/settings' }, async ({ page }) => {
      const words = page.getByText('those that are stored already stay')
      await page.getByRole('switch', { name: 'Keep the face crops' }).waitFor()
      await expect.poll(() => words.count()).toBe(0)
      await page.getByRole('switch', { name: 'Keep the face crops' }).click()
      await words.waitFor()
    }))

  test('the gallery is exported under a passphrase typed twice, and a wrong one does not import', () =>
    opening({ hash: '#/settings' }, async ({ page }) => {
      await page.getByRole('button', { name: 'Export…' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Passphrase').fill('four words are fine')
      await dialog.getByLabel('Again').fill('four words are')
      await expect.poll(() => dialog.getByRole('button', { name: 'Export' }).isDisabled()).toBe(true)
      await dialog.getByLabel('Again').fill('four words are fine')
      const download = page.waitForEvent('download')
      await dialog.getByRole('button', { name: 'Export' }).click()
      expect((await download).suggestedFilename()).toMatch(/\.semblance$/)

      await page
        .getByLabel('Gallery file')
        .setInputFiles({ name: 'old.semblance', mimeType: '', buffer: Buffer.from([1]) })
      await dialog.getByLabel('Passphrase').fill('the wrong one')
      await dialog.getByRole('button', { name: 'Import' }).click()
      await dialog.getByText('This passphrase does not open the file.').waitFor()
      await dialog.getByLabel('Passphrase').fill('the right one')
      await dialog.getByRole('button', { name: 'Import' }).click()
      await page.getByText('Imported 2 people with 9 photographs.').waitFor()
      await page.getByText('Ada Example is enrolled here already.').waitFor()
    }))
})
