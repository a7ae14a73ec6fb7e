import { exactUpper } from '../../evaluation/binomial-bounds.ts'
import { inPercent, type Line } from './line.ts'
import { errorsByPerson, totals, type Paired } from './paired.ts'
import { signTest } from './people-test.ts'

/** Strangers against the templates, with the threshold in use before and the one that will be used after. */
export interface StrangersPart extends Paired {
  threshold: { before: number; after: number }
}

/** How many strangers pass at the threshold in use. Worse where their share leaves the 95 % bound it had before, or strangers lose by the sign test. */
export function strangersLine(parts: readonly StrangersPart[], whoInWords: string): Line {
  const title = 'Strangers kept out at the threshold in use'
  const judged = parts.filter(({ impostor }) => impostor.people.length > 0)
  if (judged.length === 0)
    return {
      id: 'strangers',
      title,
      outcome: 'not-judged',
      sentence: 'There is nobody to stand for strangers.',
      before: null,
      after: null,
    }
  const errors = errorsByPerson(
    judged.map(({ impostor, threshold }) => ({
      distances: impostor,
      wrong: (side, distance) => distance <= threshold[side],
    })),
  )
  const { comparisons, before, after } = totals(errors)
  const { gained, lost, direction } = signTest(errors)
  // Comparisons of one stranger are not independent: the bound is over pairs of people.
  const pairs = Math.min(comparisons, pairsOf(judged))
  const bound = exactUpper((before / comparisons) * pairs, pairs)
  const beyond = after > before && after / comparisons > bound
  return {
    id: 'strangers',
    title,
    outcome: beyond || direction === 'worse' ? 'worse' : direction === 'better' ? 'better' : 'not-worse',
    sentence:
      `Of ${comparisons.toLocaleString('en')} comparisons with ${whoInWords}, ${before} passed before and ${after} after ` +
      `(95 % bound before: ${inPercent(bound)}); ${lost} strangers pass more often, ${gained} less often.`,
    before: before / comparisons,
    after: after / comparisons,
  }
}

function pairsOf(parts: readonly Paired[]): number {
  let pairs = 0
  for (const { impostor } of parts) {
    const seen = new Set<number>()
    for (let i = 0; i < impostor.people.length; i++)
      seen.add(impostor.people[i]! * 2 ** 26 + impostor.references[i]!)
    pairs += seen.size
  }
  return pairs
}
