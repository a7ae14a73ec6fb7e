import { describe, expect, test } from 'vitest'
import { judge } from '../../../src-main/training/gate/gate.ts'
import { meanDifference, signTest } from '../../../src-main/training/gate/people-test.ts'
import { atEqualRate, errorsByPerson, supportedRate } from '../../../src-main/training/gate/paired.ts'
import { separationLine } from '../../../src-main/training/gate/separation-line.ts'
import { evidence, healthy, paired } from './made-up-evidence.ts'

const line = (verdict: ReturnType<typeof judge>, id: string) => verdict.lines.find((each) => each.id === id)!

describe('a candidate', () => {
  test('that brings people nearer to themselves, and strangers no nearer, is promoted', () => {
    const better = paired({ genuine: { before: 0.55, after: 0.45 }, impostor: { before: 0.9, after: 0.9 } })
    const verdict = judge(
      evidence({
        gallery: [better],
        strangers: [{ inWords: 'strangers', parts: [{ ...better, threshold: { before: 0.6, after: 0.6 } }] }],
      }),
    )
    expect(verdict.kind).toBe('promote')
    const separations = verdict.lines.filter(({ id }) => id === 'separation')
    expect(separations.map(({ outcome }) => outcome)).toEqual(['better', 'better'])
    expect(verdict.failed).toBe(null)
  })

  test('that changes nothing is rejected, because nothing is better', () => {
    const verdict = judge(evidence())
    expect(verdict).toMatchObject({ kind: 'reject', failed: null })
    expect(verdict.sentence).toContain('nothing got better')
  })

  test('that helps the gallery and lets strangers in is rejected by the line of strangers', () => {
    const gallery = paired({ genuine: { before: 0.55, after: 0.35 }, impostor: { before: 0.9, after: 0.9 } })
    const strangers = paired({
      genuine: { before: 0.55, after: 0.35 },
      impostor: { before: 0.85, after: 0.7 },
    })
    const verdict = judge(
      evidence({
        gallery: [gallery],
        strangers: [
          { inWords: 'strangers', parts: [{ ...strangers, threshold: { before: 0.6, after: 0.6 } }] },
        ],
      }),
    )
    expect(verdict).toMatchObject({ kind: 'reject', failed: 'strangers' })
  })

  test('that recognises gallery people less is rejected by the line of the gallery', () => {
    const worse = paired({ genuine: { before: 0.45, after: 0.7 }, impostor: { before: 0.9, after: 0.9 } })
    expect(judge(evidence({ gallery: [worse] }))).toMatchObject({ kind: 'reject', failed: 'gallery' })
  })

  test('that loses one person is rejected, though all others gain', () => {
    const better = paired({ genuine: { before: 0.55, after: 0.4 }, impostor: { before: 0.9, after: 0.9 } })
    better.genuine.people.forEach((person, i) => {
      if (person === 3) better.genuine.before[i] = 0.4
      if (person === 3) better.genuine.after[i] = 1.1
    })
    const verdict = judge(evidence({ gallery: [better] }))
    expect(line(verdict, 'people').outcome).toBe('worse')
    expect(verdict.kind).toBe('reject')
    expect(verdict.people[0]).toMatchObject({ person: 3, comparisons: 5, before: 0, after: 5 })
  })

  test('that collapsed, exploded or is no number is rejected by its health', () => {
    for (const after of [
      { ...healthy, finite: false },
      { ...healthy, effectiveRank: 3 },
      { ...healthy, norm: 100 },
      { ...healthy, activeTriplets: 0.9 },
      { ...healthy, moved: 1.5 },
      { ...healthy, moved: NaN },
    ])
      expect(judge(evidence({ health: { before: healthy, after } }))).toMatchObject({
        kind: 'reject',
        failed: 'health',
      })
  })

  test('whose exported numbers are not the trained ones is rejected by parity', () => {
    expect(judge(evidence({ parity: 1e-3 }))).toMatchObject({ failed: 'parity' })
    expect(judge(evidence({ parity: NaN }))).toMatchObject({ failed: 'parity' })
  })

  test('that cannot be judged is rejected in words', () => {
    expect(judge(evidence({ gallery: [] })).sentence).toContain('too few photographs')
    expect(judge(evidence({ strangers: [] })).sentence).toContain('nobody to stand for strangers')
  })

  test('is not promoted on the word of a few strangers alone, and can be rejected by them', () => {
    const threshold = { before: 0.6, after: 0.6 }
    const better = paired({ genuine: { before: 0.55, after: 0.45 }, impostor: { before: 0.9, after: 0.9 } })
    const worse = paired({ genuine: { before: 0.55, after: 0.45 }, impostor: { before: 0.9, after: 0.6 } })
    const few = { inWords: 'a few', parts: [{ ...better, threshold }], areTooFew: true }
    const many = { inWords: 'many', parts: [{ ...better, threshold }] }
    const by = (...strangers: (typeof many)[]) => judge(evidence({ gallery: [better], strangers }))
    expect(by(few).sentence).toContain('too few people stand for strangers')
    expect(by(few, many).kind).toBe('promote')
    expect(by({ ...few, parts: [{ ...worse, threshold }] }, many).kind).toBe('reject')
  })
})

test('whom only the file of a candidate says it was trained on can reject it, and are no merit', () => {
  const threshold = { before: 0.6, after: 0.6 }
  const same = paired({ genuine: { before: 0.4, after: 0.4 }, impostor: { before: 0.9, after: 0.9 } })
  const better = paired({ genuine: { before: 0.4, after: 0.4 }, impostor: { before: 0.7, after: 0.9 } })
  const worse = paired({ genuine: { before: 0.4, after: 0.4 }, impostor: { before: 0.9, after: 0.7 } })
  const judges = { inWords: 'strangers', parts: [{ ...same, threshold }] }
  const named = (paired: typeof same, onlyAgainst = true) => ({
    inWords: 'named',
    parts: [{ ...paired, threshold }],
    onlyAgainst,
  })
  const by = (...strangers: (typeof judges)[]) => judge(evidence({ strangers }))
  expect(by(judges, named(better, false)).kind).toBe('promote')
  expect(by(judges, named(better)).sentence).toContain('nothing got better')
  expect(by(judges, named(worse))).toMatchObject({ kind: 'reject', failed: 'gallery-by-strangers' })
  expect(by(named(better)).sentence).toContain('too few people stand for strangers')
})

describe('strangers among themselves', () => {
  const apart = paired({ genuine: { before: 0.5, after: 0.5 }, impostor: { before: 0.9, after: 0.9 } })
  const nearer = paired({ genuine: { before: 0.5, after: 0.8 }, impostor: { before: 0.9, after: 0.9 } })

  test('who are told apart less reject a candidate', () => {
    const parts = [{ ...apart, threshold: { before: 0.6, after: 0.6 } }]
    const verdict = judge(
      evidence({ strangers: [{ inWords: 'people imported as strangers', parts, among: [nearer] }] }),
    )
    expect(verdict).toMatchObject({ kind: 'reject', failed: 'among-strangers' })
  })

  test('are not judged where they have one photograph each', () => {
    expect(line(judge(evidence()), 'among-strangers').outcome).toBe('not-judged')
  })

  test('of the card’s own cohort show the card’s rate beside their own', () => {
    const card = { paired: nearer, inWords: 'the card’s people', fmr: 0.01, tar: 0.987 }
    const found = line(judge(evidence({ card })), 'card')
    expect(found).toMatchObject({ outcome: 'worse', before: 1 })
    expect(found.after).toBeLessThan(0.6)
    expect(found.sentence).toContain('98.7 %')
    expect(line(judge(evidence()), 'card').outcome).toBe('not-judged')
  })
})

test('chance alone is promoted in few of two hundred runs', () => {
  let promoted = 0
  for (let seed = 1; seed <= 200; seed++) {
    const noise = paired({
      people: 10,
      seed,
      genuine: { before: 0.5, after: 0.5 + 1e-9 },
      impostor: { before: 0.9, after: 0.9 + 1e-9 },
    })
    const parts = [{ ...noise, threshold: { before: 0.65, after: 0.65 } }]
    if (judge(evidence({ gallery: [noise], strangers: [{ inWords: 's', parts }] })).kind === 'promote')
      promoted++
  }
  expect(promoted).toBeLessThanOrEqual(30) // three tests at 5 %, two of them on the same photographs
})

describe('the separation', () => {
  const promoted = (made: (seed: number) => ReturnType<typeof paired>, runs: number) =>
    Array.from({ length: runs }, (_, i) => separationLine([made(i + 1)], 1e-4, 'strangers')).filter(
      ({ outcome }) => outcome === 'better',
    ).length

  /** The same photographs of ten people; of a few strangers two draws, so that where the nearest begin is chance. */
  const byChance = (seed: number) => {
    const own = paired({
      people: 10,
      seed,
      genuine: { before: 0.5, after: 0.5 },
      impostor: { before: 0.9, after: 0.9 },
    })
    const other = (impostor: typeof own.impostor) => impostor.people.map((person) => -1 - person)
    const again = paired({
      people: 10,
      seed: 1000 + seed,
      genuine: { before: 0.5, after: 0.5 },
      impostor: { before: 0.9, after: 0.9 },
    })
    const impostor = { ...own.impostor, people: other(own.impostor), after: again.impostor.after }
    return { genuine: own.genuine, impostor }
  }

  test('of strangers whose nearest are a matter of chance is no merit in more runs than chance has', () => {
    expect(promoted(byChance, 100)).toBeLessThanOrEqual(12)
  })

  test('of people who come nearer is a merit, of fewer than five it is none', () => {
    const nearer = (people: number) => (seed: number) =>
      paired({
        people,
        seed,
        photographs: 10,
        genuine: { before: 0.55, after: 0.45 },
        impostor: { before: 0.9, after: 0.9 },
      })
    expect(promoted(nearer(10), 20)).toBe(20)
    expect(promoted(nearer(4), 20)).toBe(0)
  })
})

test('the sign test counts people, not photographs', () => {
  const errors = (list: [number, number][]) =>
    new Map(list.map(([before, after], i) => [i, { comparisons: 20, before, after }]))
  expect(signTest(errors([[20, 0]])).direction).toBe('no-difference') // one person gained: 1/2
  expect(
    signTest(
      errors([
        [1, 0],
        [1, 0],
        [1, 0],
        [1, 0],
      ]),
    ).direction,
  ).toBe('no-difference') // 1/16
  expect(
    signTest(
      errors([
        [1, 0],
        [1, 0],
        [1, 0],
        [1, 0],
        [1, 0],
      ]),
    ).direction,
  ).toBe('better') // 1/32
  expect(
    signTest(
      errors([
        [0, 1],
        [0, 1],
        [0, 1],
        [0, 1],
        [0, 1],
      ]),
    ).direction,
  ).toBe('worse')
})

test('the mean difference has the bounds of Student’s t', () => {
  // n = 4, mean 2.5, s = 1.2910, t(0.95, 3) = 2.3534 (tables): half width 1.5191
  const found = meanDifference([1, 2, 3, 4])
  expect(found.lower95).toBeCloseTo(2.5 - 1.5191, 3)
  expect(found.upper95).toBeCloseTo(2.5 + 1.5191, 3)
  expect(found.direction).toBe('better')
  expect(meanDifference([5]).direction).toBe('no-difference')
})

test('thresholds of equal rate let equally many pass, and the rate is what pairs of people support', () => {
  const one = paired({
    people: 4,
    photographs: 2,
    genuine: { before: 0.4, after: 0.2 },
    impostor: { before: 0.9, after: 0.5 },
  })
  expect(supportedRate(one, 1e-4)).toBe(3 / 12) // 4 × 3 ordered pairs of people
  const { before, after } = atEqualRate(one, 0.25)
  const passing = (distances: Float32Array, threshold: number) =>
    distances.filter((d) => d <= threshold).length
  expect([passing(one.impostor.before, before), passing(one.impostor.after, after)]).toEqual([6, 6])
})

test('errors are added up by person over the parts', () => {
  const part = paired({
    people: 2,
    photographs: 1,
    genuine: { before: 0.4, after: 0.4 },
    impostor: { before: 0.9, after: 0.9 },
  })
  const wrong = (side: 'before' | 'after') => side === 'after'
  const errors = errorsByPerson([part, part].map(({ genuine }) => ({ distances: genuine, wrong })))
  expect([...errors]).toEqual([
    [0, { comparisons: 2, before: 0, after: 2 }],
    [1, { comparisons: 2, before: 0, after: 2 }],
  ])
})

test('a model that only shrinks every distance is neither better nor worse', () => {
  const one = paired({ genuine: { before: 0.5, after: 0.5 }, impostor: { before: 0.9, after: 0.9 } })
  for (const distances of [one.genuine, one.impostor]) distances.after = distances.before.map((d) => d / 2)
  const parts = [{ ...one, threshold: { before: 0.6, after: 0.3 } }]
  const card = { paired: one, inWords: 'them', fmr: 1e-2, tar: 0.9 }
  const verdict = judge(
    evidence({ gallery: [one], strangers: [{ inWords: 'strangers', parts, among: [one] }], card }),
  )
  expect(verdict.lines.map(({ outcome }) => outcome)).toEqual(verdict.lines.map(() => 'not-worse'))
  expect(verdict.kind).toBe('reject')
})
