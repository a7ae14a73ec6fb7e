import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

type Theme = 'light' | 'dark'

/**
 * What axe finds on the page, or in a part of it. The same page in the dark differs in its colours alone, so only their
 * rules are asked there: the others take most of the time, and would find nothing new.
 */
export async function violationsOf(
  page: Page,
  where: string,
  { theme = 'light', part }: { theme?: Theme; part?: string } = {},
): Promise<string[]> {
  await page.waitForTimeout(350) // what rises or fades is measured when it has arrived
  const axe = new AxeBuilder({ page })
  if (part) axe.include(part)
  if (theme === 'dark') axe.withRules(['color-contrast', 'link-in-text-block'])
  else axe.withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'])
  const { violations } = await axe.analyze()
  return violations.map(
    ({ id, nodes }) => `${where}: ${id} ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
  )
}
