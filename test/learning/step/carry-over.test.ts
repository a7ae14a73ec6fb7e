import { expect, test } from 'vitest'
import { initialParameters, initialStatistics } from '../../../src-main/learning/networks/initialise.ts'
import { smallResNet } from '../../../src-main/learning/networks/small-res-net.ts'
import { adamW } from '../../../src-main/learning/optimisers/adam.ts'
import { carryOver } from '../../../src-main/learning/step/carry-over.ts'
import { unpack } from '../../../src-main/learning/step/flat-vector.ts'
import { objectiveOf } from '../../../src-main/learning/step/objective.ts'
import { trainingStep } from '../../../src-main/learning/step/training-step.ts'

test('unfreezing keeps every value and moment, and starts the moments of what was frozen at zero', () => {
  const network = smallResNet({ sidePx: 8, channels: 1, widths: [2, 3] })
  const objective = objectiveOf('none', (embeddings) => embeddings.sum())
  const at = (trainableStages: string[]) =>
    trainingStep({ network, objective, optimiser: adamW(), trainableStages })
  const [head, more] = [at(['head']), at(['stage2', 'head'])]
  const values = {
    parameters: initialParameters(network.parameters, 3),
    statistics: initialStatistics(network.statistics),
  }
  const state = head.start(values)
  state['firstMoment.weights']!.forEach((_, i, all) => (all[i] = i + 1))
  state['secondMoment.vectors']!.fill(5)

  const next = carryOver(head, state, more)
  expect(more.finish(next)).toEqual(values)
  const weights = more.groups.find(({ vector }) => vector.name === 'weights')!.vector
  const moments = unpack(weights, next['firstMoment.weights']!)
  expect(moments['embedding.weights']).toEqual(state['firstMoment.weights'])
  expect(moments['stage2.0.1.weights']!.every((m) => m === 0)).toBe(true)
  expect(carryOver(more, next, head)).toEqual(state) // and back
})
