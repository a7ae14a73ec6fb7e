import type { Comparisons } from './comparisons.ts'
import { curveOf } from './curves.ts'
import { doubtedFmr, doubtedFnmr } from './doubt.ts'
import type { DoubtedRate } from './doubt.ts'
import { equalErrorRate, operatingPointAt, thresholdAtCount } from './error-rates.ts'
import type { OperatingPoint } from './error-rates.ts'
import type { Form } from './form.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'
import { percent, supportedFmr } from './supported-rate.ts'

/** How the user wants the threshold chosen. */
export type Wish =
  | { by: 'fmr'; fmr: number } // the one-sided 95 % bound on FMR, not the measured rate, is held to this
  | { by: 'eer' }
  | { by: 'cost'; falseMatch: number; falseNonMatch: number; impostorPrior: number } // prices; share of claims
  | { by: 'hand'; threshold: number }

/** What a chosen threshold was chosen from; stored with it. */
export interface Source {
  model: string
  /** Changes whenever a photograph or person of the gallery does. */
  gallery: string
  at: number // ms since 1970
  /** Which strangers: 'gallery', an imported cohort, or virtual ones, in words. */
  cohort: string
}

export interface Choice extends Source {
  kind: 'choice'
  wish: Wish
  form: Form
  threshold: number
  people: number
  point: OperatingPoint
  fmr: DoubtedRate
  fnmr: DoubtedRate
}

/** Chooses a threshold, or says in a sentence what the data can support instead. */
export function chooseThreshold(compared: Comparisons, wish: Wish, source: Source): Choice | Refused {
  const threshold = thresholdFor(compared, wish)
  if (typeof threshold !== 'number') return threshold
  return {
    kind: 'choice',
    ...source,
    wish,
    form: compared.form,
    threshold,
    people: compared.people,
    point: operatingPointAt(compared, threshold),
    fmr: doubtedFmr(compared, threshold),
    fnmr: doubtedFnmr(compared, threshold),
  }
}

/** Why a choice does not hold any more, in a sentence; null while it does. */
export function staleness(
  choice: Choice,
  now: { model: string; gallery: string; form: Form },
): string | null {
  if (choice.model !== now.model) return 'The threshold was chosen for another model. Choose it again.'
  if (choice.form.form !== now.form.form) return 'The threshold was chosen for another form of comparison.'
  if (choice.gallery !== now.gallery) return 'The gallery has changed since the threshold was chosen.'
  return null
}

function thresholdFor(compared: Comparisons, wish: Wish): number | Refused {
  switch (wish.by) {
    case 'fmr':
      return thresholdBoundedBy(compared, wish.fmr)
    case 'eer':
      return equalErrorRate(compared).threshold
    case 'cost':
      return cheapestThreshold(compared, wish)
    case 'hand':
      return wish.threshold >= 0 && wish.threshold <= 2
        ? wish.threshold
        : refused('bad-number', `A threshold lies between 0 and 2; ${wish.threshold} does not.`)
  }
}

/** The largest threshold whose one-sided 95 % bound on FMR is at most `wanted`. */
export function thresholdBoundedBy(compared: Comparisons, wanted: number): number | Refused {
  if (!(wanted > 0 && wanted < 1))
    return refused('bad-number', `A false match rate lies between 0 and 1; ${wanted} does not.`)
  const boundAt = (errors: number) =>
    doubtedFmr(compared, thresholdAtCount(compared.impostor, errors)).upper95
  const best = boundAt(0)
  if (best > wanted) {
    const floor = supportedFmr(compared.people, wanted, compared)
    const who = floor.sentence.split(/ supports? /)[0]!
    return refused(
      'unsupported-rate',
      floor.supported
        ? `${who} could support ${percent(wanted)} if their comparisons were independent, but they differ so much that the best bound here is ${percent(best)}. Add people or import a cohort.`
        : `${floor.sentence} ${floor.leastPeople > 1000 ? 'Import a cohort, or choose' : 'Add people, import a cohort, or choose'} ${percent(best)} or more, which is the best bound here.`,
    )
  }
  let low = 0
  let high = Math.ceil(wanted * compared.impostor.total) + 1 // more errors than this have a rate above the wish
  while (low + 1 < high) {
    const middle = Math.floor((low + high) / 2)
    if (boundAt(middle) <= wanted) low = middle
    else high = middle
  }
  return Math.max(0, thresholdAtCount(compared.impostor, low))
}

function cheapestThreshold(
  compared: Comparisons,
  { falseMatch, falseNonMatch, impostorPrior }: Wish & { by: 'cost' },
): number | Refused {
  if (!(falseMatch > 0 && falseNonMatch > 0 && impostorPrior > 0 && impostorPrior < 1))
    return refused(
      'bad-number',
      'Both prices must be above 0, and the share of impostors among claims between 0 and 1.',
    )
  const curve = curveOf(compared)
  let best = { cost: Infinity, threshold: 0 }
  for (let i = 0; i < curve.thresholds.length; i++) {
    const fmr = curve.falseMatches[i]! / curve.impostorPairs
    const fnmr = 1 - curve.genuineMatches[i]! / curve.genuinePairs
    const cost = falseMatch * impostorPrior * fmr + falseNonMatch * (1 - impostorPrior) * fnmr
    if (cost < best.cost) best = { cost, threshold: Math.max(0, curve.thresholds[i]!) }
  }
  return best.threshold
}
