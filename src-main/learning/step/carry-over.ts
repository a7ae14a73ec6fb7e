import type { Values } from '../networks/initialise.ts'
import { pack, unpack } from './flat-vector.ts'
import type { TrainingStep } from './training-step.ts'

/**
 * The state of one step as the state of another over the same network, when a stage is unfrozen or the objective gains a
 * memory: every parameter keeps its value and its moments; a parameter trained for the first time has moments of zero.
 */
export function carryOver(from: TrainingStep, state: Values, to: TrainingStep): Values {
  const { parameters, statistics } = from.finish(state)
  const next = to.start({ parameters, statistics })
  to.optimiser.slots.forEach((_, slot) => {
    const known: Values = Object.assign(
      {},
      ...from.groups.map((group) => unpack(group.vector, state[from.slotsOf(group)[slot]!]!)),
    )
    for (const group of to.groups) {
      const zeros = unpack(group.vector, new Float32Array(group.vector.length))
      next[to.slotsOf(group)[slot]!] = pack(group.vector, { ...zeros, ...known })
    }
  })
  for (const { name } of to.objective.state) if (state[name]) next[name] = state[name]
  return next
}
