import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CallName, Takes } from '../../src-main/contract.ts'
import { open, openWorkbench, type Opened, type Wish, type Workbench } from './browser.ts'
import { ScriptedEngine, tooFar } from './scripted-engine.ts'

interface Extent {
  scrollHeight: number
  clientHeight: number
  scrollWidth: number
  clientWidth: number
}

let workbench: Workbench
beforeAll(async () => {
  workbench = await openWorkbench()
})
afterAll(() => workbench?.close())

async function verifying(
  prepare: (engine: ScriptedEngine) => void,
  wish: Wish,
  check: (opened: Opened, engine: ScriptedEngine) => Promise<void>,
) {
  const engine = await ScriptedEngine.withPeople()
  prepare(engine)
  const opened = await open(workbench, engine, wish)
  try {
    await opened.page
      .getByText('Choose whom to verify.')
      .or(opened.page.getByText(tooFar.sentence))
      .first()
      .waitFor()
    await check(opened, engine)
    expect(opened.complaints).toEqual([])
  } finally {
    await opened.close()
  }
}

/** Chooses Ada by keyboard alone and presses Space. */
async function verifyAda({ page }: Opened) {
  await page.keyboard.type('ada')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Space')
  await page.getByTestId('verdict').waitFor()
}

describe('the Verify view', () => {
  test('is used by keyboard alone: type a name, Enter, Space; the verdict comes with its evidence', () =>
    verifying(
      () => {},
      {},
      async (opened, engine) => {
        const { page } = opened
        expect(
          await page
            .getByRole('combobox', { name: 'Whom to verify' })
            .evaluate((field: { matches(selector: string): boolean }) => field.matches(':focus')),
        ).toBe(true)
        await page.keyboard.type('ada')
        await page.keyboard.press('Enter')
        await page.keyboard.press('Space')
        await page.getByTestId('verdict').waitFor()
        await expect.poll(() => page.getByTestId('verdict').textContent()).toBe('Match')
        const evidence = page.getByRole('region', { name: 'Evidence' })
        await evidence
          .getByRole('img', { name: 'Distance 0.512, threshold 0.871: inside by 0.359.' })
          .waitFor()
        await evidence.getByRole('img', { name: 'Best frame of this burst' }).waitFor()
        await evidence.getByRole('img', { name: 'Nearest enrolled photograph' }).waitFor()

        const heard = <N extends CallName>(call: N) =>
          engine.heard.filter(({ name }) => name === call).map(({ takes }) => takes as Takes<N>)
        expect(heard('verify.begin')).toEqual([{ person: 1 }])
        expect(heard('verify.decide')).toEqual([{ burst: 'burst' }])
        const frames = heard('verify.frame').map(({ frame }) => frame)
        expect(frames).toHaveLength(5)
        for (const { width, height, rgba } of frames)
          expect([width, height, rgba.length]).toEqual([640, 480, 640 * 480 * 4])
        // A frame of the film, not an empty one: the wall at the left, the shirt at the bottom.
        const [red, green, blue] = frames[0]!.rgba.subarray((470 * 640 + 320) * 4)
        expect([red! < 90, green! > 60, blue! > red!]).toEqual([true, true, true])
      },
    ))

  // The time from the key to the verdict is a figure of the benchmark: here only what would spoil it.
  test('a decision waits behind no preview, and the burst takes no longer than half a second of the camera', () =>
    verifying(
      (engine) => (engine.verifyMs = 600),
      {},
      async (opened, engine) => {
        await verifyAda(opened)
        expect(engine.previewsWhileDeciding).toBe(0)
        const burst = await opened.page.evaluate(
          `getComputedStyle(document.querySelector('.stage > svg')).getPropertyValue('--burst')`,
        )
        expect(burst).toBe('500ms')
      },
    ))

  test('tells the verdict to screen readers at once', () =>
    verifying(
      (engine) => (engine.decides = 'no-match'),
      {},
      async (opened) => {
        await verifyAda(opened)
        await opened.page
          .getByRole('alert')
          .filter({ hasText: 'No match: this is not Ada Example. Distance 1.214' })
          .waitFor({ state: 'attached' })
      },
    ))

  test('shows the measure and the number of a refusal, and what to do', () =>
    verifying(
      (engine) => {
        engine.decides = 'poor-quality'
        engine.sees = { ...engine.sees, quality: [tooFar], hint: tooFar.sentence }
      },
      {},
      async (opened) => {
        await verifyAda(opened)
        const { page } = opened
        await expect.poll(() => page.getByTestId('verdict').textContent()).toBe('Picture too poor')
        await page.getByRole('heading', { name: 'Move closer: your eyes are 31 px apart' }).waitFor()
        await page.getByText('Distance between the eyes: 31 px, limit 60 px').waitFor()
      },
    ))

  test.each(['no-face', 'several-faces', 'not-enrolled'] as const)('says in words what %s means', (kind) =>
    verifying(
      (engine) => (engine.decides = kind),
      {},
      async (opened) => {
        await verifyAda(opened)
        await opened.page.getByText('Nothing was compared.').waitFor()
      },
    ),
  )

  test('counts down a lock and offers no attempt meanwhile', () =>
    verifying(
      (engine) => (engine.decides = 'locked-out'),
      {},
      async (opened, engine) => {
        await verifyAda(opened)
        await opened.page.getByRole('button', { name: /Locked for \d+ s/ }).waitFor()
        await opened.page.keyboard.press('Space')
        await opened.page.waitForTimeout(800)
        expect(engine.heard.filter(({ name }) => name === 'verify.begin')).toHaveLength(1)
      },
    ))

  test('fits into 1024×700 without scrolling, and moves nothing when a verdict comes', () =>
    verifying(
      () => {},
      { width: 1024, height: 700 },
      async (opened) => {
        const { page } = opened
        const scrolls = () =>
          page
            .locator('main')
            .evaluate((main: Extent) => [
              main.scrollHeight - main.clientHeight,
              main.scrollWidth - main.clientWidth,
            ])
        const places = () =>
          page.evaluate(
            `['.stage', '.evidence', '.act', '.under'].map((it) => JSON.stringify(document.querySelector(it).getBoundingClientRect()))`,
          )
        expect(await scrolls()).toEqual([0, 0])
        const before = await places()
        await verifyAda(opened)
        expect(await scrolls()).toEqual([0, 0])
        expect(await places()).toEqual(before)
      },
    ))

  test('works at 200 % zoom: nothing is cut off sideways', () =>
    verifying(
      () => {},
      { width: 512, height: 400 },
      async (opened) => {
        await verifyAda(opened)
        expect(await opened.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(512)
        expect(
          await opened.page.locator('main').evaluate((main: Extent) => main.scrollWidth - main.clientWidth),
        ).toBe(0)
      },
    ))

  test('never has two previews under way: a slow engine lowers the rate and nothing else', () =>
    verifying(
      (engine) => (engine.previewMs = 150),
      {},
      async ({ page }, engine) => {
        await page.waitForTimeout(1000)
        expect(engine.mostPreviewsAtOnce).toBe(1)
        expect(engine.previews).toBeGreaterThan(3)
      },
    ))

  test('explains a refused camera and how to allow it', async () => {
    const opened = await open(workbench, await ScriptedEngine.withPeople(), { camera: 'denied' })
    await opened.page.getByRole('heading', { name: 'The camera is not allowed' }).waitFor()
    await opened.context.grantPermissions(['camera'])
    await opened.page.getByText('Choose whom to verify.').waitFor({ timeout: 5000 })
    await opened.close()
  })

  test('says who can be verified when nobody is enrolled, and leads there', async () => {
    const opened = await open(workbench, await ScriptedEngine.withPeople(0))
    await opened.page.getByRole('link', { name: 'Enrol the first person' }).click()
    await opened.page.getByLabel('Name').waitFor()
    expect(opened.complaints).toEqual([])
    await opened.close()
  })
})
