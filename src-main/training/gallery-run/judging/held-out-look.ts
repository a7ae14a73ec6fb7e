import type { Values } from '../../../learning/networks/initialise.ts'
import type { Network } from '../../../learning/networks/network.ts'
import { random } from '../../../learning/random.ts'
import { embedCrop } from '../../../vision/embedder.ts'
import { networkOf } from '../../../vision/network.ts'
import { traceNetwork } from '../../export-network.ts'
import { atEqualRate, supportedRate } from '../../gate/paired.ts'
import type { Crops } from '../people/kept-crops.ts'
import type { TrainingSet } from '../people/training-set.ts'
import { pairedAmong } from './pairing.ts'

/** People who are looked at, at most: a look takes seconds, and interrupts the training. */
export const peopleInALook = 24

/** How many of the photographs that were looked at are missed. */
export interface Look {
  missed: number
  of: number
}

/**
 * How often held-out photographs of some people are refused by a network under training, where the lowest rate of
 * impostors passes that these people support. As the pipeline embeds, but unchecked: to look at and to stop by, no
 * evidence. Null where there is nothing to compare.
 */
export function heldOutLook({
  set,
  people: among,
  crop,
  network,
  threads,
  wantedFmr,
  seed,
}: {
  set: TrainingSet
  /** Places of those who are looked at, `peopleInALook` of them. */
  people: readonly number[]
  crop: Crops['crop']
  network: Network
  threads: number
  wantedFmr: number
  seed: number
}): (parameters: Values) => Promise<Look | null> {
  const judged = among.filter((person) => set.heldOut[person]!.length > 0)
  const people = random(seed, 'held-out look').shuffled(judged).slice(0, peopleInALook)
  const rows = people.flatMap((person) => [...set.training[person]!, ...set.heldOut[person]!])
  return async (parameters) => {
    const model = traceNetwork(network, { parameters, statistics: {} }, {})
    const net = await networkOf(model, 'under training', threads)
    const after = new Float32Array(set.vectors.length)
    try {
      for (const row of rows)
        after.set((await embedCrop(net, await crop(row))).embedding, row * set.dimension)
    } finally {
      await net.close()
    }
    const paired = pairedAmong({ set, before: set.vectors, after }, people)
    if (paired.genuine.people.length === 0 || paired.impostor.people.length === 0) return null
    const rate = atEqualRate(paired, supportedRate(paired, wantedFmr))
    const distances = paired.genuine.after
    return { missed: distances.filter((distance) => !(distance <= rate.after)).length, of: distances.length }
  }
}
