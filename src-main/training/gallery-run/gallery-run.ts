import type { TwoCovarianceModel } from '../../evaluation/virtual-strangers.ts'
import type { Gallery } from '../../gallery/gallery.ts'
import type { HeadRecipe } from './head/head-recipe.ts'
import type { Card } from './judging/candidate-card.ts'
import type { NetworkRecipe } from './network/network-recipe.ts'

/** What a run is trained by, at any depth. */
export type GalleryRecipe = HeadRecipe | NetworkRecipe

/** A run on a gallery, from the model in use. */
export interface GalleryRun {
  gallery: Gallery
  /** The one in use. */
  version: string
  /** Of the model in use. */
  card: Card
  strangersModel: TwoCovarianceModel | null
  /** Photograph × template, as it decides now. */
  threshold: number
  wantedFmr: number
  recipe: GalleryRecipe
}
