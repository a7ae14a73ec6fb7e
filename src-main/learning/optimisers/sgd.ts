import type { Optimiser } from './optimiser.ts'

export interface SgdSettings {
  momentum?: number
  nesterov?: boolean
}

/**
 * Stochastic gradient descent with momentum (Sutskever et al. 2013, in PyTorch's form: the velocity sums gradients and
 * the learning rate multiplies it); weight decay is added to the gradient.
 */
export function sgd({ momentum = 0.9, nesterov = false }: SgdSettings = {}): Optimiser {
  return {
    name: 'sgd',
    slots: ['velocity'],
    scalars: ['learningRate'],
    scalarsAt: (_, learningRate) => [learningRate],
    update(parameter, gradient, [velocity], [learningRate], decay) {
      const g = decay ? gradient.add(parameter.mul(decay)) : gradient
      const next = velocity!.mul(momentum).add(g)
      const direction = nesterov ? g.add(next.mul(momentum)) : next
      return { parameter: parameter.sub(direction.mul(learningRate!)), slots: [next] }
    },
  }
}
