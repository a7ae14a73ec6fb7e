import { openParts } from '../engine/open-parts.ts'
import type { Parts } from '../engine/parts.ts'
import { homeFolder, keyFromEnvironment } from './home.ts'
import { ensureModels } from './models.ts'
import { refusedOutcome, type Outcome } from './outcome.ts'
import type { Terminal } from './terminal.ts'

/** What every command that looks into a gallery is given. */
export interface GalleryOptions {
  home?: string
}

/**
 * Opens the gallery, does the work, closes it.
 * @param networks whether the work will look at photographs; else the networks are loaded only if it does after all
 */
export async function withGallery(
  options: GalleryOptions,
  terminal: Terminal,
  networks: boolean,
  work: (parts: Parts) => Promise<Outcome>,
): Promise<Outcome> {
  const key = keyFromEnvironment()
  if (networks) await ensureModels(terminal)
  const home = await homeFolder(options.home)
  const opened = await openParts({ home, key, threads: 2, lazy: !networks })
  if (opened.kind === 'refused') return refusedOutcome(opened)
  const { notice } = opened.parts.gallery
  if (notice) terminal.say(notice)
  try {
    return await work(opened.parts)
  } finally {
    opened.parts.gallery.close()
  }
}
