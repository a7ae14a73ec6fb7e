import type { GalleryRun } from '../../training/gallery-run/gallery-run.ts'
import { settingsOf, type Parts } from '../parts.ts'
import { thresholdInForce } from '../tuning/in-force.ts'

/** What a run, and the plan of one, is made with: the gallery and the model in use, as they are now. */
export async function galleryRunOf(parts: Parts): Promise<Omit<GalleryRun, 'recipe'>> {
  const { gallery, model, card, strangers } = parts
  const fitted = await strangers
  return {
    gallery,
    version: model.version,
    card,
    strangersModel: fitted && fitted.version === model.version ? fitted.model : null,
    threshold: thresholdInForce(parts, 'photograph-template', {
      template: typicalTemplate(parts),
      burst: 1,
    }).distance,
    wantedFmr: settingsOf(parts).wantedFmr,
  }
}

/** How many photographs a template here usually has. */
function typicalTemplate({ gallery }: Pick<Parts, 'gallery'>): number {
  const sizes = gallery
    .people()
    .map(({ photographs }) => photographs)
    .sort((a, b) => a - b)
  return Math.max(1, sizes[sizes.length >> 1] ?? 1)
}
