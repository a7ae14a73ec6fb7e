import { inPercent, type Line } from './line.ts'
import { atEqualRate, type Paired } from './paired.ts'
import { meanDifference } from './people-test.ts'
import { lowerGain } from './separation-bound.ts'

/**
 * How far inside the threshold each person's genuine distances lie, the threshold being where the nearest impostors
 * begin: says which way a model went where errors are too few to tell. Means and deviations of all impostors do not:
 * they get better while the nearest ones come nearer. Differences are means over people, with Student's t; better is only
 * what is so as well where people and impostors are drawn anew. Gallery
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
  const rates = judged.map(({ impostor }) => Math.max(wantedFmr, nearest / impostor.people.length))
  for (const [part, paired] of judged.entries()) {
    const rate = atEqualRate(paired, rates[part]!)
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
  const impostors = new Set(judged.flatMap(({ impostor }) => [...impostor.people]))
  // That people lie nearer a threshold says nothing of how well it is known: a merit has to hold whoever is drawn.
  const isMerit = () =>
    people.length >= fewestPeople && impostors.size >= fewestPeople && lowerGain(judged, rates) > 0
  return {
    id: 'separation',
    title,
    outcome: !isTold || (direction === 'better' && !isMerit()) ? 'not-worse' : direction,
    sentence:
      `They lay at ${inPercent(before)} of the distance where ${impostorsInWords} begin before and at ${inPercent(after)} after ` +
      `(${gain >= 0 ? 'nearer' : 'farther'} by ${inPercent(Math.abs(gain))}, ${people.length} people).`,
    before,
    after,
  }
}

const nearest = 10 // impostor comparisons inside the threshold: fewer make it a matter of one pair
const fewestPeople = 5 // on each side: with fewer the sign test would tell nothing either
const leastGain = 0.02 // what runs that learned from four people alone gain and lose by chance is half of this
