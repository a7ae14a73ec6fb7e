import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TransferOptions } from './export-gallery.ts'
import type { ExportedGallery, ExportedPerson, ExportedStranger } from './export-records.ts'
import { asTheirCropsShow, nobodyLooks, type Looker } from './imported-photographs.ts'

/** A record of an imported file after its crops were looked at. */
export type LookedAt =
  | { kind: 'stranger'; stranger: ExportedStranger; hash: string }
  /** `changed` and `unchecked` count photographs, `hashes` are of the hard examples. */
  | { kind: 'person'; person: ExportedPerson; hashes: string[]; changed: number; unchecked: number }

/**
 * A file's strangers and people, one after the other, until it is stopped. What is yielded counts as done when the next is
 * asked for.
 * @param isHere whether somebody of this name stays as they are: nobody looks at who is not taken over
 */
export async function* lookedAt(
  { strangers, people }: ExportedGallery,
  {
    looker,
    isHere,
    onProgress,
    signal,
  }: TransferOptions & { looker: Looker | null; isHere: (name: string) => boolean },
): AsyncGenerator<LookedAt, void> {
  const total = strangers.length + people.length
  let done = 0
  const step = async () => {
    onProgress?.(++done, total)
    await sleep(1) // the lock is free for as long, so that another process gets its turn
  }
  for (const stranger of strangers) {
    if (signal?.aborted) return
    yield { kind: 'stranger', stranger, hash: await cropHashOf(stranger.crop) }
    await step()
  }
  for (const each of people) {
    if (signal?.aborted) return
    const hashes = await Promise.all(each.hardExamples.map(({ crop }) => cropHashOf(crop)))
    const look = isHere(each.name) || !looker ? nobodyLooks : looker.look
    yield { kind: 'person', hashes, ...(await asTheirCropsShow(each, look)) }
    await step()
  }
}

/** Of the pixels, as the pipeline tells a photograph; of the file where they cannot be read. */
async function cropHashOf(png: Uint8Array): Promise<string> {
  // Loads the image library: an import without strangers does without it.
  const { cropFromPng, cropHash } = await import('../vision/kept-crop.ts')
  try {
    return cropHash(await cropFromPng(png))
  } catch {
    return createHash('sha256').update(png).digest('hex') // it is shown as unreadable when somebody looks at it
  }
}
