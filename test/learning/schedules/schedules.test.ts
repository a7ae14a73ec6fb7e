import { describe, expect, test } from 'vitest'
import {
  constant,
  cosine,
  discriminativeRates,
  steps,
  warmUp,
} from '../../../src-main/learning/schedules/learning-rate.ts'
import { gradualUnfreezing, stagesAt } from '../../../src-main/learning/schedules/unfreezing.ts'

describe('learning rate', () => {
  test('a cosine falls from its highest through the middle to its lowest, and stays there', () => {
    const schedule = cosine(1, 100, 0.2)
    expect([0, 50, 100, 150].map(schedule)).toEqual([1, 0.6, 0.2, 0.2].map((v) => expect.closeTo(v, 12)))
    expect(schedule(25)).toBeGreaterThan(0.8) // above the straight line
  })

  test('warm-up rises to the first value, then the schedule starts from its beginning', () => {
    const schedule = warmUp(4, cosine(1, 10))
    expect([0, 1, 2, 3, 4].map(schedule)).toEqual([0.25, 0.5, 0.75, 1, 1])
    expect(schedule(14)).toBeCloseTo(0, 12)
  })

  test('discriminative rates fall by the same ratio from stage to stage, and the last is one', () => {
    const rates = discriminativeRates(['lowest', 'middle', 'last'], 2.6)
    expect(rates.last).toBe(1)
    expect(rates.middle).toBeCloseTo(1 / 2.6, 12)
    expect(rates.lowest).toBeCloseTo(1 / 2.6 / 2.6, 12)
    expect(discriminativeRates(['only'], 2.6)).toEqual({ only: 1 })
  })

  test('steps multiply at each boundary', () => {
    const schedule = steps(1, [10, 20], 0.5)
    expect([9, 10, 19, 20].map(schedule)).toEqual([1, 0.5, 0.5, 0.25])
    expect(constant(0.3)(1e6)).toBe(0.3)
  })
})

describe('unfreezing', () => {
  test('opens one more stage at a time from the head down', () => {
    const plan = gradualUnfreezing(['stem', 'body', 'head'], 5)
    expect([0, 4, 5, 10, 99].map((step) => stagesAt(plan, step))).toEqual([
      ['head'],
      ['head'],
      ['body', 'head'],
      ['stem', 'body', 'head'],
      ['stem', 'body', 'head'],
    ])
  })

  test('a plan without a beginning is refused', () => {
    expect(() => stagesAt([{ fromStep: 3, stages: ['head'] }], 2)).toThrow(/no stage is trained at step 2/)
  })
})
