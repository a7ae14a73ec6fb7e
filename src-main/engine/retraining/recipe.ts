import type { RetrainWish } from '../../contract.ts'
import { defaultHeadRecipe } from '../../training/gallery-run/head/head-recipe.ts'
import { defaultNetworkRecipe } from '../../training/gallery-run/network/network-recipe.ts'
import type { GalleryRecipe } from '../../training/gallery-run/gallery-run.ts'

/** What a run is told: the usual of its depth, and what the owner chose instead. */
export function recipeOf(wish: RetrainWish): GalleryRecipe {
  return wish.depth === 'head'
    ? changed(defaultHeadRecipe, wish)
    : changed(defaultNetworkRecipe[wish.depth], wish)
}

function changed<R extends GalleryRecipe>(
  usual: R,
  { loss, miner, steps, learningRate, distillation, seed }: RetrainWish,
): R {
  // The settings of one loss mean nothing to another; its own are then the usual ones.
  const chosen = loss === null || loss === usual.loss.id ? usual.loss : { id: loss }
  return {
    ...usual,
    seed,
    ...(steps !== null && { steps, warmUpSteps: Math.min(usual.warmUpSteps, steps >> 1) }),
    ...(learningRate !== null && { learningRate }),
    ...(distillation !== null && { distillation }),
    loss: { ...chosen, ...(miner !== null && { miner }) },
  }
}
