import { compareModels } from '../engine/retraining/comparison.ts'
import { doubtedFmr, doubtedFnmr } from '../evaluation/doubt.ts'
import { shownDistance, shownDoubt } from '../evaluation/shown-rates.ts'
import { unpackComparisons } from '../evaluation/packed-comparisons.ts'
import { ensureModels } from './models.ts'
import { fullVersion } from './models-list.ts'
import { done, refusedOutcome, type Outcome } from './outcome.ts'
import { count, shown } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

/** Two models on the same photographs and the same pairs, as the gallery is now. */
export function compareTwo(
  saidBefore: string,
  saidAfter: string,
  options: GalleryOptions,
  terminal: Terminal,
): Promise<Outcome> {
  return withGallery(options, terminal, false, async (parts) => {
    await ensureModels(terminal) // a network may have to look at crops
    const [before, after] = [fullVersion(parts, saidBefore), fullVersion(parts, saidAfter)]
    const job = { signal: new AbortController().signal, progress: () => {} }
    const compared = await compareModels(parts, before, after, job)
    if (compared.kind === 'refused') return refusedOutcome(compared)
    const pools = compared.comparisons.map(({ inWords, threshold, ...packed }) => {
      const of = (side: 'before' | 'after') => {
        const unpacked = unpackComparisons(packed[side])
        return {
          threshold: threshold[side],
          fmr: doubtedFmr(unpacked, threshold[side]),
          fnmr: doubtedFnmr(unpacked, threshold[side]),
        }
      }
      return { inWords, before: of('before'), after: of('after') }
    })
    const changed = compared.people.filter(({ errors }) => errors.before !== errors.after)
    return done(
      {
        kind: compared.kind,
        before: compared.before,
        after: compared.after,
        comparisons: pools,
        people: compared.people,
        notes: compared.notes,
      },
      [
        ...pools.flatMap(({ inWords, ...sides }) => [
          `Impostors: ${inWords}`,
          ...(['before', 'after'] as const).map((side) => {
            const { threshold, fmr, fnmr } = sides[side]
            return `  ${compared[side].name.padEnd(14)} at ${shownDistance(threshold)}: FMR ${shownDoubt(fmr)}, FNMR ${shownDoubt(fnmr)}`
          }),
        ]),
        ...(changed.length > 0 ? ['', 'Whose errors changed, of held-out photographs:'] : []),
        ...changed.map(
          ({ name, comparisons, errors }) =>
            `  ${shown(name)}: ${errors.before} before, ${errors.after} after, of ${count(comparisons, 'photograph')}`,
        ),
        '',
        ...compared.notes,
      ],
    )
  })
}
