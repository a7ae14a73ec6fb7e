import { rename, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { refused } from '../engine/refusal.ts'
import { done, refusedOutcome, type Outcome } from './outcome.ts'
import { askPassphrase } from './passphrase.ts'
import { count, shown } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

const shortestPassphrase = 8 // characters; the contract asks for as many

/** Writes the gallery to one encrypted file, whole or not at all. */
export function exportTo(
  file: string,
  options: GalleryOptions & { force?: boolean },
  terminal: Terminal,
): Promise<Outcome> {
  return withGallery(options, terminal, false, async ({ gallery }) => {
    if (existsSync(file) && !options.force)
      return refusedOutcome(refused('file-exists', `${shown(file)} exists: overwrite it with --force.`))
    const asked = await askPassphrase(terminal, 'Passphrase for the file: ', true)
    if (asked.kind === 'refused') return refusedOutcome(asked)
    if (asked.passphrase.length < shortestPassphrase)
      return refusedOutcome(
        refused('passphrase-too-short', `A passphrase has ${shortestPassphrase} characters or more.`),
      )
    const { people, photographs } = gallery.counts()
    const progress = await terminal.progress(people, 'Writing people')
    const exported = await gallery.exportTo(asked.passphrase, { onProgress: (step) => progress.step(step) })
    progress.stop()
    if (exported.kind === 'refused') return refusedOutcome(exported)
    const refusal = await writeWhole(file, exported.bytes)
    if (refusal) return refusedOutcome(refusal)
    return done({ kind: 'exported', file, people, photographs, bytes: exported.bytes.length }, [
      `${count(people, 'person', 'people')} and ${count(photographs, 'photograph')} are in ${shown(file)}.`,
    ])
  })
}

/** Written aside and renamed: an interruption leaves the old file or the new one. */
export async function writeWhole(file: string, bytes: Uint8Array) {
  const aside = `${file}.${process.pid}.part`
  try {
    await writeFile(aside, bytes, { mode: 0o600, flush: true })
    await rename(aside, file)
    return null
  } catch (error) {
    await rm(aside, { force: true })
    const { code, message } = error as NodeJS.ErrnoException
    return refused('file-not-written', `${shown(file)} cannot be written (${code ?? message}).`)
  }
}
