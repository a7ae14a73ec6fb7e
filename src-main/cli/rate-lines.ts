import type { Comparisons } from '../evaluation/comparisons.ts'
import type { ConditionContrast } from '../evaluation/condition-contrasts.ts'
import type { DistanceSummary } from '../evaluation/contrast.ts'
import type { Findings } from '../evaluation/findings.ts'
import type { NormalisationComparison } from '../evaluation/normalisation-comparison.ts'
import { percent } from '../evaluation/supported-rate.ts'
import {
  shownChange,
  shownDistance,
  shownNumber,
  shownRate,
  shownShift,
  shownTransaction,
  shownUpper,
} from '../evaluation/shown-rates.ts'
import type { BoundedTransaction } from '../evaluation/transaction.ts'
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
  conditions: ConditionContrast[]
  normalisations: NormalisationComparison | null
  /** Where the rates of a transaction are computed, and of how many attempts. */
  transaction: { threshold: number; thresholdFrom: string; rates: BoundedTransaction; acquired: string }
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
    ...transactionLines(of.transaction),
    ...conditionLines(of.conditions),
    ...normalisationLines(of.normalisations),
  ]
}

function transactionLines({ threshold, thresholdFrom, rates, acquired }: Shown['transaction']): string[] {
  const { attempts, far, frr } = rates
  return [
    `up to ${count(attempts, 'attempt')} at ${shownDistance(threshold)} (${thresholdFrom}): FAR ${shownTransaction(far)}, FRR ${shownTransaction(frr)}. ${acquired}`,
  ]
}

function conditionLines(conditions: ConditionContrast[]): string[] {
  if (conditions.length === 0) return []
  const spread = ({ mean, deviation, pairs }: DistanceSummary) =>
    pairs > 0 ? `${shownDistance(mean)} ± ${shownDistance(deviation)} (${pairs.toLocaleString('en')})` : '–'
  return [
    'by capture condition, photograph × photograph: mean ± deviation (pairs)',
    ...columns([
      [
        '',
        'one person, same',
        'different',
        'strangers, same',
        'different',
        'd′ same',
        'different',
        'farther',
      ],
      ...conditions.map((each) => [
        each.condition,
        spread(each.genuineSame),
        spread(each.genuineDifferent),
        spread(each.impostorSame),
        spread(each.impostorDifferent),
        shownNumber(each.dPrimeSame),
        shownNumber(each.dPrimeDifferent),
        shownShift(each.shift),
      ]),
    ]),
  ]
}

function normalisationLines(found: NormalisationComparison | null): string[] {
  if (!found) return []
  return [
    `normalised by ${count(found.fittedOn, 'stranger')}, judged on ${count(found.judgedOn, 'other person', 'other people')}, FMR held to ${shownUpper(found.heldFmr).slice(2)}`,
    ...columns([
      ['', 'FMR (95 % bound)', 'FNMR (95 % bound)', 'less the plain one’s'],
      ...found.rows.map(({ by, fmr, fnmr, change }) => [
        by,
        `${shownRate(fmr.rate)} (${shownUpper(fmr.upper95)})`,
        `${shownRate(fnmr.rate)} (${shownUpper(fnmr.upper95)})`,
        shownChange(change),
      ]),
    ]),
    found.sentence,
  ]
}
