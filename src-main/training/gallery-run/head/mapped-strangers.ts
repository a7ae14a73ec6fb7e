import type { TwoCovarianceModel } from '../../../evaluation/virtual-strangers.ts'
import { mappedBy, type Head } from './head.ts'

/**
 * The model of strangers as a head sees them, exactly: a linear map of a Gaussian is one, and bringing to unit length
 * before or after the map gives the same direction.
 */
export function mappedStrangers(model: TwoCovarianceModel, head: Head): TwoCovarianceModel {
  const { dimension: d, mean, between, within } = model
  // The factor F has covariance F·Fᵀ; of x·H it is (Hᵀ·F): its columns are F's columns under the head.
  const mappedFactor = (factor: readonly number[]) => {
    const result = new Array<number>(d * d)
    for (let column = 0; column < d; column++) {
      const mapped = mappedBy(
        Float32Array.from({ length: d }, (_, row) => factor[row * d + column]!),
        head,
      )
      for (let row = 0; row < d; row++) result[row * d + column] = mapped[row]!
    }
    return result
  }
  return {
    ...model,
    mean: Array.from(mappedBy(Float32Array.from(mean), head)),
    between: mappedFactor(between),
    within: mappedFactor(within),
  }
}
