import type { Optimiser } from './optimiser.ts'

export interface AdamSettings {
  beta1?: number
  beta2?: number
  epsilon?: number
}

/** Adam (Kingma and Ba 2015, algorithm 1); weight decay is added to the gradient, as an L2 penalty. */
export const adam = (settings: AdamSettings = {}): Optimiser => adaptive('adam', 'in-gradient', settings)

/** AdamW (Loshchilov and Hutter 2019, algorithm 2): weight decay beside the gradient, scaled by the learning rate. */
export const adamW = (settings: AdamSettings = {}): Optimiser => adaptive('adamw', 'decoupled', settings)

function adaptive(
  name: string,
  decayed: 'in-gradient' | 'decoupled',
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamSettings,
): Optimiser {
  return {
    name,
    slots: ['firstMoment', 'secondMoment'],
    // The corrections as in the last lines of section 2 of the paper: one factor and one addend instead of two more
    // passes over tensors of the parameters' size.
    scalars: ['learningRate', 'correction', 'correctedEpsilon'],
    // in double precision: 1 − 0.999^step loses four digits in single precision at the first steps
    scalarsAt(step, learningRate) {
      const root = Math.sqrt(1 - beta2 ** step)
      return [learningRate, root / (1 - beta1 ** step), root * epsilon]
    },
    update(parameter, gradient, [m, v], [learningRate, correction, correctedEpsilon], decay) {
      const g = decay && decayed === 'in-gradient' ? gradient.add(parameter.mul(decay)) : gradient
      const first = m!.mul(beta1).add(g.mul(1 - beta1))
      const second = v!.mul(beta2).add(g.square().mul(1 - beta2))
      const direction = first.mul(learningRate!.mul(correction!)).div(second.sqrt().add(correctedEpsilon!))
      const kept =
        decay && decayed === 'decoupled' ? parameter.mul(learningRate!.mul(-decay).add(1)) : parameter
      return { parameter: kept.sub(direction), slots: [first, second] }
    },
  }
}
