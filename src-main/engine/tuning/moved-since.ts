import * as v from 'valibot'
import type { Parts } from '../parts.ts'

const Positive = v.pipe(v.number(), v.finite(), v.gtValue(0))
/** What a model's report says of the threshold that was in use when it was judged; one that was imported is anything. */
const Report = v.object({ threshold: v.object({ before: Positive, after: Positive }) })

/**
 * How far a threshold moves from model `version` to the one in use, at an equal rate of strangers: the product over the
 * runs between them. Null where the model in use does not descend from it, or a report does not say.
 */
export function movedSince(
  { gallery, model }: Pick<Parts, 'gallery' | 'model'>,
  version: string,
): number | null {
  const passed = new Set<string>() // an imported model may name itself its own parent
  let moved = 1
  for (let at = model.version; at !== version;) {
    const described = passed.has(at) ? null : gallery.modelVersion(at)
    const report = v.safeParse(Report, described?.report)
    if (!described || !report.success) return null
    passed.add(at)
    moved *= report.output.threshold.after / report.output.threshold.before
    at = described.parent
  }
  return moved
}
