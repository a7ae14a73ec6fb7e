import { describe, expect, test } from 'vitest'
import { distanceBetween } from '../../src-main/evaluation/embeddings.ts'
import { galleryStatistics } from '../../src-main/evaluation/people-statistics.ts'
import { zooOf } from '../../src-main/evaluation/zoo.ts'
import { accepted } from './accepted.ts'
import { syntheticGallery } from './gallery.ts'

describe('a gallery by people', () => {
  const { embeddings, photographs } = syntheticGallery([3, 1, 4, 2], 8, 0.4, 2)
  const distance = (i: number, j: number) => distanceBetween(embeddings.vectors, i, embeddings.vectors, j, 8)

  test('each person’s distances are those of a slow loop', async () => {
    const { people } = accepted(await galleryStatistics(embeddings))
    for (const [p, own] of photographs.entries()) {
      const others = photographs.flatMap((rows, q) => (q === p ? [] : rows))
      const impostor = own.flatMap((i) => others.map((j) => distance(i, j)))
      const mean = impostor.reduce((a, b) => a + b) / impostor.length
      const variance = impostor.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (impostor.length - 1)
      expect(people[p]).toMatchObject({ person: p, photographs: own.length })
      expect(people[p]!.impostor.pairs).toBe(impostor.length)
      expect(people[p]!.impostor.mean).toBeCloseTo(mean, 5)
      expect(people[p]!.impostor.deviation).toBeCloseTo(Math.sqrt(variance), 5)
      expect(people[p]!.impostor.least).toBeCloseTo(Math.min(...impostor), 5)
      expect(people[p]!.genuine.pairs).toBe((own.length * (own.length - 1)) / 2)
    }
    expect(people[1]!.genuine.mean).toBeNaN()
  })

  test('pairs of people stand most alike first', async () => {
    const { pairs, people } = accepted(await galleryStatistics(embeddings))
    expect(pairs).toHaveLength(6)
    expect(pairs.map((pair) => pair.least)).toEqual(pairs.map((pair) => pair.least).sort((a, b) => a - b))
    expect(pairs.map((pair) => pair.pairs).reduce((a, b) => a + b)).toBe(45 - 3 - 6 - 1)
    const { a, b } = pairs[0]!
    expect(people[a]!.nearestPerson).toBe(b)
    expect(accepted(await galleryStatistics(embeddings, { riskiest: 2 })).pairs).toHaveLength(2)
  })

  test('NaN is refused, nobody is an empty list', async () => {
    const spoilt = { ...embeddings, vectors: embeddings.vectors.map((v, i) => (i === 7 ? NaN : v)) }
    expect(await galleryStatistics(spoilt)).toMatchObject({ reason: 'not-a-number' })
    const nobody = { vectors: new Float32Array(), dimension: 8, people: [] }
    expect(await galleryStatistics(nobody)).toMatchObject({ people: [], pairs: [] })
  })
})

describe('the zoo', () => {
  const sheep = Array.from({ length: 9 }, (_, i) => ({
    person: i,
    genuineMean: 0.6 + i / 1000,
    impostorMean: 1.2 + (i % 3) / 1000,
    probingMean: 1.2 + ((i * 4) % 9) / 1000,
  }))

  test('names who is often refused, who is easily imitated and who is taken for others', () => {
    const zoo = zooOf([
      ...sheep,
      { person: 100, genuineMean: 0.9, impostorMean: 1.2, probingMean: 1.204 },
      { person: 101, genuineMean: 0.604, impostorMean: 1, probingMean: 1.204 },
      { person: 102, genuineMean: 0.604, impostorMean: 1.201, probingMean: 1 },
      { person: 103, genuineMean: 0.95, impostorMean: 0.9, probingMean: 1.204 },
    ])
    const animals = (person: number) => zoo.find((place) => place.person === person)!.animals
    expect(animals(100)).toContain('goat')
    expect(animals(101)).toEqual(['lamb'])
    expect(animals(102)).toEqual(['wolf'])
    expect(animals(103)).toEqual(['goat', 'lamb', 'worm'])
    expect(zoo.find((place) => place.person === 102)!.sentences[0]).toMatch(/taken for others/)
  })

  test('three people are no zoo, and a mean that is missing makes nobody an animal', () => {
    expect(zooOf(sheep.slice(0, 3)).flatMap((place) => place.animals)).toEqual([])
    const lonely = { person: 1, genuineMean: NaN, impostorMean: NaN, probingMean: NaN }
    expect(zooOf([...sheep, lonely]).at(-1)!.animals).toEqual([])
  })
})
