import { expect, test } from 'vitest'
import { random } from '../../../src-main/learning/random.ts'
import { mixedPeople } from '../../../src-main/training/gate/mixed-people.ts'

/** Twelve people of eight photographs around a centre each, in 16 dimensions. */
function gallery(seed: number, ownerOf: (person: number, photograph: number) => number) {
  const source = random(seed, 'people')
  const normal = (length: number, deviation: number) =>
    Array.from({ length }, () => deviation * source.normal())
  const centres = Array.from({ length: 24 }, () => normal(16, 1))
  const people = Array.from({ length: 12 * 8 }, (_, row) => Math.floor(row / 8))
  const vectors = people.flatMap((person, row) => {
    const noise = normal(16, 0.4)
    const vector = centres[ownerOf(person, row % 8)]!.map((value, i) => value + noise[i]!)
    const length = Math.hypot(...vector)
    return vector.map((value) => value / length)
  })
  const rows = Array.from({ length: 12 }, (_, person) => Array.from({ length: 8 }, (_, i) => person * 8 + i))
  return { embeddings: { vectors: Float32Array.from(vectors), dimension: 16, people }, rows }
}

test('names the person half of whose photographs are someone else’s, and nobody else', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const { embeddings, rows } = gallery(seed, (person, i) => (person === 5 && i % 2 === 1 ? 20 : person))
    const found = mixedPeople(embeddings, rows, 1)
    expect(found.map(({ person }) => person)).toEqual([5])
    expect(found[0]!.rows.map((row) => row % 2).every((parity, _, all) => parity === all[0])).toBe(true)
  }
})

test('a single odd photograph is an outlier, nobody’s half', () => {
  const { embeddings, rows } = gallery(3, (person, i) => (person === 5 && i === 7 ? 20 : person))
  expect(mixedPeople(embeddings, rows, 1)).toEqual([])
})

test('with few people the card’s limit holds', () => {
  const { embeddings, rows } = gallery(4, (person, i) => (person === 1 && i % 2 === 1 ? 20 : person))
  expect(mixedPeople(embeddings, rows.slice(0, 3), 0.7).map(({ person }) => person)).toEqual([1])
  expect(mixedPeople(embeddings, rows.slice(0, 3), 2)).toEqual([])
})
