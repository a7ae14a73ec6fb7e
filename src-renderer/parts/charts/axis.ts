import { percent } from '../../../src-main/evaluation/supported-rate.ts'
import { probit } from '../../../src-main/evaluation/normal.ts'

/** One axis of a chart: which values it shows, where they lie, and how its ticks are said. */
export interface Axis {
  label: string
  /** Least and greatest value shown. */
  domain: [number, number]
  ticks: number[]
  format: (value: number) => string
  /** A value's place on the axis, in units that are drawn evenly. */
  place: (value: number) => number
}

const usualRates = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99]

/** Error rates as a DET plot has them: normal deviates, so that normal distances make a straight line. */
export function rateAxis(label: string, rates: Iterable<number>, highest = 0.5): Axis {
  let least = highest
  for (const rate of rates) if (rate > 0 && rate < least) least = rate
  const floor = [...usualRates].reverse().find((rate) => rate <= least * 1.0001) ?? 1e-6
  const domain: [number, number] = [Math.min(floor, 0.01), highest]
  return {
    label,
    domain,
    ticks: usualRates.filter((rate) => rate >= domain[0] && rate <= highest),
    format: percent,
    place: (rate) => probit(Math.min(Math.max(rate, domain[0]), domain[1])),
  }
}

/** Numbers as they are. */
export function evenAxis(
  label: string,
  domain: [number, number],
  format: (value: number) => string = (value) => String(Number(value.toPrecision(3))),
  wantedTicks = 6,
): Axis {
  return {
    label,
    domain,
    ticks: niceTicks(domain, wantedTicks),
    format,
    place: (value) => Math.min(Math.max(value, domain[0]), domain[1]),
  }
}

/** Powers of ten, for what is a factor: a likelihood ratio. */
export function factorAxis(label: string, exponents: [number, number]): Axis {
  const domain: [number, number] = [10 ** exponents[0], 10 ** exponents[1]]
  const step = Math.max(1, Math.ceil((exponents[1] - exponents[0]) / 6))
  const ticks: number[] = []
  for (let exponent = Math.ceil(exponents[0] / step) * step; exponent <= exponents[1]; exponent += step)
    ticks.push(10 ** exponent)
  return {
    label,
    domain,
    ticks,
    format: (value) => (value >= 1 ? value.toLocaleString('en') : `1/${(1 / value).toLocaleString('en')}`),
    place: (value) => Math.log10(Math.min(Math.max(value, domain[0]), domain[1])),
  }
}

/** Round numbers inside a domain: steps of 1, 2 or 5. */
export function niceTicks([low, high]: [number, number], wanted: number): number[] {
  const rough = (high - low) / Math.max(1, wanted)
  if (!(rough > 0)) return [low]
  const magnitude = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * magnitude).find((size) => size >= rough * 0.999)!
  const first = Math.ceil(low / step - 1e-9)
  const last = Math.floor(high / step + 1e-9)
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
}
