import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Refusal } from '../contract.ts'
import { refused } from '../engine/refusal.ts'
import { compareBytes } from '../evaluation/byte-order.ts'
import { shown } from './shown.ts'

/** One folder of a data set, named after its person. */
export interface PersonFolder {
  name: string
  files: string[] // paths, in byte order
}

/** The people of a data set in byte order; a person without a file is left out. */
export async function listPeople(folder: string): Promise<PersonFolder[] | Refusal> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => null)
  if (!entries) return refused('no-such-folder', `${shown(folder)} is not a folder that can be read.`)
  const names = entries.filter((entry) => !entry.isFile()).map((entry) => entry.name)
  const people: PersonFolder[] = []
  for (const name of names.sort(compareBytes)) {
    // A link may lead to a folder or to anything; what has no list of files is nobody's folder.
    const inside = await readdir(join(folder, name), { withFileTypes: true }).catch(() => [])
    const files = inside
      .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
    if (files.length > 0)
      people.push({ name, files: files.sort(compareBytes).map((file) => join(folder, name, file)) })
  }
  return people.length > 0
    ? people
    : refused('no-people', `There is no folder of a person in ${shown(folder)}: one folder each is expected.`)
}

/** The number a photograph has in LFW's lists: the digits before its extension, "Some_Body_0007.jpg" or "7.pgm". */
export function numberOf(path: string): number {
  return Number(/(\d+)\.[^.]*$/.exec(basename(path))?.[1] ?? NaN)
}
