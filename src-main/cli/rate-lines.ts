import type { Comparisons } from '../evaluation/comparisons.ts'
import type { Findings } from '../evaluation/findings.ts'
import { percent } from '../evaluation/supported-rate.ts'
import { shownDistance, shownRate, shownUpper } from '../evaluation/shown-rates.ts'
import { columns, count } from './shown.ts'

/** What was compared, as lines above the table. */
export interface Shown {
  compared: Comparisons
  formInWords: string
  strangersInWords: string
  people: number
  strangerPeople: number
  photographs: number
  pairsOfPeople: number
}

/** Rates with their bounds as a terminal shows them; the digits are the page's. */
export function rateLines(of: Shown, findings: Findings): string[] {
  const { genuine, impostor } = of.compared
  const strangers = of.strangerPeople > 0 ? ` and ${count(of.strangerPeople, 'stranger')}` : ''
  const { contrast, calibration } = findings
  const rows = findings.operatingPoints.map((row) =>
    row.kind === 'unsupported'
      ? [percent(row.wantedFmr), row.sentence, '', '']
      : [
          percent(row.wantedFmr),
          shownDistance(row.threshold),
          row.forecast
            ? `${shownRate(row.forecast.fmr)} (${shownUpper(row.forecast.worst)} at worst)`
            : `${shownRate(row.fmr.rate)} (${shownUpper(row.fmr.upper95)})`,
          `${shownRate(row.fnmr.rate)} (${shownUpper(row.fnmr.upper95)})`,
        ],
  )
  const supported = rows.filter((row) => row[2] !== '')
  return [
    `${of.formInWords}; strangers: ${of.strangersInWords}`,
    `${count(of.people, 'person', 'people')}${strangers} (${count(of.pairsOfPeople, 'pair')} of people), ${count(of.photographs, 'photograph')}, ${genuine.total.toLocaleString('en')} genuine and ${impostor.total.toLocaleString('en')} impostor pairs`,
    `equal error rate ${shownRate(findings.eer.rate)} at ${shownDistance(findings.eer.threshold)}, d′ ${contrast.dPrime.toFixed(2)}, area under the ROC ${findings.area.toFixed(4)}`,
    calibration.kind === 'refused'
      ? calibration.message
      : `Cllr ${calibration.cllr.toFixed(3)} bits, at least ${calibration.minCllr.toFixed(3)}`,
    ...(supported.length > 0
      ? columns([['wanted FMR', 'threshold', 'FMR (95 % bound)', 'FNMR (95 % bound)'], ...supported])
      : []),
    ...rows.filter((row) => row[2] === '').map(([wanted, sentence]) => `${wanted}: ${sentence}`),
  ]
}
