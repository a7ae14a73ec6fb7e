/** `npm run screenshots`: the README's pictures, of the real page with drawn people before the camera and in the gallery. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { open, openWorkbench, type Wish } from './browser.ts'
import { ScriptedEngine } from './scripted-engine.ts'

const folder = 'build/screenshots'
mkdirSync(folder, { recursive: true })
const workbench = await openWorkbench()

await take('verify', { hash: '#/verify', theme: 'light' }, async (page) => {
  await page.getByRole('option').first().click()
  await page.waitForTimeout(1500)
  await page.keyboard.press('Space')
  await page.getByTestId('verdict').waitFor()
  await page.waitForTimeout(700)
})
await take('enrol', { hash: '#/enrol', theme: 'dark' }, async (page) => {
  await page.getByLabel('Name').fill('Fay Beispiel')
  await page.getByRole('checkbox', { name: /agrees/ }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('heading', { name: 'Turn your head a little to your left' }).waitFor()
  await page.waitForTimeout(500)
})
await take('people', { hash: '#/people', theme: 'light' }, (page) => page.waitForTimeout(800))
await take('tune', { hash: '#/tune', theme: 'dark' }, (page) => page.waitForTimeout(3000))
const gallery = await ScriptedEngine.withPeople()
gallery.retraining.names.push(...Array.from({ length: 32 }, (_, i) => `Sample ${i + 6}`))
const { version } = await gallery.retraining.addMade('healthy', {}, Date.now() - 40_000)
await take(
  'retrain',
  { hash: `#/retrain/${version}`, theme: 'light' },
  async (page) => {
    await page.getByRole('heading', { name: 'Detection error trade-off' }).waitFor()
    await page.waitForTimeout(800)
  },
  gallery,
)
await workbench.close()

async function take(
  name: string,
  wish: Wish,
  prepare: (page: Page) => Promise<void>,
  engine?: ScriptedEngine,
): Promise<void> {
  const opened = await open(workbench, engine ?? (await ScriptedEngine.withPeople()), {
    width: 1024,
    height: 700,
    ...wish,
  })
  // Chromium calls its fake camera by the path of the film, which would show whose machine this was.
  await opened.context.addInitScript(
    "Object.defineProperty(MediaStreamTrack.prototype, 'label', { get: () => 'Drawn camera' })",
  )
  await opened.page.reload()
  await prepare(opened.page)
  await opened.page.screenshot({ path: join(folder, `${name}.png`) })
  await opened.close()
}
