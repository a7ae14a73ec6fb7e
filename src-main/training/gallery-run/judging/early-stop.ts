import { atEqualRate, supportedRate } from '../../gate/paired.ts'
import type { Head } from '../head/head.ts'
import type { TrainingSet } from '../people/training-set.ts'
import { mapped, pairedAmong } from './pairing.ts'

/**
 * The set with the newest fifth of each person's *training* photographs set aside in place of the held-out ones: says
 * when to stop. The photographs that judge a candidate are not among them, so stopping by these takes nothing from the
 * judgement. Null where too few can be spared.
 */
export function setAside(set: TrainingSet): TrainingSet | null {
  const [training, heldOut]: [number[][], number[][]] = [[], []]
  for (const rows of set.training) {
    const aside = rows.length >= fewestToSpare ? Math.max(1, Math.floor(share * rows.length)) : 0
    training.push(rows.slice(0, rows.length - aside))
    heldOut.push(rows.slice(rows.length - aside))
  }
  return heldOut.flat().length >= fewestAside ? { ...set, training, heldOut } : null
}

const share = 0.2
const fewestToSpare = 3 // two must stay, to make a pair
const fewestAside = 10 // photographs: fewer say nothing about errors

/** How many of the photographs set aside are missed at the wanted FMR, or the lowest that these impostors support. */
export function missedUnder(
  aside: TrainingSet,
  head: Head,
  wantedFmr: number,
): { missed: number; of: number } {
  const paired = pairedAmong(
    mapped(aside, head),
    aside.people.map((_, place) => place),
  )
  const { after } = atEqualRate(paired, supportedRate(paired, wantedFmr))
  const distances = paired.genuine.after
  return { missed: distances.filter((distance) => !(distance <= after)).length, of: distances.length }
}

/** The last step at which hardly more was missed than at the best: a head goes on learning what these errors are too few to tell. */
export function stepToStopAt(looks: readonly { step: number; missed: number }[], steps: number): number {
  const fewest = Math.min(...looks.map(({ missed }) => missed))
  return looks.findLast(({ missed }) => missed <= fewest + chance)?.step ?? steps
}

const chance = 1 // photograph
