import { amongLine } from './among-line.ts'
import { inPercent, type Line } from './line.ts'
import { atEqualRate, type Paired } from './paired.ts'

/** The cohort that a model's card names, and what the card says of it. */
export interface CardEvidence {
  paired: Paired
  inWords: string
  fmr: number
  tar: number
}

/** The shipped reference statistics, measured again on the card's own cohort: before against after, beside the card. */
export function cardLine(card: CardEvidence | null): Line {
  const title = 'The shipped reference statistics'
  if (!card || card.paired.genuine.people.length === 0 || card.paired.impostor.people.length === 0)
    return {
      id: 'card',
      title,
      outcome: 'not-judged',
      sentence: 'The photographs that the card was measured on are not here.',
      before: null,
      after: null,
    }
  const { paired, inWords, fmr, tar } = card
  const rate = atEqualRate(paired, fmr)
  const matched = (side: 'before' | 'after') =>
    paired.genuine[side].filter((distance) => distance <= rate[side]).length / paired.genuine.people.length
  const [before, after] = [matched('before'), matched('after')]
  return {
    id: 'card',
    title,
    outcome: amongLine([paired], inWords).outcome,
    sentence: `On ${inWords}, TAR at FMR ${inPercent(fmr)} was ${tenths(before)} and is ${tenths(after)} (the card: ${tenths(tar)}).`,
    before,
    after,
  }
}

/** Near 100 %, a tenth of a point is much. */
function tenths(rate: number): string {
  return `${(100 * rate).toFixed(1)} %`
}
