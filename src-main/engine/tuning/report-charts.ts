import type { BandedPoint } from '../../evaluation/banded-det.ts'
import type { Findings } from '../../evaluation/findings.ts'
import { probit } from '../../evaluation/normal.ts'
import { shownDistance, shownRate } from '../../evaluation/shown-rates.ts'

// A report that is kept for years loads no library: these two are paths and labels, with a table beside each.

const width = 720
const height = 300
const margin = { left: 56, right: 12, top: 12, bottom: 32 }

/** Densities of genuine and impostor distances with the threshold between them. */
export function histogramChart({ genuine, impostor }: Findings['histograms'], threshold: number): string {
  const highest = Math.max(...genuine.density, ...impostor.density, 1e-9)
  const used = genuine.edges.findLast((_, i) => genuine.density[i - 1]! > 0 || impostor.density[i - 1]! > 0)
  const farthest = Math.min(2, Math.ceil(4 * Math.max(used ?? 2, threshold) + 0.01) / 4)
  const x = (distance: number) => margin.left + (distance / farthest) * (width - margin.left - margin.right)
  const y = (density: number) =>
    height - margin.bottom - (density / highest) * (height - margin.top - margin.bottom)
  const area = (histogram: typeof genuine, colour: string) => {
    const steps = histogram.density
      .filter((_, i) => histogram.edges[i + 1]! <= farthest)
      .map((density, i) => `V${y(density).toFixed(1)}H${x(histogram.edges[i + 1]!).toFixed(1)}`)
    return `<path d="M${x(0)} ${y(0)}${steps.join('')}V${y(0)}Z" fill="var(--${colour})" fill-opacity=".45" stroke="var(--${colour})"/>`
  }
  const ticks = Array.from({ length: 1 + 4 * farthest }, (_, i) =>
    label(x(i / 4), height - 10, String(i / 4)),
  )
  const line = x(threshold).toFixed(1)
  return svg(
    `Distances of one person’s photographs and of different people’s; threshold ${shownDistance(threshold)}`,
    `${area(genuine, 'genuine')}${area(impostor, 'impostor')}
<path d="M${line} ${margin.top}V${height - margin.bottom}" stroke="currentColor" stroke-width="2"/>
${ticks.join('')}${label(width - 70, 26, 'one person', 'var(--genuine)')}${label(width - 70, 44, 'different people', 'var(--impostor)')}`,
  )
}

/** FNMR against FMR on probit axes, with the 95 % band and the point in question. */
export function detChart(det: BandedPoint[], chosen: { fmr: number; fnmr: number }): string {
  const [least, most] = [probit(1e-5), probit(0.6)]
  const place = (rate: number) => {
    const at = Math.max(least, Math.min(most, probit(rate)))
    return (at - least) / (most - least)
  }
  const x = (rate: number) => margin.left + place(rate) * (width - margin.left - margin.right)
  const y = (rate: number) => height - margin.bottom - place(rate) * (height - margin.top - margin.bottom)
  const at = (fmr: number, fnmr: number) => `${x(fmr).toFixed(1)} ${y(fnmr).toFixed(1)}`
  const banded = det.filter((point) => point.fmrBand && point.fnmrBand)
  const lower = banded.map((point) => at(point.fmrBand!.low, point.fnmrBand!.low))
  const upper = banded.map((point) => at(point.fmrBand!.high, point.fnmrBand!.high)).reverse()
  const band =
    banded.length > 1
      ? `<path d="M${[...lower, ...upper].join('L')}Z" fill="currentColor" fill-opacity=".12"/>`
      : ''
  const curve = `<path d="M${det.map((point) => at(point.fmr, point.fnmr)).join('L')}" fill="none" stroke="currentColor" stroke-width="2"/>`
  const rates = [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.5]
  const grid = rates.map(
    (rate) =>
      `<path d="M${x(rate)} ${margin.top}V${height - margin.bottom}M${margin.left} ${y(rate)}H${width - margin.right}" stroke="var(--line)"/>${label(x(rate), height - 10, shownRate(rate))}${label(28, y(rate) + 4, shownRate(rate))}`,
  )
  const [cx, cy] = at(chosen.fmr, chosen.fnmr).split(' ')
  return svg(
    'Detection error trade-off: false non-match rate by false match rate, both on probit axes',
    `${grid.join('')}${band}${curve}<circle cx="${cx}" cy="${cy}" r="5" fill="var(--impostor)"/>`,
  )
}

function label(x: number, y: number, text: string, colour = 'currentColor'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="12" text-anchor="middle" fill="${colour}">${text}</text>`
}

function svg(title: string, inside: string): string {
  return `<svg viewBox="0 0 ${width} ${height}" role="img"><title>${title}</title>${inside}</svg>`
}
