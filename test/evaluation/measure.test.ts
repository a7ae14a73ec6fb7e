import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { countAtMost, distinctThresholds } from '../../src-main/evaluation/distance-counts.ts'
import { distanceBetween, fuseRows } from '../../src-main/evaluation/embeddings.ts'
import { measure } from '../../src-main/evaluation/measure.ts'
import { multiplyHere } from '../../src-main/evaluation/multiply.ts'
import { allPairsPlan, cappedPlan, leaveOneOutPlan, templatePlan } from '../../src-main/evaluation/plan.ts'
import type { Plan } from '../../src-main/evaluation/plan.ts'
import { accepted } from './accepted.ts'
import { syntheticGallery } from './gallery.ts'

/** Every comparison of a plan, one by one. */
function slow(plan: Plan, embeddings: { vectors: Float32Array; dimension: number; people: Int32Array }) {
  const fused = (photographs: number[]) => fuseRows(embeddings, photographs)
  const distance = (p: number, r: number) =>
    distanceBetween(
      fused(plan.probes[p]!.photographs),
      0,
      fused(plan.references[r]!.photographs),
      0,
      embeddings.dimension,
    )
  const genuine: number[] = []
  for (let i = 0; i < plan.genuine.length; i += 2)
    genuine.push(distance(plan.genuine[i]!, plan.genuine[i + 1]!))
  const impostor: number[] = []
  for (const p of plan.impostorProbes)
    for (const r of plan.impostorReferences)
      if (plan.probes[p]!.person !== plan.references[r]!.person && (!plan.symmetric || p < r))
        impostor.push(distance(p, r))
  return { genuine: genuine.sort((a, b) => a - b), impostor: impostor.sort((a, b) => a - b) }
}

describe('carrying a plan out', () => {
  const plans: [string, (photographs: number[][]) => Plan][] = [
    ['capped', cappedPlan],
    ['all pairs', allPairsPlan],
    ['template of two', (photographs) => templatePlan(photographs, 2)],
    ['bursts of two against a template of two', (photographs) => templatePlan(photographs, 2, 2)],
    ['leave one out', (photographs) => leaveOneOutPlan(photographs)],
  ]
  test.each(plans)('%s: every distance is the one that a slow loop finds', async (_, plan) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 2, maxLength: 8 }),
        fc.integer(),
        async (sizes, seed) => {
          const { embeddings, photographs } = syntheticGallery([...sizes, 5, 5], 8, 0.5, seed)
          const planned = plan(photographs)
          const expected = slow(planned, embeddings)
          const measured = accepted(await measure(planned, embeddings))
          expect(measured.genuine.exact.length).toBe(expected.genuine.length)
          expect(measured.impostor.exact.length).toBe(expected.impostor.length)
          for (const [i, d] of expected.genuine.entries()) expect(measured.genuine.exact[i]).toBeCloseTo(d, 6)
          for (const [i, d] of expected.impostor.entries())
            expect(measured.impostor.exact[i]).toBeCloseTo(d, 3)
        },
      ),
      { numRuns: 30 },
    )
  })

  test('blocks meet without a gap: 1,500 people in two blocks of rows', async () => {
    const { embeddings, photographs } = syntheticGallery(Array<number>(1500).fill(2), 4, 0.3)
    const measured = accepted(await measure(allPairsPlan(photographs), embeddings))
    expect(measured.genuine.total).toBe(1500)
    expect(measured.impostor.total).toBe((3000 * 2999) / 2 - 1500)
    const expected = slow(cappedPlan(photographs.slice(0, 60)), embeddings)
    const first = accepted(await measure(cappedPlan(photographs.slice(0, 60)), embeddings))
    expect(first.impostor.exact[100]).toBeCloseTo(expected.impostor[100]!, 4)
    for (const threshold of [...distinctThresholds(measured.impostor)].filter((_, i) => i % 40_000 === 0)) {
      let count = 0
      for (let i = 0; i < 3000; i++)
        for (let j = i + 1; j < 3000; j++)
          if (
            i >> 1 !== j >> 1 &&
            distanceBetween(embeddings.vectors, i, embeddings.vectors, j, 4) <= threshold
          )
            count++
      expect(Math.abs(count - countAtMost(measured.impostor, threshold))).toBeLessThan(20) // single precision
    }
  })

  test('a photograph without a face fails its genuine pairs and is left out of the impostors', async () => {
    const { embeddings, photographs } = syntheticGallery([3, 2, 1], 8, 0.2)
    embeddings.vectors.fill(0, 0, 8) // photograph 0: zeros
    const measured = accepted(await measure(cappedPlan(photographs), embeddings))
    expect(measured.genuine).toMatchObject({ total: 4, failures: 2 })
    expect(measured).toMatchObject({ people: 3, impostor: { total: 1 } })
    const all = accepted(await measure(allPairsPlan(photographs), embeddings))
    expect(all.impostor.total).toBe(2 * 2 + 2 * 1 + 2 * 1)
  })

  test('progress is told and a cancel is heard', async () => {
    const { embeddings, photographs } = syntheticGallery(Array<number>(1100).fill(1).concat(2), 4, 0.3)
    const told: number[] = []
    await measure(allPairsPlan(photographs), embeddings, {
      onProgress: (done, total) => told.push(done / total),
    })
    expect(told.at(-1)).toBe(1)
    const signal = AbortSignal.abort()
    expect(await measure(allPairsPlan(photographs), embeddings, { signal })).toMatchObject({
      reason: 'cancelled',
    })
  })

  test.each([
    ['NaN', (v: Float32Array) => v.fill(NaN, 3, 4), 'not-a-number'],
    ['a length that is not 1', (v: Float32Array) => v.fill(2, 0, 8), 'not-unit-length'],
  ])('embeddings with %s are refused', async (_, spoil, reason) => {
    const { embeddings, photographs } = syntheticGallery([2, 2], 8, 0.2)
    spoil(embeddings.vectors)
    expect(await measure(allPairsPlan(photographs), embeddings)).toMatchObject({ kind: 'refused', reason })
  })

  test.each([
    ['one person', [5], 'no-impostor'],
    ['one photograph', [1], 'no-impostor'],
    ['one photograph of each', [1, 1, 1], 'no-genuine'],
    ['nobody', [], 'no-impostor'],
  ])('a gallery of %s is refused', async (_, sizes, reason) => {
    const { embeddings, photographs } = syntheticGallery(sizes, 8, 0.2)
    expect(await measure(allPairsPlan(photographs), embeddings)).toMatchObject({ kind: 'refused', reason })
  })

  test('a list of the wrong length is refused', async () => {
    const { embeddings, photographs } = syntheticGallery([2, 2], 8, 0.2)
    expect(await measure(allPairsPlan(photographs), { ...embeddings, dimension: 7 })).toMatchObject({
      kind: 'refused',
      reason: 'bad-list',
    })
  })
})

test('the product of blocks of any size is the sum over rows', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 1, max: 5 }),
      fc.func(fc.float({ min: -1, max: 1, noNaN: true })),
      (rows, columns, dimension, value) => {
        const a = Float32Array.from({ length: rows * dimension }, (_, i) => value('a', i))
        const b = Float32Array.from({ length: columns * dimension }, (_, i) => value('b', i))
        const product = multiplyHere(a, rows, b, columns, dimension)
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < columns; j++) {
            let sum = 0
            for (let k = 0; k < dimension; k++) sum += a[i * dimension + k]! * b[j * dimension + k]!
            expect(product[i * columns + j]).toBe(Math.fround(sum))
          }
      },
    ),
  )
})
