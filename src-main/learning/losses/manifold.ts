import type * as tf from '@tensorflow/tfjs'
import { defineLoss, type EmbeddingLoss } from './loss.ts'

/** f of each positive pair's distance, g of each triplet's two distances; traceable, elementwise. */
export interface ManifoldTerms {
  pair(toPositive: tf.Tensor): tf.Tensor
  triplet(toPositive: tf.Tensor, toNegative: tf.Tensor): tf.Tensor
}

/** The form behind most losses of pairs and triplets, with f and g passed in. */
export function manifold(
  terms: ManifoldTerms,
  named: Pick<EmbeddingLoss, 'id' | 'name' | 'formula' | 'source'>,
) {
  return defineLoss({
    ...named,
    compares: 'embeddings',
    defaults: { distance: 'squared-euclidean', miner: 'all', reducer: 'mean' },
    settings: {
      lambda: { default: 1, unit: '', reason: 'Weinberger and Saul 2009: pull and push alike' },
    },
    items({ distances, pairs, triplets, labels }, { lambda }) {
      const chosen = triplets()
      const ofTriplets = terms.triplet(chosen.anchorPositive(distances), chosen.anchorNegative(distances))
      return [
        { losses: terms.pair(distances), weights: pairs().positive, labels }, //           Σ f(d_ij)
        { losses: ofTriplets.mul(lambda), weights: chosen.weights, labels }, //            λ Σ g(d_ij, d_ik)
      ]
    },
  })
}

/** The form's first well-known member: pull all positives, push what comes within a distance of 1 of them. */
export const largeMarginNearestNeighbour = manifold(
  {
    pair: (toPositive) => toPositive,
    triplet: (toPositive, toNegative) => toPositive.sub(toNegative).add(1).relu(),
  },
  {
    id: 'manifold',
    name: 'Manifold form (large-margin nearest neighbour)',
    formula: 'Σ f(d(i,j)) + λ Σ g(d(i,j), d(i,k)); here f = d, g = max(0, 1 + d(i,j) − d(i,k))',
    source: 'Weinberger and Saul 2009 (LMNN), pull and push',
  },
)
