import { random } from '../random.ts'
import { byClass, type Sampler } from './sampler.ts'

export interface PeopleAndPhotographsSettings {
  labels: ArrayLike<number>
  people: number // P
  photographs: number // K, of each
  /** Photographs of further people added to each batch, one each: as negatives, people with too few photographs serve too. */
  singles?: number
  seed: number
}

/**
 * P people × K photographs (Hermans et al. 2017, section 2; Schroff et al. 2015 call it balanced sampling). In an epoch
 * each person with at least two photographs comes up once, and from epoch to epoch their photographs take turns;
 * a person with fewer than K shows some twice. Throws when fewer than P people have two photographs, or when `singles`
 * asks for more people than are left.
 */
export function peopleAndPhotographs({
  labels,
  people,
  photographs,
  singles = 0,
  seed,
}: PeopleAndPhotographsSettings): Sampler {
  const classes = byClass(labels)
  const several = [...classes.keys()].filter((person) => classes.get(person)!.length >= 2)
  if (several.length < people)
    throw new Error(`${people} people of two photographs or more are needed, there are ${several.length}`)
  if (classes.size - people < singles)
    throw new Error(`${singles} further people are needed, there are ${classes.size - people}`)
  const stepsPerEpoch = Math.floor(several.length / people)

  let latest: { epoch: number; order: number[] } | null = null // only spares shuffling again at each step
  const orderOf = (epoch: number) => {
    if (latest?.epoch !== epoch) latest = { epoch, order: random(seed, 'people', epoch).shuffled(several) }
    return latest.order
  }

  return {
    batchSize: people * photographs + singles,
    stepsPerEpoch,
    batch(step) {
      const epoch = Math.floor(step / stepsPerEpoch)
      const at = (step % stepsPerEpoch) * people
      const chosen = orderOf(epoch).slice(at, at + people)
      const batch = chosen.flatMap((person) => turn(classes.get(person)!, epoch, photographs, seed, person))
      if (singles) {
        const source = random(seed, 'singles', step)
        const taken = new Set(chosen)
        const others = [...classes.keys()].filter((person) => !taken.has(person))
        for (const person of source.shuffled(others).slice(0, singles)) {
          const members = classes.get(person)!
          batch.push(members[source.integer(members.length)]!)
        }
      }
      return batch
    },
  }
}

/** The K photographs of a person in an epoch: the next K of an endless row of shuffles. */
function turn(members: number[], epoch: number, count: number, seed: number, person: number): number[] {
  const shuffles = new Map<number, number[]>()
  return Array.from({ length: count }, (_, i) => {
    const position = epoch * count + i
    const round = Math.floor(position / members.length)
    if (!shuffles.has(round))
      shuffles.set(round, random(seed, 'photographs', person, round).shuffled(members))
    return shuffles.get(round)![position % members.length]!
  })
}
