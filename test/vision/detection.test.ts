import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { intersectionOverUnion, suppress } from '../../src-main/vision/detection.ts'
import { byProminence, competingFaces } from '../../src-main/vision/prominence.ts'

const box = (left: number, top: number, width: number, height: number) => ({ left, top, width, height })

describe('overlapping boxes', () => {
  test('intersection over union', () => {
    expect(intersectionOverUnion(box(0, 0, 2, 2), box(0, 0, 2, 2))).toBe(1)
    expect(intersectionOverUnion(box(0, 0, 2, 2), box(1, 0, 2, 2))).toBeCloseTo(1 / 3)
    expect(intersectionOverUnion(box(0, 0, 2, 2), box(2, 0, 2, 2))).toBe(0)
  })

  test('the better of two boxes of one face stays, another face stays too', () => {
    const face = { box: box(0, 0, 10, 10), score: 0.8 }
    const better = { box: box(1, 0, 10, 10), score: 0.9 }
    const other = { box: box(50, 0, 10, 10), score: 0.6 }
    expect(suppress([face, other, better], 0.5)).toEqual([better, other])
  })

  test('one face seen at two sizes is one, two heads cheek to cheek are two', () => {
    const head = { box: box(0, 0, 100, 120), score: 0.9 }
    expect(suppress([head, { box: box(20, 30, 60, 66), score: 0.7 }], 0.5)).toEqual([head])
    expect(suppress([head, { box: box(-30, -20, 160, 180), score: 0.7 }], 0.5)).toEqual([head])
    const neighbour = { box: box(70, 5, 100, 120), score: 0.8 }
    expect(suppress([head, neighbour], 0.5)).toEqual([head, neighbour])
  })

  test('what is kept never overlaps by more than allowed, and everything dropped overlaps something better', () => {
    const detection = fc.record({
      box: fc.record({
        left: fc.integer({ min: 0, max: 50 }),
        top: fc.integer({ min: 0, max: 50 }),
        width: fc.integer({ min: 1, max: 30 }),
        height: fc.integer({ min: 1, max: 30 }),
      }),
      score: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    fc.assert(
      fc.property(fc.array(detection, { maxLength: 20 }), (detections) => {
        const kept = suppress(detections, 0.4)
        for (const one of kept)
          for (const other of kept)
            if (one !== other) expect(intersectionOverUnion(one.box, other.box)).toBeLessThanOrEqual(0.4)
        for (const one of detections)
          if (!kept.includes(one))
            expect(kept.some((k) => k.score >= one.score && intersectionOverUnion(k.box, one.box) > 0)).toBe(
              true,
            )
      }),
    )
  })
})

describe('the face the picture was taken of', () => {
  const picture = { width: 200, height: 200 }

  test('is the large one in the middle, not the certain one at the rim', () => {
    const middle = { box: box(60, 60, 80, 80), score: 0.7 }
    const rim = { box: box(0, 0, 60, 60), score: 0.99 }
    expect(byProminence([rim, middle], picture)).toEqual([middle, rim])
  })

  test('of a face that reaches over the edge, only what can be seen counts', () => {
    const small = { width: 100, height: 100 }
    const whole = { box: box(35, 30, 30, 40), score: 0.9 }
    const cutOff = { box: box(-60, 25, 85, 60), score: 0.9 } // a quarter of its width is in the picture
    expect(byProminence([cutOff, whole], small)).toEqual([whole, cutOff])
  })

  test('competes with faces about as large, not with those in the background', () => {
    expect(competingFaces([])).toBe(0)
    expect(competingFaces([box(0, 0, 100, 100), box(0, 0, 90, 90), box(0, 0, 20, 20)])).toBe(2)
  })
})
