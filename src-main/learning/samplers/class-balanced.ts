import { random } from '../random.ts'
import { byClass, type Sampler } from './sampler.ts'

/**
 * Each photograph of a batch is drawn by itself: a class first, all equally likely, then one of its photographs; with
 * replacement. Every class counts the same in the long run, whatever its size. Throws without a label.
 */
export function classBalanced({
  labels,
  batchSize,
  seed,
}: {
  labels: ArrayLike<number>
  batchSize: number
  seed: number
}): Sampler {
  const classes = [...byClass(labels).values()]
  if (classes.length === 0) throw new Error('there is no photograph to draw')
  return {
    batchSize,
    stepsPerEpoch: Math.max(1, Math.floor(labels.length / batchSize)),
    batch(step) {
      const source = random(seed, 'class-balanced', step)
      return Array.from({ length: batchSize }, () => {
        const members = classes[source.integer(classes.length)]!
        return members[source.integer(members.length)]!
      })
    },
  }
}
