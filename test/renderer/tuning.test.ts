import { describe, expect, test } from 'vitest'
import { evenAxis, factorAxis, niceTicks, rateAxis } from '../../src-renderer/parts/charts/axis.ts'
import { occupied, outlineOf } from '../../src-renderer/parts/charts/histogram-shape.ts'
import { MovingDoubt } from '../../src-renderer/state/moving-doubt.ts'
import { numberedPeople } from '../../src-renderer/state/stranger-folders.ts'
import { histogramOf } from '../../src-main/evaluation/contrast.ts'
import { countDistances } from '../../src-main/evaluation/distance-counts.ts'
import { measure } from '../../src-main/evaluation/measure.ts'
import { allPairsPlan } from '../../src-main/evaluation/plan.ts'
import { seeded, syntheticGallery } from '../evaluation/gallery.ts'

describe('bounds while the threshold moves', () => {
  const gallery = syntheticGallery(
    Array.from({ length: 20 }, () => 5),
    12,
    1,
  )

  test('rates are exact and no bound is narrower than the one at rest', async () => {
    const compared = await measure(allPairsPlan(gallery.photographs), gallery.embeddings)
    if (compared.kind === 'refused') throw new Error(compared.message)
    const doubt = new MovingDoubt(compared)
    await doubt.prepare()
    const random = seeded(3)
    for (let i = 0; i < 60; i++) {
      const threshold = 2 * random()
      const [quick, exact] = [doubt.quickAt(threshold), doubt.exactAt(threshold)]
      for (const kind of ['fmr', 'fnmr'] as const) {
        expect(quick[kind].rate).toBeCloseTo(exact[kind].rate, 12)
        expect(quick[kind].errors).toBe(exact[kind].errors)
        expect(quick[kind].upper95).toBeGreaterThanOrEqual(exact[kind].upper95 - 1e-12)
        expect(quick[kind].upper80).toBeGreaterThanOrEqual(exact[kind].upper80 - 1e-12)
        expect(quick[kind].interval95.low).toBeLessThanOrEqual(exact[kind].interval95.low + 1e-12)
      }
    }
  })

  test('before the grid is there the bound is exact', async () => {
    const compared = await measure(allPairsPlan(gallery.photographs), gallery.embeddings)
    if (compared.kind === 'refused') throw new Error(compared.message)
    expect(new MovingDoubt(compared).quickAt(0.9)).toEqual(new MovingDoubt(compared).exactAt(0.9))
  })
})

describe('who is who among imported strangers', () => {
  const numbers = (paths: string[]) => {
    const number = numberedPeople(
      paths.map((path) => ({ name: path.split('/').at(-1)!, webkitRelativePath: path })),
    )
    return paths.map(number)
  }
  test('a folder of folders holds a person in each', () => {
    expect(numbers(['set/ann/1.jpg', 'set/ben/1.jpg', 'set/ann/2.jpg'])).toEqual([1, 2, 1])
  })
  test('several folders hold a person each', () => {
    expect(numbers(['ann/1.jpg', 'ben/1.jpg', 'ben/2.jpg'])).toEqual([1, 2, 2])
  })
  test('what lies loose, in one folder or in none, shows different people', () => {
    expect(numbers(['set/1.jpg', 'set/2.jpg', 'set/ann/1.jpg', 'set/ann/2.jpg'])).toEqual([1, 2, 3, 3])
    expect(numbers(['1.jpg', '2.jpg'])).toEqual([1, 2])
  })
})

describe('charts', () => {
  test('a rate axis begins at a usual rate below the least one and is even in normal deviates', () => {
    const axis = rateAxis('FMR', [0, 3e-4, 0.2])
    expect(axis.domain).toEqual([1e-4, 0.5])
    expect(axis.place(0.5)).toBeCloseTo(0, 12)
    expect(axis.place(0.1586552539)).toBeCloseTo(-1, 8)
    expect(axis.place(0)).toBe(axis.place(1e-4))
    expect(axis.ticks.map(axis.format)).toEqual(['0.01 %', '0.1 %', '1 %', '5 %', '10 %', '20 %', '40 %'])
  })
  test('ticks are round and inside', () => {
    expect(niceTicks([0.33, 1.27], 5)).toEqual([0.4, 0.6, 0.8, 1, 1.2])
    expect(evenAxis('x', [0, 1], undefined, 5).ticks).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1])
    expect(factorAxis('LR', [-2, 3]).ticks).toEqual([0.01, 0.1, 1, 10, 100, 1000])
    expect(factorAxis('LR', [-2, 3]).format(0.01)).toBe('1/100')
  })
  test('a histogram is shown from a little before its first distance to a little after its last', () => {
    const histogram = histogramOf(countDistances([0.52, 0.61, 0.9]), 128)
    expect(occupied([histogram])).toEqual([0.4, 1])
    const outline = outlineOf(histogram, (density) => density)
    const area = outline.slice(1).reduce((sum, { x }, i) => sum + (x - outline[i]!.x) * outline[i]!.y, 0)
    expect(area).toBeCloseTo(1, 9)
  })
})
