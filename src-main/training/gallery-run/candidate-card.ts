import { drawStrangers, type TwoCovarianceModel } from '../../evaluation/virtual-strangers.ts'
import { random } from '../../learning/random.ts'
import { equalThreshold } from './equal-threshold.ts'
import { applyToRows, type Head } from './head.ts'
import { meanOf } from './pairing.ts'

/** What of a model's card the thresholds are in. */
export interface Card {
  version: string
  measuredOn: string
  forms: {
    template: number // photographs in the template
    burst: number // photographs fused into the probe
    operatingPoints: { fmr: number; threshold: number }[]
  }[]
}

const people = 500 // 249,500 pairs: an FMR of 1e-4 has 25 of them

/**
 * The card of a candidate: every threshold is moved to where as many virtual strangers pass as passed before, in the
 * same form. A stand-in until thresholds are tuned, and it says so.
 * @param strangers as the model in use sees them; null leaves it to `ratio`, how far the threshold in use moved
 */
export function candidateCard<C extends Card>(
  card: C,
  version: string,
  head: Head,
  strangers: TwoCovarianceModel | null,
  ratio: number,
): C {
  const stages = strangers && stagesOf(card, strangers, head)
  return {
    ...card,
    version,
    measuredOn: `${card.measuredOn}, by model ${card.version}; carried over to this one at equal rates of ${strangers ? 'virtual strangers' : 'gallery people'}`,
    forms: card.forms.map((row) => {
      const impostor = stages?.(row.template, row.burst)
      return {
        ...row,
        operatingPoints: row.operatingPoints.map((point) => ({
          ...point,
          threshold: impostor
            ? equalThreshold({ impostor }, point.threshold)
            : Math.min(2, point.threshold * ratio),
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
  const fused = (all: Float32Array, from: number, count: number) =>
    Array.from({ length: people }, (_, person) =>
      meanOf(
        all,
        dimension,
        Array.from({ length: count }, (_, i) => person * most + from + i),
      ),
    )
  return (template: number, burst: number) => {
    const distances = (all: Float32Array) => {
      const [references, probes] = [fused(all, 0, template), fused(all, template, burst)]
      const found = new Float32Array(people * (people - 1))
      let at = 0
      for (const [i, probe] of probes.entries())
        for (const [j, reference] of references.entries()) if (i !== j) found[at++] = apart(probe, reference)
      return found
    }
    const nobody = new Int32Array(0)
    return { people: nobody, references: nobody, before: distances(vectors), after: distances(mapped) }
  }
}

function apart(a: Float32Array, b: Float32Array): number {
  let product = 0
  for (let k = 0; k < a.length; k++) product += a[k]! * b[k]!
  return Math.sqrt(Math.max(0, 2 - 2 * product))
}
