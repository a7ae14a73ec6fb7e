import { inPercent, type Line } from './line.ts'
import { atEqualRate, errorsByPerson, supportedRate, totals, type Paired } from './paired.ts'
import { signTest } from './people-test.ts'

/**
 * Held-out photographs of gallery people: FNMR at the lowest FMR that the impostors support, each model at its own
 * threshold for that rate. Worse where people lose (sign test), or the errors grow by more than a handful.
 */
export function galleryLine(
  id: 'gallery' | 'gallery-by-strangers',
  parts: readonly Paired[],
  wantedFmr: number,
): Line {
  const impostors = id === 'gallery' ? 'gallery people' : 'strangers'
  const title = `Gallery people recognised, impostors being ${impostors}`
  const judged = parts.filter(
    ({ genuine, impostor }) => genuine.people.length > 0 && impostor.people.length > 0,
  )
  if (judged.length === 0)
    return {
      id,
      title,
      outcome: 'not-judged',
      sentence: `There are no held-out photographs with ${impostors} to compare.`,
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
  const { gained, lost, direction } = signTest(errors)
  const grew = after > before + Math.max(handful, share * before)
  const fmr = Math.max(...rates.map((rate) => rate.fmr))
  return {
    id,
    title,
    outcome: grew || direction === 'worse' ? 'worse' : direction === 'better' ? 'better' : 'not-worse',
    sentence:
      `At a false match rate of ${inPercent(fmr)} among ${impostors}, ${before} of ${comparisons} held-out comparisons ` +
      `were rejected before and ${after} after; ${gained} of ${errors.size} people gained, ${lost} lost.`,
    before: before / comparisons,
    after: after / comparisons,
  }
}

const handful = 2 // errors: fewer are not told from chance
const share = 0.25 // of the errors before
