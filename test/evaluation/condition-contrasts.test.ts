import { describe, expect, test } from 'vitest'
import { conditionContrastOf, conditionContrasts } from '../../src-main/evaluation/condition-contrasts.ts'
import { distanceBetween } from '../../src-main/evaluation/embeddings.ts'
import { accepted } from './accepted.ts'
import { normal, seeded, syntheticGallery } from './gallery.ts'

describe('distances by capture condition', () => {
  const { embeddings, photographs } = syntheticGallery([3, 1, 4, 2], 8, 0.4, 2)
  const distance = (i: number, j: number) => distanceBetween(embeddings.vectors, i, embeddings.vectors, j, 8)
  const day = ['mon', 'mon', 'tue', 'mon', null, 'tue', 'tue', 'mon', 'mon', 'tue']
  const none = day.map(() => null)
  const mixed = day.map((_, i) => (i % 3 === 0 ? 'file' : 'camera'))

  test('are those of a slow loop: same and different, one person and two, the unknown left out', async () => {
    const { conditions: found } = accepted(
      await conditionContrasts(embeddings, { day, camera: mixed, light: none }),
    )
    expect(found.map(({ condition }) => condition)).toEqual(['day', 'camera']) // nothing is known of the light
    for (const { condition, ...counts } of found) {
      const values = condition === 'day' ? day : mixed
      const expected: Record<string, number[]> = {}
      for (let i = 0; i < 10; i++)
        for (let j = i + 1; j < 10; j++) {
          if (values[i] === null || values[j] === null) continue
          const kind = embeddings.people[i] === embeddings.people[j] ? 'genuine' : 'impostor'
          const key = `${kind}${values[i] === values[j] ? 'Same' : 'Different'}`
          expected[key] = [...(expected[key] ?? []), distance(i, j)]
        }
      for (const key of ['genuineSame', 'genuineDifferent', 'impostorSame', 'impostorDifferent'] as const) {
        const sorted = expected[key]!.sort((a, b) => a - b)
        expect(counts[key].total).toBe(sorted.length)
        for (const [i, value] of sorted.entries()) expect(counts[key].exact[i]).toBeCloseTo(value, 5)
      }
    }
    expect(found[0]!.values).toEqual([
      { value: 'mon', photographs: 5 },
      { value: 'tue', photographs: 4 },
    ])
  })

  test('the shift counts each person once, whatever the number of their photographs', async () => {
    const {
      conditions: [byDay],
    } = accepted(await conditionContrasts(embeddings, { day, camera: none, light: none }))
    const mean = (list: number[]) => list.reduce((a, b) => a + b) / list.length
    // Person 0 has rows 0–2 (mon mon tue); person 2 rows 4–7 (unknown tue tue mon); person 3 only different ones.
    const first = mean([distance(0, 2), distance(1, 2)]) - distance(0, 1)
    const second = mean([distance(5, 7), distance(6, 7)]) - distance(5, 6)
    expect(photographs[2]).toEqual([4, 5, 6, 7])
    expect(byDay!.shift!.people).toBe(2)
    expect(byDay!.shift!.mean).toBeCloseTo((first + second) / 2, 6)
  })

  test('one condition only is nothing to compare', async () => {
    expect(
      accepted(
        await conditionContrasts(embeddings, { day: day.map(() => 'mon'), camera: none, light: none }),
      ),
    ).toMatchObject({ conditions: [] })
  })

  test('a camera that moves every face is found, with an interval that excludes none', async () => {
    const random = seeded(4)
    const dimension = 16
    const people = Int32Array.from({ length: 200 }, (_, row) => Math.floor(row / 8))
    const camera = Array.from(people, (_, row) => (row % 2 === 0 ? 'a' : 'b'))
    const centres = Array.from({ length: 25 }, () => Array.from({ length: dimension }, () => normal(random)))
    const vectors = new Float32Array(200 * dimension)
    for (let row = 0; row < 200; row++) {
      const vector = centres[people[row]!]!.map(
        (value, k) => value + 0.3 * normal(random) + (k === 0 && row % 2 === 0 ? 1 : 0),
      )
      const length = Math.hypot(...vector)
      vector.forEach((value, k) => (vectors[row * dimension + k] = value / length))
    }
    const nothing = camera.map(() => null)
    const { conditions: counted } = accepted(
      await conditionContrasts({ vectors, dimension, people }, { day: nothing, camera, light: nothing }),
    )
    const [contrast] = counted.map(conditionContrastOf)
    expect(contrast!.shift!.interval95.low).toBeGreaterThan(0.02)
    expect(contrast!.genuineSame.mean).toBeLessThan(contrast!.genuineDifferent.mean)
    expect(contrast!.dPrimeSame).toBeGreaterThan(contrast!.dPrimeDifferent)
    const pairs = ['genuineSame', 'genuineDifferent', 'impostorSame', 'impostorDifferent'] as const
    expect(pairs.reduce((sum, kind) => sum + contrast![kind].pairs, 0)).toBe((200 * 199) / 2)
  })
})
