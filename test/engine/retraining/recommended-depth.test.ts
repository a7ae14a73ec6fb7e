import { expect, test } from 'vitest'
import { recommendedDepth } from '../../../src-main/engine/retraining/plan.ts'
import type { Depth } from '../../../src-main/learning/networks/network.ts'
import type { Plan } from '../../../src-main/training/gallery-run/plan.ts'

const plans = (of: Partial<Plan>): Record<Depth, Plan> => {
  const plan = (depth: Depth) =>
    ({
      depth,
      people: 40,
      photographs: 400,
      mayTrainPeople: 250,
      withoutCrop: 0,
      trouble: null,
      ...of,
    }) as Plan
  return { head: plan('head'), stage: plan('stage'), all: plan('all') }
}

test('many photographs and many other people speak for the last stage, whatever is missing for the head', () => {
  expect(recommendedDepth(plans({})).depth).toBe('stage')
  expect(recommendedDepth(plans({ mayTrainPeople: 199 })).depth).toBe('head')
  expect(recommendedDepth(plans({ photographs: 299 })).depth).toBe('head')
  const noCrops = plans({ trouble: 'No crop was kept.', withoutCrop: 400 })
  expect(recommendedDepth(noCrops).depth).toBe('head')
  expect(recommendedDepth(noCrops).why.stage).toBe('No crop was kept. 400 crops were not kept.')
})

test('all layers are never recommended, and why is said', () => {
  const many = recommendedDepth(plans({ people: 1000, photographs: 10_000, mayTrainPeople: 5000 }))
  expect(many.depth).toBe('stage')
  expect(many.why.all).toContain('the last stage alone gained as much')
})
