import { random } from '../../../learning/random.ts'
import { countedPeople, drawnPeople } from '../../../learning/samplers/drawn-people.ts'
import { peopleAndPhotographs } from '../../../learning/samplers/people-and-photographs.ts'
import type { Sampler } from '../../../learning/samplers/sampler.ts'
import { drawChange, type Augmentation } from '../../feeding/augmentation.ts'
import type { Batch } from '../../feeding/batches.ts'
import type { Feed } from '../../feeding/feed.ts'
import { render } from '../../feeding/render.ts'
import type { Crops } from '../people/kept-crops.ts'
import type { NetworkRecipe } from './network-recipe.ts'

/** What the network is fed of one row at one place of a step. */
export type ImageOf = (row: number, step: number, place: number) => Promise<ArrayLike<number>>

/**
 * Gallery and other people side by side in each batch: the many others must not crowd the few out. Rows of others follow
 * those of the gallery. Throws a sentence where fewer than two people have two photographs.
 * @param stepsAhead of which images are asked for beforehand: where something beside makes them
 */
export function networkFeed(
  own: Int32Array,
  others: Int32Array | null,
  recipe: Pick<NetworkRecipe, 'people' | 'photographs' | 'others' | 'seed'>,
  imageLength: number,
  imageOf: ImageOf,
  stepsAhead = 0,
): Feed {
  const names = new Map<string, number>()
  const label = (name: string) => {
    if (!names.has(name)) names.set(name, names.size)
    return names.get(name)!
  }
  const ownLabels = Int32Array.from(own, (person) => label(`own ${person}`))
  const otherLabels = Int32Array.from(others ?? [], (person) => label(`other ${person}`))
  const labels = Int32Array.from([...ownLabels, ...otherLabels])
  const { photographs, seed } = recipe
  const mixed = others ? samplerOf(otherLabels, recipe.others, 2, seed) : null
  const ours = samplerOf(ownLabels, mixed ? recipe.people : peopleAlone(recipe), photographs, seed)
  if (!ours) throw new Error('Two people with two photographs to train on are the least.')
  const batchSize = ours.batchSize + (mixed?.batchSize ?? 0)
  const make = async (step: number): Promise<Batch> => {
    const indices = [...ours.batch(step), ...(mixed?.batch(step).map((row) => row + own.length) ?? [])]
    const images = new Float32Array(batchSize * imageLength)
    await Promise.all(
      indices.map(async (row, place) => images.set(await imageOf(row, step, place), place * imageLength)),
    )
    return { images, labels: Int32Array.from(indices, (row) => labels[row]!), indices }
  }
  const ordered = new Map<number, Promise<Batch>>()
  const order = (step: number) => {
    if (ordered.has(step)) return
    const batch = make(step)
    batch.catch(() => {}) // it is heard when its step comes, and not at all where the run ends before
    ordered.set(step, batch)
  }
  return {
    batchSize,
    stepsPerEpoch: ours.stepsPerEpoch,
    classes: [...names.keys()],
    batch(step) {
      for (let ahead = 0; ahead <= stepsAhead; ahead++) order(step + ahead)
      const batch = ordered.get(step)!
      ordered.delete(step)
      return batch
    },
    close: async () => {},
  }
}

/** Gallery people wished for in a batch where nobody is mixed in, who leaves their places to the gallery. */
export function peopleAlone({
  people,
  photographs,
  others,
}: Pick<NetworkRecipe, 'people' | 'photographs' | 'others'>): number {
  return people + Math.round((2 * others) / photographs)
}

/** A crop changed at random as the net sees it, [side, side, 3] of 0–255. */
export async function changedCrop(
  crops: Pick<Crops, 'crop'>,
  row: number,
  sidePx: number,
  augmentation: Augmentation,
  source: ReturnType<typeof random>,
): Promise<Uint8ClampedArray> {
  const change = drawChange(augmentation, sidePx, source)
  return render(await crops.crop(row), 'kept-crop', sidePx, change, source)
}

/** Null where no two people have two photographs. */
function samplerOf(labels: Int32Array, wished: number, photographs: number, seed: number): Sampler | null {
  const drawn = drawnPeople(wished, countedPeople(labels))
  return drawn && peopleAndPhotographs({ labels, ...drawn, photographs, seed })
}
