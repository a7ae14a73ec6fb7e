import { inPercent, type Line } from './line.ts'
import { atEqualRate, errorsByPerson, supportedRate, totals, type Paired } from './paired.ts'
import { meanDifference } from './people-test.ts'

/**
 * Strangers who have several photographs, among themselves: TAR at FMR 1e-3, or at the lowest rate that their pairs
 * support. Says whether a model that was trained on others still tells people apart. Worse and better are said of means
 * over people, beyond their 95 % bound and a point.
 */
export function amongLine(parts: readonly Paired[], whoInWords: string): Line {
  const title = `TAR of ${whoInWords} among themselves`
  const judged = parts.filter(
    ({ genuine, impostor }) => genuine.people.length > 0 && impostor.people.length > 0,
  )
  if (judged.length === 0)
    return {
      id: 'among-strangers',
      title,
      outcome: 'not-judged',
      sentence: 'They have one photograph each, or there is nobody.',
      before: null,
      after: null,
    }
  const rates = judged.map((paired) => atEqualRate(paired, supportedRate(paired, wantedFmr)))
  const errors = errorsByPerson(
    judged.map(({ genuine }, i) => ({
      distances: genuine,
      wrong: (side, distance) => !(distance <= rates[i]![side]),
    })),
  )
  const { comparisons, before, after } = totals(errors)
  const people = [...errors.values()]
  const { mean, direction } = meanDifference(people.map((own) => (own.before - own.after) / own.comparisons))
  const isTold = Math.abs(mean) >= leastChange && direction !== 'no-difference'
  return {
    id: 'among-strangers',
    title,
    outcome: isTold ? direction : 'not-worse',
    sentence:
      `At a false match rate of ${inPercent(Math.max(...rates.map(({ fmr }) => fmr)))}, ${comparisons - before} of ${comparisons} ` +
      `comparisons of ${people.length} people with themselves matched before and ${comparisons - after} after.`,
    before: 1 - before / comparisons,
    after: 1 - after / comparisons,
  }
}

const wantedFmr = 1e-3
const leastChange = 0.01 // of a person's comparisons: a point
