import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enrolFromCamera, forget, goTo, verify } from './journeys.ts'
import { writeScenes, type SceneName } from './scenes.ts'
import { electronBinary, openBrowserShell, openDesktopShell, type Shell } from './shell.ts'

const name = 'Fay Beispiel'
let folder: string
let scenes: Record<SceneName, string>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'semblance-e2e-'))
  scenes = await writeScenes(folder, ['enrolling', 'samePerson', 'otherPerson', 'nobody', 'twoPeople'])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The same specification for every shell. */
function specification(
  open: (options: { home: string; camera: string }) => Promise<Shell>,
  home: () => string,
) {
  async function before<T>(scene: SceneName, act: (shell: Shell) => Promise<T>): Promise<T> {
    const shell = await open({ home: home(), camera: scenes[scene] })
    try {
      return await act(shell)
    } finally {
      await shell.close()
    }
  }

  test('enrols from the camera, view by view', async () => {
    const { kept } = await before('enrolling', ({ page }) => enrolFromCamera(page, name))
    expect(kept).toBe(4) // the scene has no "up": that view is skipped
  }, 180_000)

  test('verifies the same person on other pictures than those enrolled', async () => {
    expect(await before('samePerson', ({ page }) => verify(page, name))).toBe('Match')
  })

  test('refuses another person', async () => {
    expect(await before('otherPerson', ({ page }) => verify(page, name))).toBe('No match')
  })

  test('sees that nobody is there', async () => {
    expect(await before('nobody', ({ page }) => verify(page, name))).toBe('No face')
  })

  test('does not choose between two people', async () => {
    expect(await before('twoPeople', ({ page }) => verify(page, name))).toBe('Several faces')
  })

  test('forgets, leaving no trace of the name', async () => {
    await before('nobody', async ({ page }) => {
      await forget(page, name)
      await goTo(page, 'People')
      await page.getByText('Nobody is enrolled').waitFor()
    })
    for (const file of readdirSync(home())) {
      if (!file.startsWith('gallery')) continue
      expect(readFileSync(join(home(), file)).includes(Buffer.from(name)), file).toBe(false)
    }
  })
}

describe('in a real browser', () => {
  specification(openBrowserShell, () => join(folder, 'browser-home'))
})

const electron = electronBinary()
if (electron === null) console.warn('The desktop’s specification did not run: Electron’s binary is not here.')
describe.skipIf(electron === null)('in the desktop window (needs Electron’s binary)', () => {
  specification(openDesktopShell, () => join(folder, 'desktop-home'))
})
