import { readdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { Cohort, Refusal } from '../contract.ts'
import { refused } from '../engine/refusal.ts'
import { keepStranger } from '../engine/tuning/cohort-photographs.ts'
import { compareBytes } from '../evaluation/byte-order.ts'
import { nameRefusal } from '../gallery/person-name.ts'
import { done, refusedOutcome, type Outcome } from './outcome.ts'
import { photographsAhead } from './photograph-files.ts'
import { columns, count, shown, shownTime } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

/** A folder of people who are not enrolled: one folder for each, and loose photographs of one person each. */
export async function importCohort(
  folder: string,
  options: GalleryOptions & { name?: string; mayTrain?: boolean },
  terminal: Terminal,
): Promise<Outcome> {
  const strangers = await listStrangers(folder)
  if (!Array.isArray(strangers)) return refusedOutcome(strangers)
  const name = options.name ?? basename(resolve(folder))
  const badName = nameRefusal(name)
  if (badName) return refusedOutcome(badName)
  return withGallery(options, terminal, true, async (parts) => {
    const { gallery } = parts
    const cohort = gallery.cohorts.add(name)
    const files = strangers.flatMap((paths, i) => paths.map((path) => ({ path, stranger: i + 1 })))
    const refusals: { file: string; reason: string; message: string }[] = []
    const progress = await terminal.progress(files.length, 'Keeping strangers')
    let looked = 0
    try {
      for await (const { path, read } of photographsAhead(files.map((file) => file.path))) {
        const kept = await keepStranger(parts, cohort, files[looked]!.stranger, read)
        if (kept.kind === 'refused') {
          refusals.push({ file: path, reason: kept.reason, message: kept.message })
          progress.say(`${shown(path)}: refused: ${kept.message}`)
        }
        progress.step(++looked)
      }
    } finally {
      progress.stop()
    }
    const own = gallery.cohorts.all().find((each) => each.cohort === cohort)!
    if (own.photographs === 0) {
      gallery.cohorts.remove(cohort)
      return refusedOutcome(
        refused(
          'no-photographs',
          `No face was found in any photograph of ${shown(folder)}: nothing was kept.`,
        ),
      )
    }
    if (options.mayTrain) gallery.cohorts.setMayTrain(cohort, true)
    return {
      exitCode: refusals.length > 0 ? 2 : 0,
      json: { kind: 'cohort', ...own, mayTrain: options.mayTrain === true, refused: refusals },
      text: [
        `Cohort ${cohort}, ${shown(name)}: ${count(own.people, 'stranger')}, ${count(own.photographs, 'photograph')} kept, ${refusals.length} refused.`,
        `semblance tune --strangers cohort:${cohort} measures against them.`,
      ],
    }
  })
}

export function listCohorts(options: GalleryOptions, terminal: Terminal): Promise<Outcome> {
  return withGallery(options, terminal, false, async ({ gallery }) => {
    const cohorts = gallery.cohorts.all()
    return done(
      { cohorts },
      cohorts.length === 0
        ? ['No strangers have been imported: semblance cohort import <folder>']
        : columns([['number', 'name', 'people', 'photographs', 'imported', ''], ...cohorts.map(rowOf)]),
    )
  })
}

export function removeCohort(cohort: number, options: GalleryOptions, terminal: Terminal): Promise<Outcome> {
  return withGallery(options, terminal, false, async ({ gallery }) => {
    const removed = gallery.cohorts.remove(cohort)
    return removed.kind === 'refused'
      ? refusedOutcome(removed)
      : done({ kind: 'removed', cohort }, [`Cohort ${cohort} and every crop of it are removed.`])
  })
}

/** Photographs of each stranger, in byte order. */
export async function listStrangers(folder: string): Promise<string[][] | Refusal> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => null)
  if (!entries) return refused('no-such-folder', `${shown(folder)} is not a folder that can be read.`)
  const strangers: string[][] = []
  for (const entry of entries.sort((a, b) => compareBytes(a.name, b.name))) {
    if (entry.name.startsWith('.')) continue
    if (entry.isFile()) {
      strangers.push([join(folder, entry.name)])
      continue
    }
    const inside = await readdir(join(folder, entry.name), { withFileTypes: true }).catch(() => [])
    const files = inside
      .filter((file) => !file.isDirectory() && !file.name.startsWith('.'))
      .map((file) => file.name)
      .sort(compareBytes)
    if (files.length > 0) strangers.push(files.map((file) => join(folder, entry.name, file)))
  }
  return strangers.length > 0
    ? strangers
    : refused(
        'no-photographs',
        `There is no photograph in ${shown(folder)}: one folder for each stranger is expected.`,
      )
}

function rowOf({ cohort, name, people, photographs, importedAt, mayTrain }: Cohort): string[] {
  return [
    String(cohort),
    shown(name),
    String(people),
    String(photographs),
    shownTime(importedAt),
    mayTrain ? 'may be trained on' : '',
  ]
}
