import * as v from 'valibot'
import type { Parts } from '../parts.ts'

const Positive = v.pipe(v.number(), v.finite(), v.gtValue(0))
/** What a model's report says of the threshold that was in use when it was judged; one that was imported is anything. */
const Report = v.object({ threshold: v.object({ before: Positive, after: Positive }) })

/**
 * How far a threshold moves from model `version` to the one in use, at an equal rate of strangers: up to the model that
 * both were retrained from, and down again. Null where there is none, or a report on the way does not say.
 */
export function movedSince(
  { gallery, model }: Pick<Parts, 'gallery' | 'model'>,
  version: string,
): number | null {
  const [here, there] = [movedFrom(gallery, model.version), movedFrom(gallery, version)]
  const common = [...there.keys()].find((each) => here.has(each))
  return common === undefined ? null : here.get(common)! / there.get(common)!
}

/** How far a threshold moved from each model that `version` was retrained from, the nearest first; from itself, not at all. */
function movedFrom(gallery: Parts['gallery'], version: string): Map<string, number> {
  const moved = new Map<string, number>()
  // An imported model may name itself its own parent.
  for (let at = version, by = 1; !moved.has(at);) {
    moved.set(at, by)
    const described = gallery.models.version(at)
    const report = v.safeParse(Report, described?.report)
    if (!described || !report.success) break
    by *= report.output.threshold.after / report.output.threshold.before
    at = described.judgedAgainst ?? described.parent
  }
  return moved
}
