import type { Line } from './line.ts'

/** Largest difference between an embedding of the trainer and of what will be used, component by component. */
export const parityTolerance = 1e-5

/** What is used gives the numbers that were trained. */
export function parityLine(difference: number): Line {
  const holds = difference <= parityTolerance // NaN does not
  return {
    id: 'parity',
    title: 'Trainer and exported model agree',
    outcome: holds ? 'not-worse' : 'worse',
    sentence: `They differ by ${difference.toExponential(1)} at most; ${parityTolerance.toExponential(0)} is allowed.`,
    before: null,
    after: difference,
  }
}
