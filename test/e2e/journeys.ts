import { expect } from 'vitest'
import type { Page } from 'playwright-core'

/** What a person does with the page, in their words; the same in a browser and in the desktop window. */

/** Guided enrolment from the camera. A view that the scene does not offer is skipped, and recorded so. */
export async function enrolFromCamera(page: Page, name: string): Promise<{ kept: number }> {
  await goTo(page, 'Enrol')
  await page.getByLabel('Name').fill(name)
  await page.getByRole('checkbox', { name: /agrees/ }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
  const done = page.getByRole('heading', { name: 'Every view is done' })
  for (let view = 0; view < 5; view++) {
    const step = page.getByText(`${view + 1} of 5`)
    const held = await step.waitFor({ timeout: 25_000 }).then(
      () => true,
      () => false, // this view cannot be had here
    )
    if (!held) await page.getByRole('button', { name: 'Skip this view' }).click()
    if (await done.isVisible()) break
  }
  await done.waitFor()
  await page.getByRole('button', { name: 'Check and save' }).click()
  const heading = page.getByRole('heading', { name: /photographs? to be saved/ })
  const kept = Number.parseInt((await heading.textContent()) ?? '', 10)
  await page.getByRole('button', { name: /^Save/ }).click()
  await page.getByRole('heading', { name: `${name} is enrolled` }).waitFor()
  return { kept }
}

/** Claims to be `name` before the camera; gives the words of the verdict as they stand on the page. */
export async function verify(page: Page, name: string): Promise<string> {
  await goTo(page, 'Verify')
  await page.getByRole('option', { name }).click()
  const button = page.getByRole('button', { name: 'Verify' })
  await expect.poll(() => button.getAttribute('aria-disabled'), { timeout: 30_000 }).toBe('false')
  await page.keyboard.press('Space')
  const verdict = page.getByTestId('verdict')
  await verdict.waitFor({ timeout: 15_000 })
  return (await verdict.textContent()) ?? ''
}

/** By the rail, which works from the first paint on. */
export async function goTo(page: Page, view: 'Verify' | 'Enrol' | 'People'): Promise<void> {
  await page.getByRole('navigation').getByRole('link', { name: view }).click()
}

/** Forgets a person by typing their name. */
export async function forget(page: Page, name: string): Promise<void> {
  await goTo(page, 'People')
  await page
    .getByRole('link', { name: new RegExp(name) })
    .first()
    .click()
  await page.getByRole('button', { name: /^Forget/ }).click()
  const dialog = page.getByRole('alertdialog').or(page.getByRole('dialog'))
  await dialog.getByRole('textbox').fill(name)
  await dialog.getByRole('button', { name: /^Forget/ }).click()
  await dialog.waitFor({ state: 'hidden' })
}
