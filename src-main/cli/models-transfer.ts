import { existsSync } from 'node:fs'
import { exportModel } from '../engine/retraining/export-model.ts'
import { importModel } from '../engine/retraining/import-model.ts'
import { candidateReport } from '../engine/retraining/model-list.ts'
import { refused } from '../engine/refusal.ts'
import { writeWhole } from './export.ts'
import { ensureModels } from './models.ts'
import { fullVersion } from './models-list.ts'
import { reportLines } from './models-show.ts'
import { done, refusedOutcome, type Outcome } from './outcome.ts'
import { readBytes } from './photograph-files.ts'
import { shown } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

const largestModel = 256 * 1024 * 1024 // bytes, as the page takes

/** Writes a model as one standalone ONNX file that says where it comes from. */
export function exportOne(
  said: string,
  file: string,
  options: GalleryOptions & { force?: boolean },
  terminal: Terminal,
): Promise<Outcome> {
  return withGallery(options, terminal, false, async (parts) => {
    if (existsSync(file) && !options.force)
      return refusedOutcome(refused('file-exists', `${shown(file)} exists: overwrite it with --force.`))
    await ensureModels(terminal) // a head goes with the network under it
    const exported = await exportModel(parts, fullVersion(parts, said))
    if (exported.kind === 'refused') return refusedOutcome(exported)
    const refusal = await writeWhole(file, exported.bytes)
    if (refusal) return refusedOutcome(refusal)
    return done({ kind: 'exported', file, bytes: exported.bytes.length }, [
      `The model is in ${shown(file)}. It was made from faces: give it to nobody who may not know whose.`,
    ])
  })
}

/** Takes in a model that was exported elsewhere, as a candidate that the gate judges on this gallery. */
export async function importOne(file: string, options: GalleryOptions, terminal: Terminal): Promise<Outcome> {
  const bytes = await readBytes(file, largestModel)
  if (!(bytes instanceof Uint8Array)) return refusedOutcome(bytes)
  return withGallery(options, terminal, false, async (parts) => {
    await ensureModels(terminal)
    const job = { signal: new AbortController().signal, progress: () => {} }
    const imported = await importModel(parts, bytes, job)
    if (imported.kind === 'refused') return refusedOutcome(imported)
    const report = candidateReport(parts, imported.version)
    if (report.kind === 'refused') return refusedOutcome(report)
    return done({ ...imported, report }, [
      ...reportLines(report),
      report.verdict === 'promote'
        ? `Candidate ${imported.version}. "semblance promote ${imported.version}" puts it in use.`
        : `Candidate ${imported.version} is kept to be looked at and is not used.`,
    ])
  })
}
