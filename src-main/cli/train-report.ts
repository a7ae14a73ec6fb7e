import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunDescription } from '../training/run-description.ts'
import type { TrainingEvent } from '../training/trainer.ts'
import type { Judgement } from './train-judge.ts'

/** A run in one document: what `report.json` holds and `report.html` shows. */
export interface TrainingReport {
  description: RunDescription
  curves: Extract<TrainingEvent, { kind: 'step' }>[]
  exported?: { difference: number }
  processor: { name: string; device: string; fellBack: string | null }
  classes: number
  pictures: number
  judgement: Judgement | null
}

type Step = TrainingReport['curves'][number]

/** Each chart: title, what it tells, its series by name. */
const charts: readonly [string, string, Record<string, (step: Step) => number | undefined>][] = [
  ['Loss', 'what training makes small', { loss: ({ measures }) => measures.loss }],
  [
    'Active share',
    'what still teaches something: of the items that the loss looked at, of all triplets',
    {
      items: ({ measures }) => measures.activeShare,
      triplets: ({ measures }) => measures.activeTriplets,
    },
  ],
  [
    'Distances in a batch',
    'means between unit-length embeddings: of the same class, of different classes',
    {
      'd(a,p)': ({ measures }) => measures.positiveDistance,
      'd(a,n)': ({ measures }) => measures.negativeDistance,
    },
  ],
  [
    'Effective rank',
    'directions that the embeddings fill; 1 is a collapse',
    { rank: ({ measures }) => measures.effectiveRank },
  ],
  [
    'Smallest deviation',
    'of a dimension; 0 is one that says nothing',
    { deviation: ({ measures }) => measures.smallestDeviation },
  ],
  ['Embedding norm', 'mean length before it is made one', { norm: ({ measures }) => measures.embeddingNorm }],
  [
    'Gradient norm',
    'of all parameters, before it is clipped',
    { norm: ({ measures }) => measures.gradientNorm },
  ],
  ['Learning rate', '', { rate: ({ learningRate }) => learningRate }],
]

/** Completes the run's own `report.json` and lays `report.html` beside it; gives that file's path. */
export async function writeReport(
  out: string,
  about: Omit<TrainingReport, 'description' | 'curves' | 'exported'>,
): Promise<string> {
  const path = join(out, 'report.json')
  const report = { ...(JSON.parse(await readFile(path, 'utf8')) as TrainingReport), ...about }
  const html = join(out, 'report.html')
  for (const [file, content] of [
    [path, JSON.stringify(report)],
    [html, reportHtml(report)],
  ] as const) {
    await writeFile(`${file}.partial`, content)
    await rename(`${file}.partial`, file)
  }
  return html
}

/** The report as one HTML file that loads nothing. */
export function reportHtml(report: TrainingReport): string {
  const { description, curves, processor, judgement, exported } = report
  const last = curves.at(-1)
  const facts: [string, string][] = [
    ['Network', `${description.network.name}, depth ${description.depth}, from ${description.from.kind}`],
    [
      'Loss',
      [description.loss.id, wordOf(description.loss.miner), wordOf(description.loss.distance)]
        .filter(Boolean)
        .join(', '),
    ],
    [
      'Trained on',
      `${report.pictures.toLocaleString('en')} pictures of ${report.classes.toLocaleString('en')} classes`,
    ],
    [
      'Steps',
      `${last?.step ?? 0} of ${last?.steps ?? 0}, ${last?.imagesPerSecond.toFixed(0) ?? '–'} pictures a second`,
    ],
    ['Processor', `${processor.name} (${processor.device})`],
    ...(processor.fellBack ? [['Fell back', processor.fellBack] as [string, string]] : []),
    ...(exported
      ? [
          ['Export', `differs from the trainer by ${exported.difference.toExponential(1)}`] as [
            string,
            string,
          ],
        ]
      : []),
    ['Seed', String(description.seed)],
  ]
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Training report</title>
<style>${style}</style>
<h1>Training report</h1>
<table>${facts.map(([name, value]) => `<tr><th scope="row">${escaped(name)}</th><td>${escaped(value)}</td></tr>`).join('\n')}</table>
${judgement ? judgementHtml(judgement) : ''}
<h2>Curves</h2>
<p>Each line is the mean of its surroundings, a hundredth of the run to either side; the shade behind it is what single steps gave.</p>
<div class="charts">
${charts.map(([title, tells, series]) => chart(title, tells, curves, series)).join('\n')}
</div>
<h2>Settings</h2>
<pre>${escaped(JSON.stringify(description, null, 2))}</pre>
</html>
`
}

const wordOf = (choice: string | { id: string } | undefined) =>
  typeof choice === 'object' ? choice.id : choice

function judgementHtml({
  pictures,
  classes,
  nearestNeighbour,
  retrieval,
  retrievalPictures,
  map,
}: Judgement): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`
  const rows: [string, string][] = [
    ...(nearestNeighbour
      ? [
          [
            `Nearest of ${nearestNeighbour.references.toLocaleString('en')} training pictures is of the same class`,
            percent(nearestNeighbour.accuracy),
          ] as [string, string],
        ]
      : []),
    ...Object.entries(retrieval.recallAt).map(([k, share]): [string, string] => [
      `Recall@${k}`,
      percent(share),
    ]),
    ['R-precision', percent(retrieval.rPrecision)],
    ['MAP@R', percent(retrieval.meanAveragePrecisionAtR)],
    ['Mean reciprocal rank', retrieval.meanReciprocalRank.toFixed(3)],
  ]
  return `<h2>On pictures not trained on</h2>
<p>${pictures.toLocaleString('en')} pictures of ${classes.toLocaleString('en')} classes; retrieval among ${retrievalPictures.toLocaleString('en')} of them, each left out once.</p>
<table>${rows.map(([name, value]) => `<tr><th scope="row">${escaped(name)}</th><td>${value}</td></tr>`).join('\n')}</table>
${map ? mapSvg(map) : ''}`
}

const [width, height] = [420, 220]
const room = { left: 52, right: 10, top: 10, bottom: 26 }
const pointsDrawn = 300

/** One chart of a run's curves; nothing where no step has any of its numbers. */
function chart(
  title: string,
  tells: string,
  curves: readonly Step[],
  series: Record<string, (step: Step) => number | undefined>,
): string {
  const lines = Object.entries(series)
    .map(([name, of]) => ({
      name,
      points: curves
        .map((step) => ({ x: step.step, y: of(step) ?? NaN }))
        .filter(({ y }) => Number.isFinite(y)),
    }))
    .filter(({ points }) => points.length > 0)
  if (lines.length === 0) return ''
  const thinned = lines.map(({ name, points }) => ({ name, points: windows(points) }))
  const all = thinned.flatMap(({ points }) => points)
  const x = scale([1, Math.max(2, ...all.map((point) => point.x))], [room.left, width - room.right])
  const low = Math.min(0, ...all.map((point) => point.low))
  const high = Math.max(...all.map((point) => point.high))
  const ticks = niceTicks(low, high > low ? high : low + 1)
  const y = scale([ticks[0]!, ticks.at(-1)!], [height - room.bottom, room.top])
  const at = (px: number, py: number) => `${px.toFixed(1)},${py.toFixed(1)}`
  return `<figure>
<figcaption><b>${escaped(title)}</b> ${escaped(tells)}${
    lines.length > 1
      ? thinned.map(({ name }, i) => ` <span class="s${i}">■ ${escaped(name)}</span>`).join('')
      : ''
  }</figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(
    `${title} over ${curves.length} steps: ${thinned
      .map(({ name, points }) => `${name} from ${short(points[0]!.y)} to ${short(points.at(-1)!.y)}`)
      .join(', ')}`,
  )}">
${ticks.map((tick) => `<line class="grid" x1="${room.left}" x2="${width - room.right}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}"/><text x="${room.left - 6}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end">${short(tick)}</text>`).join('')}
<text x="${room.left}" y="${height - 8}">1</text><text x="${width - room.right}" y="${height - 8}" text-anchor="end">${all.at(-1)!.x} steps</text>
${thinned
  .map(
    ({ points }, i) =>
      `<polygon class="f${i}" points="${[...points.map((p) => at(x(p.x), y(p.high))), ...points.map((p) => at(x(p.x), y(p.low))).reverse()].join(' ')}"/>` +
      `<polyline class="l${i}" points="${points.map((p) => at(x(p.x), y(p.y))).join(' ')}"/>`,
  )
  .join('\n')}
</svg></figure>`
}

/** Means, lows and highs of neighbouring steps: a thousand steps are drawn as three hundred points. */
function windows(points: readonly { x: number; y: number }[]) {
  const radius = Math.floor(points.length / 100)
  const every = Math.max(1, points.length / pointsDrawn)
  const drawn: { x: number; y: number; low: number; high: number }[] = []
  for (let at = 0; at < points.length; at += every) {
    const i = Math.min(points.length - 1, Math.round(at))
    const around = points.slice(Math.max(0, i - radius), i + radius + 1).map(({ y }) => y)
    drawn.push({
      x: points[i]!.x,
      y: around.reduce((sum, value) => sum + value) / around.length,
      low: Math.min(...around),
      high: Math.max(...around),
    })
  }
  return drawn
}

const scale =
  ([from, to]: readonly [number, number], [start, end]: readonly [number, number]) =>
  (value: number) =>
    start + ((value - from) / (to - from || 1)) * (end - start)

/** Round numbers that enclose a range. */
function niceTicks(low: number, high: number): number[] {
  const rough = (high - low) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!
  const first = Math.floor(low / step)
  const last = Math.ceil(high / step)
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step)
}

const short = (value: number) =>
  value === 0
    ? '0'
    : Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5
      ? value.toExponential(1)
      : String(Number(value.toPrecision(3)))

/** The two dimensions of an embedding, each class in a colour of its own and named at its middle. */
function mapSvg({ x: xs, y: ys, label, classes }: NonNullable<Judgement['map']>): string {
  const side = 640
  const range = (values: number[]): [number, number] => [Math.min(...values), Math.max(...values)]
  const x = scale(range(xs), [20, side - 20])
  const y = scale(range(ys), [side - 20, 20])
  const hue = (at: number) => Math.round((360 * at) / classes.length)
  const dots = classes.map((_, c) => {
    const own = Array.from(label.keys()).filter((i) => label[i] === c)
    const circles = own.map(
      (i) => `<circle cx="${x(xs[i]!).toFixed(1)}" cy="${y(ys[i]!).toFixed(1)}" r="2"/>`,
    )
    return `<g fill="hsl(${hue(c)} 70% 45%)" fill-opacity="0.6">${circles.join('')}</g>`
  })
  const names = classes.map((name, c) => {
    const own = Array.from(label.keys()).filter((i) => label[i] === c)
    if (own.length === 0) return ''
    const middle = (values: number[]) => own.map((i) => values[i]!).sort((a, b) => a - b)[own.length >> 1]!
    return `<text class="name" x="${x(middle(xs)).toFixed(1)}" y="${y(middle(ys)).toFixed(1)}" text-anchor="middle">${escaped(name)}</text>`
  })
  return `<h2>Map</h2>
<p>${label.length.toLocaleString('en')} pictures not trained on, each at the two numbers of its embedding.</p>
<svg class="map" viewBox="0 0 ${side} ${side}" role="img" aria-label="Two-dimensional map of the embedding, ${classes.length} classes">
${dots.join('\n')}
${names.join('')}
</svg>`
}

const escaped = (text: string) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)

const style = `
:root { color-scheme: light dark; --first: #2563a8; --second: #b45309; --line: #8886; }
@media (prefers-color-scheme: dark) { :root { --first: #7ab3ef; --second: #f0a04b; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
th { text-align: left; font-weight: 500; padding-right: 1.5rem; vertical-align: top; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1rem; }
figure { margin: 0; } figcaption { min-height: 3em; } figcaption b { margin-right: 0.5em; }
svg text { font: 11px system-ui, sans-serif; fill: currentColor; }
svg.map { max-width: 40rem; border: 1px solid var(--line); }
svg .name { font: 700 16px system-ui, sans-serif; paint-order: stroke; stroke: Canvas; stroke-width: 4px; }
.grid { stroke: var(--line); stroke-width: 0.5; }
polyline { fill: none; stroke-width: 1.5; } polygon { fill-opacity: 0.18; }
.l0 { stroke: var(--first); } .f0 { fill: var(--first); } .s0 { color: var(--first); }
.l1 { stroke: var(--second); } .f1 { fill: var(--second); } .s1 { color: var(--second); }
pre { overflow-x: auto; }`
