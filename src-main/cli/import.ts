import { lookAt } from '../engine/look-at.ts'
import { upToDate } from '../engine/model-in-use.ts'
import { reembed } from '../engine/re-embedding.ts'
import { reembedStrangers } from '../engine/tuning/cohort-photographs.ts'
import { ensureModels } from './models.ts'
import { refusedOutcome, type Outcome } from './outcome.ts'
import { askPassphrase } from './passphrase.ts'
import { readBytes } from './photograph-files.ts'
import { count, shown } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

const largestExport = 2047 * 1024 * 1024 // bytes; what Node reads as one file: some 15,000 photographs

/** Adds the people of an exported file; who has a name that is taken stays out and is named. */
export async function importFrom(
  file: string,
  options: GalleryOptions,
  terminal: Terminal,
): Promise<Outcome> {
  const bytes = await readBytes(file, largestExport)
  if (!(bytes instanceof Uint8Array)) return refusedOutcome(bytes)
  return withGallery(options, terminal, false, async (parts) => {
    const { gallery } = parts
    const asked = await askPassphrase(terminal, 'Passphrase of the file: ', false)
    if (asked.kind === 'refused') return refusedOutcome(asked)
    const looker = lookAt(parts)
    const imported = await gallery.importFrom(bytes, asked.passphrase, {
      looker: {
        ...looker,
        async ready(needs) {
          if (needs.hasCrops) await ensureModels(terminal)
          return looker.ready(needs)
        },
      },
    })
    if (imported.kind === 'refused') return refusedOutcome(imported)
    const now = upToDate(parts) // a restored gallery brings its model in use
    const { version } = now.model
    const strangers = gallery.cohorts.staleStrangers(version).length
    if (strangers > 0 || gallery.stale(version).some(({ hasCrop }) => hasCrop)) {
      await ensureModels(terminal)
      await reembed(now)
      const bar = strangers > 0 ? await terminal.progress(strangers, 'Looking at strangers anew') : null
      const progress = (done: number) => bar?.step(done)
      await reembedStrangers(now, { signal: new AbortController().signal, progress }).finally(() =>
        bar?.stop(),
      )
    }
    for (const name of imported.skipped)
      terminal.say(`${shown(name)}: not imported: somebody of this name is enrolled already.`)
    return {
      exitCode: imported.skipped.length > 0 ? 2 : 0,
      json: imported,
      text: [
        `${count(imported.people, 'person', 'people')} and ${count(imported.photographs, 'photograph')} imported.`,
        ...(imported.models > 0 ? [`${count(imported.models, 'retrained model')} added.`] : []),
        ...(imported.strangers > 0 ? [`${count(imported.strangers, 'photograph')} of strangers added.`] : []),
        ...imported.notes,
      ],
    }
  })
}
