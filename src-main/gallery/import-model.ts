import type { ExportedModel } from './export-records.ts'
import { withNumber, type Numbers } from './import-numbers.ts'
import type { Store } from './store.ts'
import { asCrops } from './trained-on.ts'
import { addModelVersion, modelVersion } from './versions.ts'

/** Whether it was not here. Among other people than it was judged by, it has yet to earn its place. */
export function importModel(
  store: Store,
  { number, version, madeAt, description, head, network, strangers }: ExportedModel,
  numbers: Numbers,
  isRestored: boolean,
): boolean {
  if (modelVersion(store, version)) return false
  const { trainedOn, report, ...others } = description
  const model = {
    ...others,
    trainedOn: { ...trainedOn, people: trainedOn.people.map((person) => numbers.people.get(person) ?? 0) },
    report: renumbered(report, numbers),
    strangers: asCrops(strangers ?? new Uint8Array(0)),
    ...(head ? { head } : { network: network! }),
  }
  const restored = numbers.areKept ? { ...model, trainedOn, report } : model
  const named = isRestored
    ? restored
    : { ...restored, verdict: 'reject' as const, report: asOfElsewhere(model.report) }
  const added = withNumber(store, 'model_version', number, numbers, () => addModelVersion(store, named))
  if (added.kind === 'refused') throw new Error(added.message) // looked up a moment ago
  store.run('UPDATE model_version SET made_at = ? WHERE version = ?', madeAt, version)
  return true
}

/** A report as it stands where nobody of those is who were measured. */
function asOfElsewhere(report: unknown): object {
  const { sentence } = report as { sentence?: unknown }
  const there = typeof sentence === 'string' ? ` There: ${sentence}` : ''
  const here = `Rejected: it was judged in another gallery, and not by the people of this one.${there}`
  return { ...(report as object), kind: 'reject', failed: null, sentence: here, cameFrom: 'gallery-file' }
}

/** A report that speaks of people by their numbers here; of who did not come over, as of nobody (0). */
function renumbered(report: unknown, numbers: Numbers): unknown {
  if (Array.isArray(report)) return report.map((each) => renumbered(each, numbers))
  if (typeof report !== 'object' || report === null) return report
  return Object.fromEntries(
    Object.entries(report).map(([key, value]) =>
      key === 'person' && typeof value === 'number'
        ? [key, numbers.people.get(value) ?? 0]
        : [key, renumbered(value, numbers)],
    ),
  )
}
