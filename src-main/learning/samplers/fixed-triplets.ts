import { random } from '../random.ts'
import { byClass, type Sampler } from './sampler.ts'

/**
 * A set of triplets drawn once and gone through in order, epoch after epoch: a batch is anchor, positive, negative,
 * anchor, positive, negative … Throws when no class has two photographs, or there is only one class.
 */
export function fixedTriplets({
  labels,
  triplets,
  tripletsPerBatch,
  seed,
}: {
  labels: ArrayLike<number>
  triplets: number
  tripletsPerBatch: number
  seed: number
}): Sampler {
  const classes = byClass(labels)
  const several = [...classes].filter(([, members]) => members.length >= 2)
  if (several.length === 0 || classes.size < 2)
    throw new Error('a triplet needs a class of two photographs and another class')
  const source = random(seed, 'fixed-triplets')
  const all = [...classes]
  const drawn = Array.from({ length: triplets }, () => {
    const [person, members] = several[source.integer(several.length)]!
    const [anchor, positive] = source.shuffled(members) as [number, number]
    const others = all.filter(([other]) => other !== person)
    const [, strangers] = others[source.integer(others.length)]!
    return [anchor, positive, strangers[source.integer(strangers.length)]!] as const
  })
  return {
    batchSize: 3 * tripletsPerBatch,
    stepsPerEpoch: Math.ceil(triplets / tripletsPerBatch),
    batch: (step) =>
      Array.from({ length: tripletsPerBatch }, (_, i) => [
        ...drawn[(step * tripletsPerBatch + i) % triplets]!,
      ]).flat(),
  }
}
