import { multiplyHere } from '../../evaluation/multiply.ts'
import { drawStrangers, type TwoCovarianceModel } from '../../evaluation/virtual-strangers.ts'
import { random } from '../../learning/random.ts'
import { ascending, equalThreshold } from './equal-threshold.ts'
import type { FormImpostors } from './form-impostors.ts'
import { applyToRows, type Head } from './head.ts'
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

/**
 * The card of a candidate: every threshold is moved to where as many virtual strangers pass as passed before, in the
 * same form. A stand-in until thresholds are tuned, and it says so.
 * @param head null for a network, through which no virtual stranger passes
 * @param strangers as the model in use sees them; null leaves it to `measured`
 * @param ratio how far the threshold in use moved: forms that nothing was measured in move as far
 * @param measured people who were not trained on, in place of virtual ones; several where each was measured with a network
 *   of its own: of these, the mean
 */
export function candidateCard<C extends Card>(
  card: C,
  version: string,
  head: Head | null,
  strangers: TwoCovarianceModel | null,
  ratio: number,
  measured: readonly FormImpostors[] = [],
): C {
  const stages = strangers && head && stagesOf(card, strangers, head)
  return {
    ...card,
    version,
    measuredOn: `${card.measuredOn}, by model ${card.version}; carried over to this one at equal rates of ${stages ? 'virtual strangers' : measured.length > 0 ? 'people it was not trained on' : 'gallery people'}`,
    forms: card.forms.map((row) => {
      const { template, burst } = row
      const impostors = stages
        ? [stages(template, burst)]
        : measured.flatMap((each) => each(template, burst) ?? [])
      const moved = (threshold: number) =>
        impostors.reduce((sum, each) => sum + equalThreshold(each, threshold), 0) / impostors.length
      return {
        ...row,
        operatingPoints: row.operatingPoints.map((point) => ({
          ...point,
          threshold: impostors.length > 0 ? moved(point.threshold) : Math.min(2, point.threshold * ratio),
        })),
      }
    }),
  }
}

/** Impostor distances of any form, of the same virtual people under both models. */
function stagesOf(card: Card, strangers: TwoCovarianceModel, head: Head) {
  const most = Math.max(...card.forms.map(({ template, burst }) => template + burst))
  const { vectors, dimension } = drawStrangers(strangers, people, most, random(1, 'candidate card').uniform)
  const mapped = applyToRows(vectors, dimension, head)
  const fused = (all: Float32Array, from: number, count: number) => {
    const rows = new Float32Array(people * dimension)
    for (let person = 0; person < people; person++) {
      const own = Array.from({ length: count }, (_, i) => person * most + from + i)
      rows.set(meanOf(all, dimension, own), person * dimension)
    }
    return rows
  }
  return (template: number, burst: number) => {
    const distances = (all: Float32Array) => {
      const [references, probes] = [fused(all, 0, template), fused(all, template, burst)]
      const products = multiplyHere(probes, people, references, people, dimension)
      const found = new Float32Array(people * (people - 1))
      let at = 0
      for (const [i, product] of products.entries())
        if (Math.floor(i / people) !== i % people) found[at++] = Math.sqrt(Math.max(0, 2 - 2 * product))
      return found
    }
    return ascending({ before: distances(vectors), after: distances(mapped) })
  }
}
