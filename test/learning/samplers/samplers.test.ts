import { describe, expect, test } from 'vitest'
import { classBalanced } from '../../../src-main/learning/samplers/class-balanced.ts'
import { fixedTriplets } from '../../../src-main/learning/samplers/fixed-triplets.ts'
import { peopleAndPhotographs } from '../../../src-main/learning/samplers/people-and-photographs.ts'
import { random } from '../../../src-main/learning/random.ts'

// person p has p + 1 photographs: 0 has one, 5 has six
const labels = [0, 1, 2, 3, 4, 5].flatMap((person) => Array<number>(person + 1).fill(person))
const counted = (items: Iterable<number>) => {
  const counts = new Map<number, number>()
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  return counts
}

describe('people × photographs', () => {
  const settings = { labels, people: 2, photographs: 2, seed: 3 }

  test('every batch holds K photographs of each of P people', () => {
    const sampler = peopleAndPhotographs(settings)
    for (let step = 0; step < 20; step++) {
      const people = counted(sampler.batch(step).map((index) => labels[index]!))
      expect([...people.values()]).toEqual([2, 2])
    }
  })

  test('an epoch shows each person of two photographs or more once, in another order each time', () => {
    const sampler = peopleAndPhotographs({ ...settings, people: 1 })
    expect(sampler.stepsPerEpoch).toBe(5)
    const epoch = (e: number) => [0, 1, 2, 3, 4].map((step) => labels[sampler.batch(5 * e + step)[0]!]!)
    for (const e of [0, 1, 2]) expect(epoch(e).sort()).toEqual([1, 2, 3, 4, 5])
    expect(new Set([0, 1, 2, 3, 4, 5].map((e) => epoch(e).join())).size).toBeGreaterThan(1)
  })

  test("a person's photographs take turns before one is seen again", () => {
    const sampler = peopleAndPhotographs({ ...settings, people: 5 })
    const seen = [0, 1, 2].flatMap((epoch) => sampler.batch(epoch).filter((index) => labels[index] === 5))
    expect(counted(seen)).toEqual(counted(labels.flatMap((person, i) => (person === 5 ? [i] : []))))
    const few = peopleAndPhotographs({ ...settings, people: 5, photographs: 3 })
    expect(few.batch(0).filter((index) => labels[index] === 1)).toHaveLength(3) // of two
  })

  test('single photographs are of people who are not in the batch already', () => {
    const sampler = peopleAndPhotographs({ ...settings, singles: 4 })
    expect(sampler.batchSize).toBe(8)
    for (let step = 0; step < 10; step++) {
      const people = counted(sampler.batch(step).map((index) => labels[index]!))
      expect([...people.values()].sort()).toEqual([1, 1, 1, 1, 2, 2])
    }
  })

  test('a batch depends on the seed and its number, not on the batches before it', () => {
    const whole = peopleAndPhotographs(settings)
    const run = Array.from({ length: 12 }, (_, step) => whole.batch(step))
    expect(peopleAndPhotographs(settings).batch(11)).toEqual(run[11])
    expect(peopleAndPhotographs({ ...settings, seed: 4 }).batch(11)).not.toEqual(run[11])
  })

  test('says how many people are missing', () => {
    expect(() => peopleAndPhotographs({ ...settings, people: 6 })).toThrow(/6 people .* there are 5/)
    expect(() => peopleAndPhotographs({ ...settings, singles: 5 })).toThrow(/5 further people .* there are 4/)
  })
})

test('a class-balanced draw shows small classes as often as large ones', () => {
  const sampler = classBalanced({ labels, batchSize: 600, seed: 1 })
  const people = counted(sampler.batch(0).map((index) => labels[index]!))
  for (const count of people.values()) expect(Math.abs(count - 100)).toBeLessThan(5 * Math.sqrt(100))
  expect(sampler.batch(0)).toEqual(classBalanced({ labels, batchSize: 600, seed: 1 }).batch(0))
  expect(() => classBalanced({ labels: [], batchSize: 1, seed: 1 })).toThrow(/no photograph/)
})

describe('fixed triplets', () => {
  const sampler = fixedTriplets({ labels, triplets: 7, tripletsPerBatch: 3, seed: 5 })

  test('each is anchor, another photograph of the same person, and a stranger', () => {
    for (let step = 0; step < 10; step++) {
      const batch = sampler.batch(step)
      expect(batch).toHaveLength(9)
      for (let i = 0; i < 9; i += 3) {
        const [a, p, n] = batch.slice(i, i + 3) as [number, number, number]
        expect(a).not.toBe(p)
        expect(labels[a]).toBe(labels[p])
        expect(labels[a]).not.toBe(labels[n])
      }
    }
  })

  test('the same triplets come round again', () => {
    expect(sampler.batch(7)).toEqual(sampler.batch(0)) // 7 steps × 3 triplets = 3 rounds of 7
    expect(() => fixedTriplets({ labels: [1, 1], triplets: 1, tripletsPerBatch: 1, seed: 1 })).toThrow(
      /triplet/,
    )
  })
})

describe('the random source', () => {
  test('is uniform, normal and unbiased enough for its work', () => {
    const source = random(1, 'test')
    const uniform = Array.from({ length: 20_000 }, () => source.uniform())
    expect(uniform.reduce((a, b) => a + b) / 20_000).toBeCloseTo(0.5, 2)
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...uniform)).toBeLessThan(1)
    const normal = Array.from({ length: 20_000 }, () => source.normal())
    expect(Math.abs(normal.reduce((a, b) => a + b) / 20_000)).toBeLessThan(0.03)
    expect(normal.reduce((a, b) => a + b * b) / 20_000).toBeCloseTo(1, 1)
    // every order of three equally likely: 2000 ± 4.5 deviations
    const orders = counted(Array.from({ length: 12_000 }, () => Number(source.shuffled([1, 2, 3]).join(''))))
    expect(orders.size).toBe(6)
    for (const count of orders.values()) expect(Math.abs(count - 2000)).toBeLessThan(190)
  })

  test('streams of neighbouring seeds and names have nothing in common', () => {
    const firsts = Array.from({ length: 2000 }, (_, seed) => random(seed, 'batch', 0).uniform())
    expect(firsts.reduce((a, b) => a + b) / 2000).toBeCloseTo(0.5, 1)
    expect(new Set(firsts).size).toBeGreaterThan(1990)
  })
})
