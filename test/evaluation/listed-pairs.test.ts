import { describe, expect, test } from 'vitest'
import { doubtedFmr, doubtedFnmr } from '../../src-main/evaluation/doubt.ts'
import { distanceBetween } from '../../src-main/evaluation/embeddings.ts'
import { operatingPointAt } from '../../src-main/evaluation/error-rates.ts'
import { listedComparisons } from '../../src-main/evaluation/listed-pairs.ts'
import { measure } from '../../src-main/evaluation/measure.ts'
import { packComparisons, unpackComparisons } from '../../src-main/evaluation/packed-comparisons.ts'
import { bootstrapOverPeople } from '../../src-main/evaluation/people-bootstrap.ts'
import { peopleCompared } from '../../src-main/evaluation/pairs-of-people.ts'
import { allPairsPlan } from '../../src-main/evaluation/plan.ts'
import { accepted } from './accepted.ts'
import { seeded, syntheticGallery } from './gallery.ts'

const { embeddings, photographs } = syntheticGallery([4, 4, 4, 4, 4, 4, 4, 4], 6, 0.7, 3)
const { people } = embeddings
const distance = (i: number, j: number) => distanceBetween(embeddings.vectors, i, embeddings.vectors, j, 6)
const everyPair = Array.from(people).flatMap((_, i) =>
  Array.from({ length: i }, (_, j) => ({ first: j, second: i, distance: distance(i, j) })),
)

describe('a list of pairs with the people behind it', () => {
  test('of all pairs has the rates, bounds and bands of all pairs compared', async () => {
    const listed = accepted(listedComparisons(everyPair, people))
    const crossed = accepted(await measure(allPairsPlan(photographs), embeddings))
    expect(listed.people).toBe(8)
    expect(peopleCompared(listed.behind!)).toEqual(peopleCompared(crossed.behind!))
    const thresholds = Float64Array.from([0.5, 0.8, 1])
    for (const threshold of thresholds) {
      expect(operatingPointAt(listed, threshold)).toEqual(operatingPointAt(crossed, threshold))
      expect(doubtedFmr(listed, threshold)).toEqual(doubtedFmr(crossed, threshold))
      expect(doubtedFnmr(listed, threshold)).toEqual(doubtedFnmr(crossed, threshold))
    }
    const bands = async (compared: typeof listed) =>
      accepted(await bootstrapOverPeople(compared, thresholds, { draws: 50, random: seeded(4) }))
    const [one, other] = [await bands(listed), await bands(crossed)]
    for (const [i, band] of one.fmr.entries()) {
      expect(band!.low).toBeCloseTo(other.fmr[i]!.low, 9)
      expect(band!.high).toBeCloseTo(other.fmr[i]!.high, 9)
    }
    expect(one.fnmr).toEqual(other.fnmr)
  })

  test('knows that pairs which share a person are worth less than independent ones', () => {
    // Photographs of person 0 against everybody's: one person's looks decide them all.
    const pairs = everyPair.filter(
      ({ first, second }) => people[first] === people[second] || people[first] === 0,
    )
    const shared = accepted(listedComparisons(pairs, people))
    const doubt = doubtedFmr(shared, 0.9)
    expect(doubt.people).toBe(8)
    expect(doubt.method).toBe('exact, effective comparisons over people')
    expect(doubt.effectiveComparisons).toBeLessThan(8)
    expect(doubt.comparisons).toBe(4 * 28)
  })

  test('a band’s rate is of the pairs in the list, not of all that could be compared', async () => {
    const many = syntheticGallery(Array<number>(30).fill(3), 6, 0.7, 5).embeddings
    const pairs = Array.from(many.people).flatMap((_, second) =>
      Array.from({ length: second }, (_, first) => ({
        first,
        second,
        distance: distanceBetween(many.vectors, first, many.vectors, second, 6),
      })).filter(
        ({ first }) => many.people[first] === many.people[second] || (7 * first + second) % 10 === 0,
      ),
    )
    const compared = accepted(listedComparisons(pairs, many.people))
    const thresholds = Float64Array.from([1.3])
    const { rate } = doubtedFmr(compared, 1.3)
    expect(rate).toBeGreaterThan(0.2)
    const { fmr } = accepted(
      await bootstrapOverPeople(compared, thresholds, { draws: 200, random: seeded(9) }),
    )
    expect(fmr[0]!.low).toBeGreaterThan(rate / 3) // of all pairs it would be a tenth
    expect(fmr[0]!.high).toBeGreaterThan(rate)
  })

  test('a pair without a face is a failure of its person, and left out between two people', () => {
    const pairs = everyPair.map((pair, i) => (i < 40 ? { ...pair, distance: null } : pair))
    const { genuine, impostor } = accepted(listedComparisons(pairs, people))
    const first = everyPair.slice(0, 40)
    const failures = first.filter(({ first: a, second: b }) => people[a] === people[b]).length
    expect(genuine.failures).toBe(failures)
    expect([genuine.total, impostor.total]).toEqual([8 * 6, (32 * 31) / 2 - 8 * 6 - (40 - failures)])
  })

  test('survives being packed, and refuses what is no distance', () => {
    const listed = accepted(listedComparisons(everyPair, people))
    expect(unpackComparisons(packComparisons(listed))).toEqual(listed)
    expect(listedComparisons([{ first: 0, second: 5, distance: NaN }], people)).toMatchObject({
      reason: 'not-a-number',
    })
    expect(listedComparisons([], people)).toMatchObject({ kind: 'refused', reason: 'no-impostor' })
  })
})
