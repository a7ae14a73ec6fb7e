import type * as tf from '@tensorflow/tfjs'
import { detached } from '../detach.ts'
import { unitLength } from '../distances/unit-length.ts'
import { largestIn } from '../miners/extremes.ts'
import { notSelf } from '../miners/pairs.ts'
import { defineRegulariser } from './regulariser.ts'

/** Spreads the classes: each is pushed from its nearest other. */
export const regularFace = defineRegulariser({
  id: 'regular-face',
  name: 'RegularFace',
  formula: 'mean over classes i of max_{j ≠ i} cos(wᵢ, wⱼ)',
  source: 'Zhao, Xu, Cheng 2019 (RegularFace)',
  needs: 'classes',
  settings: {},
  penalty({ classes }) {
    const w = unitLength(classes!, 0) //                                    [length, classes]
    const cosines = w.matMul<tf.Tensor2D>(w, true, false) //               [classes, classes]
    const others = notSelf(w.shape[1])
    const nearest = detached([cosines], (c) => largestIn(c as tf.Tensor2D, others))
    return cosines.mul(nearest).sum(1).mean()
  },
})
