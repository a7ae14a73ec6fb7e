import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { Gallery } from '../../src-main/gallery/gallery.ts'
import type { KeySource } from '../../src-main/gallery/key-keeper.ts'
import type { NewPhotograph } from '../../src-main/gallery/records.ts'
import { someone } from './made-up.ts'

export { cropOf, hashOf, photographOf, random, someone, unitVectorOf } from './made-up.ts'

/** An empty folder that goes when the test ends. */
export function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'semblance-gallery-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  return home
}

export async function openGallery(
  home: string,
  { key = { kind: 'key-file' }, now = Date.now }: { key?: KeySource; now?: () => number } = {},
): Promise<Gallery> {
  const opened = await Gallery.open({ home, key, now })
  if (opened.kind === 'refused') throw new Error(opened.message)
  onTestFinished(() => opened.gallery.close())
  return opened.gallery
}

/** Adds a person and gives their number. */
export function enrolled(gallery: Gallery, name: string, photographs: NewPhotograph[] = []): number {
  const outcome = gallery.enrol(someone(name), photographs)
  if (outcome.kind === 'refused') throw new Error(outcome.message)
  return outcome.person
}

/** Every byte the gallery has in its folder but its key: database, write-ahead log and its index. */
export function galleryBytes(home: string): Buffer {
  const paths = ['', '-wal', '-shm', '-journal'].map((suffix) => join(home, `gallery.sqlite${suffix}`))
  return Buffer.concat(paths.filter((path) => existsSync(path)).map((path) => readFileSync(path)))
}
