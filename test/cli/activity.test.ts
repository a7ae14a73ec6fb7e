import { expect, test } from 'vitest'
import { activity } from '../../src-main/cli/activity.ts'
import type { Terminal } from '../../src-main/cli/terminal.ts'
import { Gallery } from '../../src-main/gallery/gallery.ts'
import { freshFolder } from './command-line.ts'

test('a claim’s control characters are written out on a screen, and stay as they are in a file', async () => {
  const home = freshFolder()
  const opened = await Gallery.open({ home, key: { kind: 'key-file' }, now: Date.now })
  if (opened.kind === 'refused') throw new Error(opened.message)
  opened.gallery.attempts.add({
    ...{ at: 1, person: null, claim: 'Ada\x1b[2J', outcome: 'not-enrolled' },
    ...{ distance: null, threshold: null, form: 'burst-template', modelVersion: '1' },
  })
  opened.gallery.close()
  const lines = async (onScreen: boolean) => {
    const { text } = await activity({ home, limit: 10, csv: true }, { onScreen } as Terminal)
    return text.join('\n')
  }
  expect(await lines(true)).toContain('Ada\\u{1b}[2J')
  expect(await lines(true)).not.toContain('\x1b')
  expect(await lines(false)).toContain('Ada\x1b[2J')
})
