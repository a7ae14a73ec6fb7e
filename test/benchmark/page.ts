/** `npm run bench -- page`: from the click on Verify to the decision on the page, before a fake camera. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { enrolFromCamera, goTo } from '../e2e/journeys.ts'
import { writeScenes } from '../e2e/scenes.ts'
import { openBrowserShell } from '../e2e/shell.ts'

const rounds = 7

/** Prints the median and the range, in milliseconds; needs the built page (`npm run build`). */
export async function run(): Promise<{ medianMs: number; timesMs: number[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'semblance-page-bench-'))
  const home = join(folder, 'home')
  const scenes = await writeScenes(folder, ['enrolling', 'samePerson'])
  const enrolling = await openBrowserShell({ home, camera: scenes.enrolling })
  await enrolFromCamera(enrolling.page, 'Fay Beispiel')
  await enrolling.close()

  const { page, close } = await openBrowserShell({ home, camera: scenes.samePerson })
  await goTo(page, 'Verify')
  await page.getByRole('option', { name: 'Fay Beispiel' }).click()
  const timesMs: number[] = []
  for (let round = 0; round < rounds; round++) {
    await page.waitForTimeout(2000) // the preview has settled, as before a person who looks first
    const started = performance.now()
    await page.getByRole('button', { name: 'Verify' }).click()
    await page.getByTestId('verdict').waitFor()
    timesMs.push(Math.round(performance.now() - started))
    await page.keyboard.press('Escape')
  }
  await close()
  rmSync(folder, { recursive: true })
  timesMs.sort((a, b) => a - b)
  const medianMs = timesMs[rounds >> 1]!
  console.log(
    `| click on Verify to decision | ≤ 1,200 ms | median ${medianMs} ms, ${timesMs[0]}–${timesMs.at(-1)} ms in ${rounds} |`,
  )
  return { medianMs, timesMs }
}
