import { readFile } from 'node:fs/promises'
import type { ComparisonForm } from '../contract.ts'

/** What was measured once, on many people, of a recognition model: aggregate error rates, no face and no name. */
export interface ModelCard {
  model: string
  version: string
  /** The photographs it was measured on, and how. */
  measuredOn: string
  forms: CardForm[]
}

/** Error rates of one form of comparison; its thresholds hold for no other. */
export interface CardForm {
  form: ComparisonForm
  /** Photographs in the template; null where a single photograph is compared with. */
  template: number | null
  /** Photographs fused into the probe; null for a single one. */
  burst: number | null
  people: number
  photographs: number
  genuinePairs: number
  impostorPairs: number
  /** Sorted by falling FMR. `fmr` and `tmr` are fractions, `threshold` a Euclidean distance. */
  operatingPoints: { fmr: number; threshold: number; tmr: number }[]
}

/** Reads a card from models/cards; throws if there is none. */
export async function readCard(path: string): Promise<ModelCard> {
  return JSON.parse(await readFile(path, 'utf8')) as ModelCard
}

/**
 * The card's measurement that fits a comparison best: the same form, and the numbers of photographs nearest to those
 * asked for. Null where the card was not measured in this form.
 */
export function cardForm(
  card: ModelCard,
  form: ComparisonForm,
  template: number | null = null,
  burst: number | null = null,
): CardForm | null {
  const off = (measured: number | null, wanted: number | null) =>
    Math.abs(Math.log((measured ?? 1) / (wanted ?? 1))) // from 1 to 2 matters more than from 9 to 10
  const fitting = card.forms.filter((one) => one.form === form)
  fitting.sort(
    (a, b) =>
      off(a.template, template) + off(a.burst, burst) - off(b.template, template) - off(b.burst, burst),
  )
  return fitting[0] ?? null
}

/**
 * The threshold of a form at a wanted FMR: between measured points along the logarithm of the rate; beyond the rarest
 * measured rate, that rate's own threshold is not stretched but returned as it is.
 */
export function thresholdFromCard({ operatingPoints }: CardForm, wantedFmr: number): number {
  const points = operatingPoints.toSorted((a, b) => b.fmr - a.fmr)
  const first = points[0]
  if (first === undefined) throw new Error('a card form without operating points has no threshold')
  if (wantedFmr >= first.fmr) return first.threshold
  for (const [i, point] of points.entries()) {
    if (wantedFmr < point.fmr) continue
    const easier = points[i - 1]!
    const part = Math.log(wantedFmr / easier.fmr) / Math.log(point.fmr / easier.fmr)
    return easier.threshold + part * (point.threshold - easier.threshold)
  }
  return points.at(-1)!.threshold
}
