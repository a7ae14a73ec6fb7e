import type { CohortId, PersonId, PhotographId, Strangers } from '../contract.ts'
import type { ExportedGallery } from './export-records.ts'
import type { Store } from './store.ts'

/** What somebody or something in the file is called here: their old number, where it was free. */
export class Numbers {
  readonly people = new Map<PersonId, PersonId>()
  readonly photographs = new Map<PhotographId, PhotographId>()
  readonly cohorts = new Map<CohortId, CohortId>()
  /** Whether old numbers are kept: reports, marks and what thresholds were measured on then hold as they are. */
  readonly areKept: boolean

  constructor(areKept: boolean) {
    this.areKept = areKept
  }
}

/** A choice measured on a cohort names it as it is called here. */
export function withCohort<C extends { strangers: Strangers }>(choice: C, { cohorts }: Numbers): C {
  const { strangers } = choice
  if (strangers.kind !== 'cohort' || strangers.cohort === null) return choice
  return { ...choice, strangers: { ...strangers, cohort: cohorts.get(strangers.cohort) ?? strangers.cohort } }
}

type Numbered = Parameters<Store['nextId']>[0]

/**
 * In a gallery that has never held anybody, the file's numbers are set aside, so that nobody who is enrolled meanwhile
 * gets one of them. Whether they could be: a number that was used once is never used again.
 */
export function reserve(store: Store, file: ExportedGallery): boolean {
  const last: Partial<Record<Numbered, number>> = {
    person: highest(file.people.map(({ number }) => number)),
    photograph: highest(file.people.flatMap((person) => person.photographs.map(({ number }) => number))),
    cohort: highest(file.cohorts.map(({ number }) => number)),
    cohort_photograph: highest(file.strangers.map(({ number }) => number)),
    model_version: highest(file.models.map(({ number }) => number)),
  }
  const tables = Object.keys(last) as Numbered[]
  if (tables.some((table) => store.nextId(table) > 1)) return false
  for (const table of tables) setLastNumber(store, table, last[table]!)
  return true
}

const highest = (numbers: (number | undefined)[]) =>
  numbers.reduce<number>((most, number) => Math.max(most, number ?? 0), 0)

/** Inside `store.write`: what is inserted gets this number, where numbers are kept. */
export function withNumber<T>(
  store: Store,
  table: Numbered,
  number: number | undefined,
  { areKept }: Numbers,
  insert: () => T,
): T {
  if (!areKept || number === undefined) return insert()
  const last = store.nextId(table) - 1
  setLastNumber(store, table, number - 1)
  const inserted = insert()
  setLastNumber(store, table, Math.max(last, store.nextId(table) - 1))
  return inserted
}

/** Where SQLite counts from: https://www.sqlite.org/autoinc.html */
function setLastNumber(store: Store, table: Numbered, last: number): void {
  if (store.run('UPDATE sqlite_sequence SET seq = ? WHERE name = ?', last, table) === 0)
    store.run('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)', table, last)
}
