import { cohorts, strangers } from './cohorts.ts'
import type { Store } from './store.ts'
import { isRecorded, putStrangersThatTrained, strangersThatTrained } from './trained-on.ts'
import { modelVersions, type ModelVersion } from './versions.ts'

/**
 * Strangers by the models they trained, of which nothing is kept: a model that was made before that was kept says only in
 * words that people of cohorts were among them. Everybody counts who can have been: all who are in a cohort that was there
 * when it was made. What descends from it follows.
 */
export function unrecordedTraining(store: Store): Map<string, string[]> {
  const unrecorded = new Map<string, string[]>()
  for (const model of modelVersions(store)) {
    const { version, base, parent } = model
    // Older ones than that say nothing at all.
    const others = (model as Partial<ModelVersion>).trainedOn?.others ?? ''
    const own = saysPeopleOfCohorts(others) && !isRecorded(store, version) ? whoWasThere(store, model) : []
    const inherited = [base, parent].flatMap((each) =>
      unrecorded.has(each) ? [...unrecorded.get(each)!, ...strangersThatTrained(store, each)] : [],
    )
    if (own.length + inherited.length > 0) unrecorded.set(version, [...own, ...inherited])
  }
  return unrecorded
}

/** Inside `store.write`. */
export function recordWhoTrained(store: Store): void {
  for (const [version, crops] of unrecordedTraining(store)) putStrangersThatTrained(store, version, crops)
}

/** As a run writes whom it mixed in. */
export function saysPeopleOfCohorts(others: string): boolean {
  return others.includes('people of cohorts')
}

function whoWasThere(store: Store, { madeAt }: ModelVersion): string[] {
  const there = new Set(
    cohorts(store)
      .filter(({ importedAt }) => importedAt <= madeAt)
      .map(({ cohort }) => cohort),
  )
  return strangers(store).flatMap(({ cohort, crop }) => (there.has(cohort) && crop !== null ? [crop] : []))
}
