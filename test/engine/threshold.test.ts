import { describe, expect, test } from 'vitest'
import type { ModelCard } from '../../src-main/engine/model-card.ts'
import { decide, distanceBetween, scaleFor, thresholdFromCard } from '../../src-main/engine/threshold.ts'
import { madeUpCard } from './made-up-faces.ts'

const one = { template: 1, burst: 1 }

describe('a threshold belongs to a form of comparison', () => {
  test('a distance of one form is never judged by the threshold of another', () => {
    const distance = { form: 'burst-template', value: 0.1 } as const
    const threshold = thresholdFromCard(madeUpCard, 'photograph-photograph', one, 1e-4)
    // @ts-expect-error: the compiler says it first; without this line's error `npm run check` fails
    expect(() => decide(distance, threshold)).toThrow(
      'a burst-template distance cannot be judged by a photograph-photograph threshold',
    )
  })

  test('each form has its own on the card', () => {
    const five = { template: 5, burst: 1 }
    const threeOnFive = { template: 5, burst: 3 }
    expect(thresholdFromCard(madeUpCard, 'photograph-photograph', one, 1e-4).distance).toBe(0.9)
    expect(thresholdFromCard(madeUpCard, 'photograph-template', five, 1e-4).distance).toBe(0.8)
    expect(thresholdFromCard(madeUpCard, 'burst-template', threeOnFive, 1e-4).distance).toBe(0.7)
  })

  test('a swapped card lets other distances through, so that this table fails if forms are swapped in the code', () => {
    const swapped: ModelCard = {
      ...madeUpCard,
      forms: madeUpCard.forms.map((row, i, rows) => ({
        ...row,
        operatingPoints: rows[(i + 1) % rows.length]!.operatingPoints,
      })),
    }
    const distance = { form: 'photograph-photograph', value: 0.85 } as const
    expect(decide(distance, thresholdFromCard(madeUpCard, 'photograph-photograph', one, 1e-4))).toBe('match')
    expect(decide(distance, thresholdFromCard(swapped, 'photograph-photograph', one, 1e-4))).toBe('no-match')
  })

  test('a card that knows nothing of a form is refused', () => {
    const poor = { ...madeUpCard, forms: madeUpCard.forms.slice(0, 1) }
    expect(() => thresholdFromCard(poor, 'burst-template', { template: 5, burst: 3 }, 1e-4)).toThrow(
      'no threshold for burst-template',
    )
  })
})

describe('between what was measured', () => {
  test('a wanted rate between two operating points takes the stricter one', () => {
    expect(thresholdFromCard(madeUpCard, 'photograph-photograph', one, 5e-4).distance).toBe(0.9)
    expect(thresholdFromCard(madeUpCard, 'photograph-photograph', one, 1e-3).distance).toBe(1)
    expect(thresholdFromCard(madeUpCard, 'photograph-photograph', one, 0.1 / 1000).distance).toBe(0.9)
  })

  const row = (template: number, burst: number, threshold: number) => ({
    form: burst > 1 ? ('burst-template' as const) : ('photograph-template' as const),
    template,
    burst,
    people: 10,
    genuinePairs: 10,
    impostorPairs: 10,
    operatingPoints: [{ fmr: 1e-4, threshold, tmr: 1 }],
  })

  test('a template between two measured sizes is held to the stricter of both', () => {
    const card = { ...madeUpCard, forms: [row(3, 1, 0.9), row(5, 1, 0.8), row(10, 1, 0.6)] }
    const of = (template: number) =>
      thresholdFromCard(card, 'photograph-template', { template, burst: 1 }, 1e-4).distance
    expect([3, 4, 5, 7, 10, 50].map(of)).toEqual([0.9, 0.8, 0.8, 0.6, 0.6, 0.6])
  })

  test('more photographs than any row has are held to the largest row, and it is said', () => {
    const card = { ...madeUpCard, forms: [row(5, 1, 0.9), row(5, 3, 0.8), row(5, 5, 0.7)] }
    const of = (template: number, burst: number) =>
      thresholdFromCard(card, 'burst-template', { template, burst }, 1e-4)
    expect(of(5, 12)).toMatchObject({ distance: 0.7 })
    const said = 'measured up to burst of 5 × template of 5'
    expect([of(5, 12).note, of(9, 5).note].every((note) => note.includes(said))).toBe(true)
    expect(of(5, 5).note).not.toContain(said)
  })

  test('a threshold measured with less evidence is scaled as the card is, never up', () => {
    const card = { ...madeUpCard, forms: [row(5, 1, 0.9), row(5, 3, 0.8), row(5, 5, 0.6), row(10, 3, 0.7)] }
    const scale = (from: [number, number], to: [number, number]) => {
      const [measuredWith, atHand] = [from, to].map(([template, burst]) => ({ template, burst }))
      return scaleFor(card, 'burst-template', { measuredWith: measuredWith!, atHand: atHand! }, 1e-4)
    }
    expect(scale([5, 3], [5, 5])).toBeCloseTo(0.6 / 0.8, 12)
    expect(scale([5, 3], [10, 3])).toBeCloseTo(0.7 / 0.8, 12)
    expect(scale([5, 4], [5, 5])).toBeCloseTo(0.6 / 0.8, 12) // 4 may be as lax as 3
    expect(scale([5, 3], [5, 4])).toBeCloseTo(0.6 / 0.8, 12) // 4 may have to be as strict as 5
    expect([scale([5, 5], [5, 3]), scale([5, 4], [5, 4]), scale([10, 3], [10, 3])]).toEqual([1, 1, 1])
  })

  test('a burst is held to the stricter of its own form and photograph × template', () => {
    const lenientBurst = { ...madeUpCard, forms: [row(5, 1, 0.5), row(5, 3, 0.8)] }
    const burst = { template: 5, burst: 3 }
    const threshold = thresholdFromCard(lenientBurst, 'burst-template', burst, 1e-4)
    expect(threshold).toMatchObject({ form: 'burst-template', distance: 0.5 })
  })

  test('a rate that a row cannot support is reached by the step that better supported rows show', () => {
    const weak = { ...row(5, 3, 0), operatingPoints: [{ fmr: 1e-3, threshold: 0.6, tmr: 1 }] }
    const strong = {
      ...row(5, 1, 0),
      operatingPoints: [
        { fmr: 1e-3, threshold: 1, tmr: 1 },
        { fmr: 1e-4, threshold: 0.9, tmr: 1 },
      ],
    }
    const card = { ...madeUpCard, forms: [weak, strong] }
    const threshold = thresholdFromCard(card, 'burst-template', { template: 5, burst: 3 }, 1e-4)
    expect(threshold.distance).toBeCloseTo(0.6 * 0.9, 12)
    expect(threshold.note).toContain('carried over')
  })
})

test('exactly at the threshold is a match, the next number above is not', () => {
  const threshold = thresholdFromCard(madeUpCard, 'photograph-photograph', one, 1e-4)
  const at = (value: number) => decide({ form: 'photograph-photograph', value }, threshold)
  expect(at(0.9)).toBe('match')
  expect(at(0.9 + Number.EPSILON)).toBe('no-match')
  expect(at(NaN)).toBe('no-match')
})

test('the distance of unit vectors at right angles is √2', () => {
  const distance = distanceBetween('photograph-photograph', Float32Array.of(1, 0), Float32Array.of(0, 1))
  expect(distance).toEqual({ form: 'photograph-photograph', value: Math.SQRT2 })
})
