import { percent } from '../../evaluation/supported-rate.ts'
import type { DistanceSummary } from '../../evaluation/contrast.ts'
import {
  shownAcquisition,
  shownChange,
  shownDistance,
  shownEnrolment,
  shownDoubt,
  shownInterval,
  shownNumber,
  shownRate,
  shownShift,
  shownTransaction,
  shownUpper,
} from '../../evaluation/shown-rates.ts'
import { detChart, histogramChart } from './report-charts.ts'
import type { Report, ShownPair } from './report.ts'

/** A report as one page: no script, nothing fetched, readable in both themes and as tables. */
export function reportPage(
  report: Report,
  pairs: { alike: ShownPair[]; unlike: ShownPair[] } | null,
): string {
  const { findings, form } = report
  const { dPrime, overlap } = findings.contrast
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escaped(report.title)}</title>
<style>${style}</style>
<h1>${escaped(report.title)}</h1>
<p>${escaped(form.inWords)}; strangers are ${escaped(report.strangers)}. Model ${escaped(report.model.name)} ${escaped(report.model.version)}, ${escaped(report.at)}.</p>
<p class="large">False match rate ${report.forecast ? `${shownRate(report.forecast.fmr)} expected, ${shownUpper(report.forecast.worst)} at worst (a forecast)` : escaped(shownDoubt(report.fmr))}<br>
False non-match rate ${escaped(shownDoubt(report.fnmr))}</p>
<p>At the threshold ${shownDistance(report.threshold)} (${escaped(report.thresholdFrom)}). ${report.people} people${report.strangerPeople > 0 ? ` and ${report.strangerPeople} strangers` : ''}, ${report.pairsOfPeople.toLocaleString('en')} pairs of people, ${report.photographs.toLocaleString('en')} photographs, ${report.genuinePairs.toLocaleString('en')} genuine and ${report.impostorPairs.toLocaleString('en')} impostor pairs.</p>
${report.supportedFmr.map((sentence) => `<p>${escaped(sentence)}</p>`).join('\n')}
<h2>Distances</h2>
${histogramChart(findings.histograms, report.threshold)}
<p>Equal error rate ${shownRate(findings.eer.rate)} at ${shownDistance(findings.eer.threshold)}; area under the ROC ${findings.area.toFixed(4)}; d′ ${dPrime.toFixed(2)}; overlap ${shownRate(overlap)}.</p>
${table(
  ['', 'pairs', 'without a face', 'mean', 'deviation', '1 %', 'median', '99 %'],
  (['genuine', 'impostor'] as const).map((kind) => {
    const own = findings.contrast[kind]
    const at = (share: number) =>
      shownDistance(own.percentiles.find((percentile) => percentile.share === share)!.distance)
    return [
      kind,
      own.pairs.toLocaleString('en'),
      String(own.failures),
      shownDistance(own.mean),
      shownDistance(own.deviation),
      at(0.01),
      at(0.5),
      at(0.99),
    ]
  }),
)}
<h2>Operating points</h2>
<p>The bound, not the measured rate, is held to the wanted false match rate.</p>
${operatingPoints(report)}
<h2>Per transaction</h2>
<p>Up to ${report.transaction.attempts} ${report.transaction.attempts === 1 ? 'attempt' : 'attempts'}: false accept rate ${shownTransaction(report.transaction.far)}, false reject rate ${shownTransaction(report.transaction.frr)}. ${escaped(shownAcquisition(report.acquisition, report.acquisitionOf))} ${shownEnrolment(report.enrolment)}</p>
${conditions(report)}${normalised(report)}<h2>DET</h2>
${detChart(findings.det, { fmr: report.fmr.rate, fnmr: report.fnmr.rate })}
${table(
  ['threshold', 'FMR', '95 %', 'FNMR', '95 %'],
  findings.det
    .filter((_, i) => i % 4 === 0)
    .map((point) => [
      shownDistance(point.threshold),
      shownRate(point.fmr),
      point.fmrBand ? shownInterval(point.fmrBand) : '–',
      shownRate(point.fnmr),
      point.fnmrBand ? shownInterval(point.fnmrBand) : '–',
    ]),
)}
<h2>Calibration</h2>
${calibration(report)}
<h2>By person</h2>
${table(
  ['', 'photographs', 'genuine', 'strangers', 'own threshold', ''],
  report.byPerson.map((person) => [
    person.label,
    String(person.photographs),
    shownDistance(person.genuineMean),
    shownDistance(person.impostorMean),
    person.ownThreshold === null ? '' : shownDistance(person.ownThreshold),
    person.sentences.join(' '),
  ]),
)}
${pairs ? `<h2>The most alike strangers</h2>${gallery(pairs.alike)}<h2>The least alike photographs of one person</h2>${gallery(pairs.unlike)}` : ''}
<h2>Method and limits</h2>
<ul>${[
    `Bounds: ${findings.methods.bounds}.`,
    ...(findings.methods.band ? [`Band: ${findings.methods.band}.`] : []),
    ...report.limits,
    `List of photographs ${report.list}.`,
  ]
    .map((line) => `<li>${escaped(line)}</li>`)
    .join('')}</ul>
</html>
`
}

function operatingPoints({ findings }: Report): string {
  const rows = findings.operatingPoints.flatMap((row) =>
    row.kind === 'unsupported'
      ? []
      : [
          [
            percent(row.wantedFmr),
            shownDistance(row.threshold),
            row.forecast
              ? `${shownRate(row.forecast.fmr)} (${shownUpper(row.forecast.worst)} at worst)`
              : `${shownRate(row.fmr.rate)} (${shownUpper(row.fmr.upper95)})`,
            `${shownRate(row.fnmr.rate)} (${shownUpper(row.fnmr.upper95)})`,
          ],
        ],
  )
  const unsupported = findings.operatingPoints.flatMap((row) =>
    row.kind === 'unsupported' ? [`<li>${percent(row.wantedFmr)}: ${escaped(row.sentence)}</li>`] : [],
  )
  return `${rows.length > 0 ? table(['wanted FMR', 'threshold', 'FMR', 'FNMR'], rows) : ''}<ul>${unsupported.join('')}</ul>`
}

function calibration({ findings }: Report): string {
  const fitted = findings.calibration
  if (fitted.kind === 'refused') return `<p>${escaped(fitted.message)}</p>`
  const { logistic, cllr, minCllr, reliability, genuinePrior } = fitted
  return `<p>ln likelihood ratio = ${(logistic.intercept - logistic.fittedLogOdds).toFixed(3)} ${logistic.slope < 0 ? '−' : '+'} ${Math.abs(logistic.slope).toFixed(3)} · distance (logistic, balanced). Cllr ${cllr.toFixed(3)} bits, the least possible ${minCllr.toFixed(3)}. Reliability at a prior of ${shownRate(genuinePrior)} genuine:</p>
${table(
  ['said', 'came true', '95 %', 'pairs'],
  reliability.map((bin) => [
    shownRate(bin.predicted),
    shownRate(bin.observed),
    shownInterval(bin.band),
    bin.pairs.toLocaleString('en'),
  ]),
)}`
}

function conditions({ conditions }: Report): string {
  if (conditions.length === 0) return ''
  const spread = ({ mean, deviation, pairs }: DistanceSummary) =>
    pairs > 0 ? `${shownDistance(mean)} ± ${shownDistance(deviation)} (${pairs.toLocaleString('en')})` : '–'
  return `<h2>By capture condition</h2>
<p>Photograph × photograph: mean ± deviation (pairs), where the condition is the same and where it differs.</p>
${table(
  [
    '',
    'one person, same',
    'one person, different',
    'strangers, same',
    'strangers, different',
    'd′ same',
    'd′ different',
    '',
  ],
  conditions.map((each) => [
    each.condition,
    spread(each.genuineSame),
    spread(each.genuineDifferent),
    spread(each.impostorSame),
    spread(each.impostorDifferent),
    shownNumber(each.dPrimeSame),
    shownNumber(each.dPrimeDifferent),
    shownShift(each.shift),
  ]),
)}
`
}

function normalised({ normalisations }: Report): string {
  if (!normalisations) return ''
  return `<h2>Normalised by a cohort</h2>
<p>${escaped(normalisations.sentence)} Fitted on ${normalisations.fittedOn} strangers, judged on ${normalisations.judgedOn} other people.</p>
${table(
  ['', 'FMR', 'FNMR', 'less the plain one’s'],
  normalisations.rows.map(({ by, fmr, fnmr, change }) => [
    by,
    `${shownRate(fmr.rate)} (${shownUpper(fmr.upper95)})`,
    `${shownRate(fnmr.rate)} (${shownUpper(fnmr.upper95)})`,
    shownChange(change),
  ]),
)}
`
}

function gallery(pairs: ShownPair[]): string {
  const crop = ({ label, src }: ShownPair['left']) =>
    src ? `<img src="${src}" alt="${escaped(label)}">` : `<span class="none">${escaped(label)}</span>`
  return `<div class="pairs">${pairs
    .map(
      ({ distance, left, right }) =>
        `<figure>${crop(left)}${crop(right)}<figcaption>${escaped(left.label)} · ${escaped(right.label)} · ${shownDistance(distance)}</figcaption></figure>`,
    )
    .join('')}</div>`
}

function table(heading: string[], rows: string[][]): string {
  const line = (cells: string[], tag: 'th' | 'td') =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`
  return `<table><thead>${line(heading, 'th')}</thead><tbody>${rows.map((row) => line(row, 'td')).join('')}</tbody></table>`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

const style = `
:root { color-scheme: light dark; --genuine: light-dark(#0a6b8a, #5cc8e8); --impostor: light-dark(#b4530a, #f0a050); --line: light-dark(#0003, #fff4); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font-variant-numeric: tabular-nums; }
h1 { font-size: 1.8rem } h2 { font-size: 1.2rem; margin-top: 2rem } .large { font-size: 1.2rem }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
svg { width: 100%; height: auto } .pairs { display: flex; flex-wrap: wrap; gap: 1rem } figure { margin: 0 } figure img { width: 7rem; border-radius: 6px; margin-right: 2px }
td:first-child { white-space: nowrap } figcaption { font-size: .8rem } .none { display: inline-block; width: 7rem }`
