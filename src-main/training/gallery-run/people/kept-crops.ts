import type { PersonId } from '../../../contract.ts'
import type { Gallery } from '../../../gallery/gallery.ts'
import { cropSidePx, type Picture } from '../../../vision/face.ts'
import { cropFromPng } from '../../../vision/kept-crop.ts'
import { remembering } from '../../feeding/batches.ts'

/** Photographs to train or judge on, row by row: whose each is, what the model in use makes of it, and its kept crop. */
export interface Crops {
  /** Equal where the person is. */
  people: Int32Array
  vectors: Float32Array // rows × dimension, unit length
  crop(row: number): Promise<Picture>
  /** The crop as it is kept, where it can be handed to another thread. */
  png?(row: number): Uint8Array
}

type Kind = 'photograph' | 'stranger' | 'probe'

/** Crops as a gallery keeps them. */
export interface KeptCrops extends Required<Pick<Crops, 'crop' | 'png'>> {
  /** Throws where the row's crop cannot be read, and keeps nothing of it in memory. */
  check(row: number): Promise<void>
}

/**
 * Kept crops by row: of enrolled photographs, of strangers, of probes that were decided wrongly. Reading one that is damaged
 * throws a sentence that says whose it is.
 */
export function keptCrops(gallery: Gallery, kind: Kind, numbers: readonly number[]): KeptCrops {
  const stored = (number: number) =>
    kind === 'photograph'
      ? gallery.crop(number)
      : kind === 'stranger'
        ? gallery.cohorts.strangerCrop(number)
        : gallery.hardExamples.crop(number)
  const png = (row: number) => {
    const bytes = stored(numbers[row]!)
    if (!bytes) throw new Error(unreadable(gallery, kind, numbers[row]!))
    return bytes
  }
  const decoded = async (row: number) => {
    const picture = await cropFromPng(png(row)).catch(() => null) // the library's words are about its bytes
    if (picture?.width !== cropSidePx || picture.height !== cropSidePx)
      throw new Error(unreadable(gallery, kind, numbers[row]!))
    return picture
  }
  const crop = remembering(decoded)
  return { crop, png, check: async (row) => void (await decoded(row)) }
}

/** Crops of so many rows, to be read before a training of minutes that would end at one that is damaged. */
export interface CropsToCheck {
  check: KeptCrops['check']
  rows: number
  /** A damaged one is left out, where one throws otherwise. */
  mayBeLeftOut?: boolean
}

const tellEvery = 20

/** Reads every crop once, tells how many are done, and gives the rows that can be read, part by part. Throws as `keptCrops` does. */
export async function* readEveryCrop(
  parts: readonly CropsToCheck[],
): AsyncGenerator<{ done: number; total: number }, number[][]> {
  const total = parts.reduce((sum, { rows }) => sum + rows, 0)
  const readable: number[][] = []
  let done = 0
  for (const { check, rows, mayBeLeftOut = false } of parts) {
    const found: number[] = []
    for (let row = 0; row < rows; row++) {
      const isRead = await check(row).then(
        () => true,
        (error: unknown) => {
          if (!mayBeLeftOut) throw error
          return false
        },
      )
      if (isRead) found.push(row)
      if (++done % tellEvery === 0 || done === total) yield { done, total }
    }
    readable.push(found)
  }
  return readable
}

function unreadable(gallery: Gallery, kind: Kind, number: number): string {
  switch (kind) {
    case 'photograph': {
      const person = gallery.photograph(number)?.person
      return `The kept crop of photograph ${number}, of ${nameOf(gallery, person)}, cannot be read (any more): delete that photograph, or retrain the head, which needs no crops.`
    }
    case 'probe': {
      const probe = gallery.hardExamples.all().find(({ id }) => id === number)
      return `A photograph that was kept after a wrong decision about ${nameOf(gallery, probe?.person)} cannot be read (any more): delete it, or retrain the head, which needs no crops.`
    }
    case 'stranger': {
      const stranger = gallery.cohorts.strangers().find(({ photograph }) => photograph === number)
      const cohort = gallery.cohorts.all().find((each) => each.cohort === stranger?.cohort)
      return `Photograph ${number} of strangers, in the cohort ${cohort?.name ?? 'that is gone'}, cannot be read (any more): import that cohort anew, or retrain the head, which needs no crops.`
    }
  }
}

function nameOf(gallery: Gallery, person: PersonId | undefined): string {
  return (person !== undefined && gallery.person(person)?.name) || 'somebody who is gone'
}
