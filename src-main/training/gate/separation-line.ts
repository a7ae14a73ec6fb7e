import type { Line } from './line.ts'
import type { Paired } from './paired.ts'
import { meanDifference } from './people-test.ts'

/**
 * How far each person's genuine distances lie below the impostors', in deviations of the impostors': says which way a
 * model went where errors are too few to tell. The mean difference over people, with Student's t.
 */
export function separationLine(parts: readonly Paired[], impostorsInWords: string): Line {
  const title = 'Genuine and impostor distances apart'
  const judged = parts.filter(
    ({ genuine, impostor }) => genuine.people.length > 0 && impostor.people.length > 1,
  )
  if (judged.length === 0)
    return {
      id: 'separation',
      title,
      outcome: 'not-judged',
      sentence: 'There are no held-out photographs to compare.',
      before: null,
      after: null,
    }
  const byPerson = new Map<number, { n: number; before: number; after: number }>()
  for (const { genuine, impostor } of judged) {
    const [before, after] = [momentsOf(impostor.before), momentsOf(impostor.after)]
    for (let i = 0; i < genuine.people.length; i++) {
      const own = byPerson.get(genuine.people[i]!) ?? { n: 0, before: 0, after: 0 }
      own.n++
      own.before += below(genuine.before[i]!, before)
      own.after += below(genuine.after[i]!, after)
      byPerson.set(genuine.people[i]!, own)
    }
  }
  const people = [...byPerson.values()]
  const mean = (side: 'before' | 'after') =>
    people.reduce((sum, own) => sum + own[side] / own.n, 0) / people.length
  const { lower95, upper95, direction } = meanDifference(
    people.map(({ n, before, after }) => (after - before) / n),
  )
  const [before, after] = [mean('before'), mean('after')]
  return {
    id: 'separation',
    title,
    outcome: Number.isFinite(after) ? (direction === 'no-difference' ? 'not-worse' : direction) : 'worse',
    sentence:
      `Genuine distances lay ${before.toFixed(2)} deviations below those of ${impostorsInWords} before and ` +
      `${after.toFixed(2)} after (difference ${lower95.toFixed(2)} to ${upper95.toFixed(2)}, ${people.length} people).`,
    before,
    after,
  }
}

function below(distance: number, { mean, deviation }: { mean: number; deviation: number }): number {
  return (mean - distance) / Math.max(deviation, 1e-9)
}

function momentsOf(distances: Float32Array): { mean: number; deviation: number } {
  const mean = distances.reduce((sum, d) => sum + d, 0) / distances.length
  const squares = distances.reduce((sum, d) => sum + (d - mean) ** 2, 0)
  return { mean, deviation: Math.sqrt(squares / (distances.length - 1)) }
}
