import { createHash } from 'node:crypto'
import type { NewPerson, NewPhotograph } from '../../src-main/gallery/records.ts'
import type { NewModelVersion } from '../../src-main/gallery/versions.ts'

export function someone(name: string): NewPerson {
  return { name, consentAt: 1_700_000_000_000, skippedViews: [] }
}

/** A made-up photograph: everything in it follows from the seed, its hash from its crop. */
export function photographOf(seed: number, changes: Partial<NewPhotograph> = {}): NewPhotograph {
  const crop = cropOf(seed)
  return {
    crop,
    cropHash: hashOf(crop),
    capturedAt: 1_700_000_000_000 + seed,
    source: 'file',
    view: null,
    quality: [
      {
        component: 'Sharpness',
        value: seed % 7,
        limit: 3,
        unit: '',
        passes: seed % 7 >= 3,
        sentence: 'Hold still.',
      },
    ],
    modelVersion: 'model-1',
    features: vectorOf(seed + 1e6, 256),
    embedding: unitVectorOf(seed, 128),
    ...changes,
  }
}

/** What a made-up run leaves, fit to be promoted; its head or network is said by the test. */
export function madeVersion(changes: Partial<NewModelVersion>): NewModelVersion {
  return {
    base: '1',
    parent: '1',
    recipe: {},
    processor: 'cpu',
    seconds: 1,
    trainedOn: { people: [], photographs: 0, others: '', hash: '' },
    verdict: 'promote',
    report: {},
    card: {},
    ...changes,
  }
}

/** As a PNG of a crop's size begins, then noise: the gallery does not look further. */
export function cropOf(seed: number, bytes = 3000): Uint8Array {
  const next = random(seed)
  const crop = Uint8Array.from({ length: bytes }, () => next() * 256)
  crop.set(start.subarray(0, bytes))
  return crop
}

const start = Buffer.from('89504e470d0a1a0a 0000000d49484452 00000100 00000100'.replaceAll(' ', ''), 'hex') // 256 × 256

export function hashOf(crop: Uint8Array): string {
  return createHash('sha256').update(crop).digest('hex')
}

export function unitVectorOf(seed: number, length: number): Float32Array {
  const vector = vectorOf(seed, length)
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
  return vector.map((value) => value / norm)
}

function vectorOf(seed: number, length: number): Float32Array {
  const next = random(seed)
  return Float32Array.from({ length }, () => next() * 2 - 1)
}

/** Numbers in [0, 1) from a seed: mulberry32. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
