import { inPercent, type Line } from './line.ts'
import { atEqualRate, type Paired } from './paired.ts'
import { meanDifference } from './people-test.ts'

/**
 * How far inside the threshold each person's genuine distances lie, the threshold being where the nearest impostors
 * begin: says which way a model went where errors are too few to tell. Means and deviations of all impostors do not:
 * they get better while the nearest ones come nearer. Differences are means over people, with Student's t. Gallery
 * people were trained to be apart, but not these photographs of theirs: a merit too, as long as no line of strangers is
 * worse.
 */
export function separationLine(parts: readonly Paired[], wantedFmr: number, impostorsInWords: string): Line {
  const title = `Genuine distances inside those of ${impostorsInWords}`
  const judged = parts.filter(
    ({ genuine, impostor }) => genuine.people.length > 0 && impostor.people.length > nearest,
  )
  if (judged.length === 0)
    return {
      id: 'separation',
      title,
      outcome: 'not-judged',
      sentence: 'There are too few comparisons to say.',
      before: null,
      after: null,
    }
  const byPerson = new Map<number, { n: number; before: number; after: number }>()
  for (const paired of judged) {
    const rate = atEqualRate(paired, Math.max(wantedFmr, nearest / paired.impostor.people.length))
    const { people, before, after } = paired.genuine
    for (let i = 0; i < people.length; i++) {
      const own = byPerson.get(people[i]!) ?? { n: 0, before: 0, after: 0 }
      own.n++
      own.before += before[i]! / rate.before
      own.after += after[i]! / rate.after
      byPerson.set(people[i]!, own)
    }
  }
  const people = [...byPerson.values()]
  const mean = (side: 'before' | 'after') =>
    people.reduce((sum, own) => sum + own[side] / own.n, 0) / people.length
  const [before, after] = [mean('before'), mean('after')]
  const { mean: gain, direction } = meanDifference(
    people.map((own) => (own.before - own.after) / own.n / before),
  )
  const isTold = Math.abs(gain) >= leastGain && direction !== 'no-difference'
  return {
    id: 'separation',
    title,
    outcome: isTold ? direction : 'not-worse',
    sentence:
      `They lay at ${inPercent(before)} of the distance where ${impostorsInWords} begin before and at ${inPercent(after)} after ` +
      `(${gain >= 0 ? 'nearer' : 'farther'} by ${inPercent(Math.abs(gain))}, ${people.length} people).`,
    before,
    after,
  }
}

const nearest = 10 // impostor comparisons inside the threshold: fewer make it a matter of one pair
const leastGain = 0.02 // what runs that learned from four people alone gain and lose by chance is half of this
