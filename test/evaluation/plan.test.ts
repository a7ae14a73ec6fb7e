import { describe, expect, test } from 'vitest'
import { compareBytes } from '../../src-main/evaluation/byte-order.ts'
import { allPairsPlan, cappedPlan, leaveOneOutPlan, templatePlan } from '../../src-main/evaluation/plan.ts'
import type { Plan } from '../../src-main/evaluation/plan.ts'

/** Genuine comparisons as photographs: [probe's, reference's]. */
const genuine = ({ genuine, probes, references }: Plan) =>
  Array.from({ length: genuine.length / 2 }, (_, i) => [
    probes[genuine[2 * i]!]!.photographs,
    references[genuine[2 * i + 1]!]!.photographs,
  ])
const impostorProbes = (plan: Plan) => [...plan.impostorProbes].map((i) => plan.probes[i]!.photographs)

describe('the capped protocol', () => {
  test('pairs the first ten photographs of each person and the first of everyone', () => {
    const plan = cappedPlan([[0, 1, 2], [3], Array.from({ length: 15 }, (_, i) => 4 + i)])
    expect(genuine(plan)).toHaveLength(3 + 0 + 45)
    expect(genuine(plan).slice(0, 3)).toEqual([
      [[0], [1]],
      [[0], [2]],
      [[1], [2]],
    ])
    expect(Math.max(...genuine(plan).flat(2))).toBe(13)
    expect(impostorProbes(plan)).toEqual([[0], [3], [4]])
    expect(plan).toMatchObject({ people: 3, symmetric: true, form: { form: 'photograph-photograph' } })
  })

  test('a template of two: the first two enrol, the rest probe, strangers probe too', () => {
    const plan = templatePlan(
      [
        [0, 1, 2, 3],
        [4, 5],
        [6, 7, 8],
      ],
      2,
    )
    expect(genuine(plan)).toEqual([
      [[2], [0, 1]],
      [[3], [0, 1]],
      [[8], [6, 7]],
    ])
    expect(impostorProbes(plan)).toEqual([[2], [4], [8]])
    expect(plan.references.map((reference) => reference.photographs)).toEqual([
      [0, 1],
      [6, 7],
    ])
    expect(plan.form).toEqual({ form: 'photograph-template', templatePhotographs: 2, burstPhotographs: 1 })
  })

  test('bursts of two against templates of one leave an incomplete burst out', () => {
    const plan = templatePlan([[0, 1, 2, 3, 4, 5], [6, 7], [8]], 1, 2)
    expect(genuine(plan)).toEqual([
      [[1, 2], [0]],
      [[3, 4], [0]],
    ])
    expect(impostorProbes(plan)).toEqual([
      [1, 2],
      [6, 7],
    ])
    expect(plan.form.form).toBe('burst-template')
    expect(plan.people).toBe(2)
  })
})

describe('a gallery measured on itself', () => {
  test('all pairs', () => {
    const plan = allPairsPlan([[0, 1], [2], [3, 4, 5]])
    expect(genuine(plan)).toEqual([
      [[0], [1]],
      [[3], [4]],
      [[3], [5]],
      [[4], [5]],
    ])
    expect(plan.impostorProbes).toHaveLength(6)
  })

  test('a photograph never probes a template it is part of', () => {
    const plan = leaveOneOutPlan([[0, 1, 2], [3]])
    expect(genuine(plan)).toEqual([
      [[0], [1, 2]],
      [[1], [0, 2]],
      [[2], [0, 1]],
    ])
    expect([...plan.impostorReferences].map((i) => plan.references[i]!.photographs)).toEqual([[0, 1, 2], [3]])
    expect(plan.impostorProbes).toHaveLength(4)
  })
})

test('names are ordered as their bytes are', () => {
  const names = ['\u{1F600}', '\uFB01', 'b', 'a', 'ab', 'é', 'Z', '']
  const bytes = (name: string) => Buffer.from(name, 'utf8')
  expect([...names].sort(compareBytes)).toEqual([...names].sort((a, b) => Buffer.compare(bytes(a), bytes(b))))
  expect([...names].sort()).not.toEqual([...names].sort(compareBytes)) // JavaScript's own order differs
})
