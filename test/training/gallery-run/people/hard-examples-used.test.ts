import { expect, test } from 'vitest'
import { random } from '../../../../src-main/learning/random.ts'
import {
  hardExamplesUsed,
  likeThemselves,
  type Known,
  type SaidWrong,
} from '../../../../src-main/training/gallery-run/people/hard-examples-used.ts'

const degrees = Math.PI / 180
/** A direction of the plane, so that distances are chords. */
const at = (angle: number) => Float32Array.of(Math.cos(angle * degrees), Math.sin(angle * degrees))
const chord = (angle: number) => 2 * Math.sin((angle / 2) * degrees)
const rowsAt = (...angles: number[]) => Float32Array.from(angles.flatMap((angle) => [...at(angle)]))

/** Ada at 0°, Bob at 60°, three photographs each: too few people to know what keeps two apart here. */
function twoPeople(changed: Partial<Known> = {}): Known {
  return {
    embeddings: { vectors: rowsAt(-4, 0, 4, 56, 60, 64), dimension: 2, people: [0, 0, 0, 1, 1, 1] },
    rows: [
      [0, 1, 2],
      [3, 4, 5],
    ],
    strangers: null,
    threshold: chord(40),
    ...changed,
  }
}
const them = (angle: number, person = 0): SaidWrong => ({ kind: 'them', person, vector: at(angle) })
const notThem = (angle: number, person = 0): SaidWrong => ({ kind: 'not-them', person, vector: at(angle) })

test('whoever is far from Ada is not trained as Ada, whoever says so', () => {
  expect(hardExamplesUsed([them(-39), them(-41), them(-110)], twoPeople())).toEqual([
    null,
    { why: 'unlike', like: null },
    { why: 'unlike', like: null },
  ])
})

test('who looks more like somebody else who is enrolled is not trained as Ada', () => {
  expect(hardExamplesUsed([them(29), them(31), them(31, 1), them(29, 1)], twoPeople())).toEqual([
    null,
    { why: 'enrolled', like: 1 },
    null,
    { why: 'enrolled', like: 0 },
  ])
})

test('who looks more like a stranger who judges is not trained as Ada', () => {
  // Of one stranger two photographs: only together are they as near as 10°.
  const strangers = { vectors: rowsAt(-60, 40, -170), people: Int32Array.of(7, 7, 8) }
  const known = twoPeople({ strangers })
  expect(hardExamplesUsed([them(-6), them(-4)], known)).toEqual([{ why: 'stranger', like: null }, null])
  expect(hardExamplesUsed([them(-6)], twoPeople())).toEqual([null])
})

test('a stranger who is enrolled under another name is pushed from nobody', () => {
  expect(hardExamplesUsed([notThem(30), notThem(19), notThem(-30), notThem(60, 1)], twoPeople())).toEqual([
    { why: 'enrolled', like: 1 },
    null, // 41° from Bob: not him, as far as can be told
    null,
    null,
  ])
})

test('who is said not to be Ada and is as near to her as her own photographs are is doubted', () => {
  // Ada's farthest photograph is 6° from the mean of the others.
  const probes = [notThem(0), notThem(5.9), notThem(-5.9), notThem(6.1), them(0), notThem(61, 1)]
  expect(likeThemselves(probes, twoPeople())).toEqual([true, true, true, false, false, true])
  // He trains all the same: it may be her double, and only the owner can tell.
  expect(hardExamplesUsed([notThem(0)], twoPeople())).toEqual([null])
  // One photograph tells nothing: everybody else's do.
  const one = { embeddings: twoPeople().embeddings, rows: [[1], [3, 4, 5]] }
  expect(likeThemselves([notThem(5.9), notThem(6.1)], one)).toEqual([true, false])
  expect(likeThemselves([notThem(1)], { ...one, rows: [[1], [4]] })).toEqual([false])
})

test('beyond the threshold their own photographs say how unlike they may look, as far as others are not', () => {
  // Nine people 25° apart; the first's photographs disagree by 27°, the last's by 6°.
  const angles = [-18, 0, 18, 25, 50, 75, 100, 125, 150, 175, 196, 200, 204]
  const known: Known = {
    embeddings: { vectors: rowsAt(...angles), dimension: 2, people: [] },
    rows: [[0, 1, 2], [3], [4], [5], [6], [7], [8], [9], [10, 11, 12]],
    strangers: null,
    threshold: chord(4),
  }
  const unlike = { why: 'unlike', like: null }
  expect(hardExamplesUsed([them(-24.9), them(-25.1)], known)).toEqual([null, unlike])
  expect(hardExamplesUsed([them(205.9, 8), them(206.1, 8)], known)).toEqual([null, unlike])
  expect(hardExamplesUsed([them(28.9, 1), them(29.1, 1)], known)).toEqual([null, unlike]) // one photograph
})

test('what cannot be compared does not train as anybody', () => {
  const vector = Float32Array.of(NaN, 1)
  expect(hardExamplesUsed([{ kind: 'them', person: 0, vector }], twoPeople())[0]).not.toBe(null)
})

test('of a thousand strangers of a gallery none trains himself in', () => {
  const source = random(3, 'people')
  const drawn = (centre: Float32Array | null, spread: number) => {
    const vector = Float32Array.from({ length: 32 }, (_, i) => (centre?.[i] ?? 0) + spread * source.normal())
    const length = Math.hypot(...vector)
    return vector.map((value) => value / length)
  }
  const centres = Array.from({ length: 12 }, () => drawn(null, 1))
  const people = Array.from({ length: 72 }, (_, row) => Math.floor(row / 6))
  const photographs = people.map((person) => drawn(centres[person]!, 0.1))
  const known: Known = {
    embeddings: {
      vectors: Float32Array.from(photographs.flatMap((row) => [...row])),
      dimension: 32,
      people,
    },
    rows: centres.map((_, person) => Array.from({ length: 6 }, (_, i) => 6 * person + i)),
    strangers: null,
    threshold: 0.5,
  }
  const probes = (count: number, vectorOf: (person: number) => Float32Array): SaidWrong[] =>
    Array.from({ length: count }, (_, i) => ({ kind: 'them', person: i % 12, vector: vectorOf(i % 12) }))
  const trained = (probes: SaidWrong[]) => hardExamplesUsed(probes, known).filter((why) => !why).length
  expect(trained(probes(1000, () => drawn(null, 1)))).toBe(0)
  // Of seven photographs of a person each is the farthest as often: 6/7 are not beyond the six that are enrolled.
  const genuine = trained(probes(1200, (person) => drawn(centres[person]!, 0.1))) / 1200
  expect(Math.abs(genuine - 6 / 7)).toBeLessThan(0.1) // twelve people's six: a standard error of 0.035
})
