import { random } from '../../learning/random.ts'
import type { Paired } from './paired.ts'

/** Everybody's genuine distances in one part, added up, and what its impostors' threshold is read from. */
interface Part {
  genuine: { person: number; n: number; before: number; after: number }[]
  /** Impostor comparisons by pair of people: places of the impostor and of whose template it is, and how many. */
  cells: { person: Int32Array; reference: Int32Array; n: Float64Array }
  tails: { before: Tail; after: Tail }
  fmr: number
}

/** The nearest comparisons, ascending, as places in the cells. */
interface Tail {
  cell: Int32Array
  distance: Float32Array
}

/**
 * The lower 95 % bound of how much farther inside the impostors' threshold genuine distances lie, as a share of what they
 * were: people are drawn with replacement, gallery people and strangers each among themselves, and both thresholds are read
 * anew in every draw, as the nearest ten of few strangers are a matter of chance (Owen 2007, the pigeonhole bootstrap).
 * @param rates the false match rate of each part's thresholds
 */
export function lowerGain(parts: readonly Paired[], rates: readonly number[]): number {
  const gallery = new Map<number, number>()
  const strangers = new Map<number, number>() // numbered below zero
  // One list of weights: those of strangers stand behind those of gallery people.
  const place = (person: number) => {
    const among = person < 0 ? strangers : gallery
    if (!among.has(person)) among.set(person, among.size)
    return person < 0 ? -1 - among.get(person)! : among.get(person)!
  }
  const counted = parts.map((paired, i) => partOf(paired, rates[i]!, place))
  const source = random(1, 'separation')
  const gains: number[] = []
  for (let draw = 0; draw < draws; draw++) {
    const own = drawn(gallery.size, source)
    const other = drawn(strangers.size, source)
    const weight = (at: number) => (at < 0 ? other[-1 - at]! : own[at]!)
    const gain = gainOf(counted, weight)
    if (Number.isFinite(gain)) gains.push(gain)
  }
  if (gains.length < draws / 2) return -Infinity // hardly a draw had anybody to compare
  gains.sort((a, b) => a - b)
  return gains[Math.floor(0.05 * gains.length)]!
}

const draws = 400
const tailFactor = 20 // times as many as pass: no draw needs more

function partOf({ genuine, impostor }: Paired, fmr: number, place: (person: number) => number): Part {
  const sums = new Map<number, Part['genuine'][number]>()
  for (let i = 0; i < genuine.people.length; i++) {
    const person = genuine.people[i]!
    const own = sums.get(person) ?? { person: place(person), n: 0, before: 0, after: 0 }
    own.n++
    own.before += genuine.before[i]!
    own.after += genuine.after[i]!
    sums.set(person, own)
  }
  const known = new Map<number, number>()
  const [people, references, counts]: [number[], number[], number[]] = [[], [], []]
  const cellOf = Int32Array.from(impostor.people, (person, i) => {
    const reference = impostor.references[i]!
    const key = person * 2 ** 26 + reference
    if (!known.has(key)) {
      known.set(key, people.length)
      people.push(place(person))
      references.push(place(reference))
      counts.push(0)
    }
    const cell = known.get(key)!
    counts[cell]!++
    return cell
  })
  const tail = (distances: Float32Array): Tail => {
    const sorted = distances.toSorted()
    const last = sorted[Math.min(sorted.length - 1, Math.ceil(tailFactor * (fmr * sorted.length + 1)))]!
    const near: number[] = []
    for (let i = 0; i < distances.length; i++) if (distances[i]! <= last) near.push(i)
    near.sort((a, b) => distances[a]! - distances[b]!)
    return {
      cell: Int32Array.from(near, (i) => cellOf[i]!),
      distance: Float32Array.from(near, (i) => distances[i]!),
    }
  }
  return {
    genuine: [...sums.values()],
    cells: {
      person: Int32Array.from(people),
      reference: Int32Array.from(references),
      n: Float64Array.from(counts),
    },
    tails: { before: tail(impostor.before), after: tail(impostor.after) },
    fmr,
  }
}

/** In one draw: the mean over people, each as often as they were drawn. */
function gainOf(parts: readonly Part[], weight: (place: number) => number): number {
  const sums = new Map<number, { n: number; before: number; after: number }>()
  for (const { genuine, cells, tails, fmr } of parts) {
    const weights = cells.n.map((n, i) => n * weight(cells.person[i]!) * weight(cells.reference[i]!))
    const total = weights.reduce((sum, each) => sum + each, 0)
    if (total === 0) continue
    const threshold = ({ cell, distance }: Tail) => {
      let passed = 0
      for (let i = 0; i < cell.length; i++) {
        passed += weights[cell[i]!]! / cells.n[cell[i]!]!
        if (passed > fmr * total) return distance[i]!
      }
      return distance.at(-1)!
    }
    const [before, after] = [threshold(tails.before), threshold(tails.after)]
    for (const own of genuine) {
      const sum = sums.get(own.person) ?? { n: 0, before: 0, after: 0 }
      sum.n += own.n
      sum.before += own.before / before
      sum.after += own.after / after
      sums.set(own.person, sum)
    }
  }
  let [before, after] = [0, 0]
  for (const [person, own] of sums) {
    before += (weight(person) * own.before) / own.n
    after += (weight(person) * own.after) / own.n
  }
  return (before - after) / before
}

/** How often each of so many people is drawn. */
function drawn(people: number, source: { integer(below: number): number }): Uint16Array {
  const times = new Uint16Array(people)
  for (let i = 0; i < people; i++) times[source.integer(people)]!++
  return times
}
