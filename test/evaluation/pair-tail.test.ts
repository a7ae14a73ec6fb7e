import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PairTailCollector } from '../../src-main/evaluation/pair-tail.ts'

test('keeps the most alike strangers and the least alike genuine, whatever comes first', () => {
  const values = fc.array(
    fc.oneof(
      fc.integer({ min: 0, max: 9 }).map((i) => i / 5),
      fc.double({ min: 0, max: 2, noNaN: true }),
    ),
    { maxLength: 120 },
  )
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 30 }), (distances, capacity) => {
      for (const [end, sign] of [
        ['near', 1],
        ['far', -1],
      ] as const) {
        const collector = new PairTailCollector(end, capacity)
        for (const [i, distance] of distances.entries()) collector.add(distance, i, 1000 + i)
        const people = distances.map((_, i) => i)
        const tail = collector.finish(people, Array<number>(1000).fill(-1).concat(people))
        const sorted = [...distances].sort((a, b) => sign * (a - b)).slice(0, capacity)
        expect([...tail.distances]).toEqual(sorted)
        for (const [k, probe] of tail.probes.entries()) {
          expect(distances[probe]).toBe(tail.distances[k])
          expect(tail.references[k]).toBe(1000 + probe)
          expect(tail.referencePeople[k]).toBe(tail.probePeople[k])
        }
        expect(tail.complete).toBe(distances.length <= capacity)
      }
    }),
  )
})

test('a failed genuine comparison is the least alike of all', () => {
  const collector = new PairTailCollector('far', 2)
  for (const distance of [0.5, Infinity, 1.9, Infinity, 1.8, 0.1]) collector.add(distance, 0, 0)
  expect([...collector.finish([0], [0]).distances]).toEqual([Infinity, Infinity])
})

test('inner products are kept as the distances they stand for', () => {
  const random = (i: number) => ((i * 7919) % 1009) / 504.5 - 1
  const products = Float32Array.from({ length: 1000 }, (_, i) => random(i))
  const collector = new PairTailCollector('near', 10)
  const origin = Uint32Array.from({ length: 1000 }, (_, i) => 5000 + i)
  for (let start = 0; start < 1000; start += 100)
    collector.addProducts(products, start, start + 100, 3, start, origin)
  const tail = collector.finish([0, 0, 0, 7], new Int32Array(6000))
  const expected = [...products].sort((a, b) => b - a).slice(0, 10)
  expect([...tail.distances]).toEqual(expected.map((product) => Math.sqrt(2 - 2 * product)))
  expect([...tail.references].map((reference) => products[reference - 5000])).toEqual(expected)
  expect(tail.probePeople[0]).toBe(7)
  expect(tail.complete).toBe(false)
})
