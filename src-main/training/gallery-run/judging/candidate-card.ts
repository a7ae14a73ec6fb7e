import { multiplyHere } from '../../../evaluation/multiply.ts'
import { drawStrangers, type TwoCovarianceModel } from '../../../evaluation/virtual-strangers.ts'
import { random } from '../../../learning/random.ts'
import { applyToRows, type Head } from '../head/head.ts'
import { ascending, equalThreshold } from './equal-threshold.ts'
import type { FormImpostors } from './form-impostors.ts'
import { meanOf } from './pairing.ts'

/** What of a model's card the thresholds are in. */
export interface Card {
  version: string
  measuredOn: string
  forms: {
    template: number // photographs in the template
    burst: number // photographs fused into the probe
    operatingPoints: { fmr: number; threshold: number; tmr?: number }[]
  }[]
}

const people = 300 // 89,700 pairs: an FMR of 1e-4 has nine of them

/** By whom the thresholds of a card are moved: in each form to where as many of them pass as passed before. */
export interface Moved {
  by: 'virtual strangers' | 'people it was not trained on' | 'gallery people'
  /** Several where each was measured with a network of its own: of these, the mean. */
  forms: readonly FormImpostors[]
  /** No threshold becomes laxer: whoever measured it may have been trained on. */
  isNeverLaxer?: boolean
}

/**
 * The card of a candidate: every threshold is moved to where as many impostors pass as passed before, in the same form. A
 * stand-in until thresholds are tuned, and it says so.
 * @param ratio how far the threshold in use moved: forms that nothing was measured in move as far
 */
export function candidateCard<C extends Card>(
  card: C,
  version: string,
  ratio: number,
  { by, forms: measured, isNeverLaxer = false }: Moved,
): C {
  return {
    ...card,
    version,
    measuredOn: `${card.measuredOn}, by model ${card.version}; carried over to this one at equal rates of ${by}`,
    forms: card.forms.map((row) => {
      const { template, burst } = row
      const impostors = measured.flatMap((each) => each(template, burst) ?? [])
      const moved = (threshold: number) =>
        impostors.length > 0
          ? impostors.reduce((sum, each) => sum + equalThreshold(each, threshold), 0) / impostors.length
          : threshold * ratio
      return {
        ...row,
        operatingPoints: row.operatingPoints.map((point) => ({
          ...point,
          threshold: Math.min(moved(point.threshold), isNeverLaxer ? point.threshold : 2),
        })),
      }
    }),
  }
}

/**
 * The same virtual people under two models, in any form of the card.
 * @param strangers as the model sees them that `under` goes from
 */
export function virtualForms(
  card: Card,
  strangers: TwoCovarianceModel,
  under: (vectors: Float32Array) => { before: Float32Array; after: Float32Array },
): FormImpostors {
  const most = Math.max(...card.forms.map(({ template, burst }) => template + burst))
  const { vectors, dimension } = drawStrangers(strangers, people, most, random(1, 'candidate card').uniform)
  const sides = under(vectors)
  const fused = (all: Float32Array, from: number, count: number) => {
    const rows = new Float32Array(people * dimension)
    for (let person = 0; person < people; person++) {
      const own = Array.from({ length: count }, (_, i) => person * most + from + i)
      rows.set(meanOf(all, dimension, own), person * dimension)
    }
    return rows
  }
  return (template, burst) => {
    const distances = (all: Float32Array) => {
      const [references, probes] = [fused(all, 0, template), fused(all, template, burst)]
      const products = multiplyHere(probes, people, references, people, dimension)
      const found = new Float32Array(people * (people - 1))
      let at = 0
      for (const [i, product] of products.entries())
        if (Math.floor(i / people) !== i % people) found[at++] = Math.sqrt(Math.max(0, 2 - 2 * product))
      return found
    }
    return ascending({ before: distances(sides.before), after: distances(sides.after) })
  }
}

/** What a head run's card is moved by: virtual strangers as the model in use sees them, where there are any. */
export function movedByHead(card: Card, strangers: TwoCovarianceModel | null, head: Head): Moved {
  if (!strangers) return { by: 'gallery people', forms: [] }
  const dimension = Math.sqrt(head.length)
  const under = (vectors: Float32Array) => ({
    before: vectors,
    after: applyToRows(vectors, dimension, head),
  })
  return { by: 'virtual strangers', forms: [virtualForms(card, strangers, under)] }
}
