import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { createLoss } from '../learning/catalogue.ts'
import type { Depth } from '../learning/networks/network.ts'
import type { DataSet } from '../training/data-sets/data-set.ts'
import type { DataSetDescription } from '../training/data-sets/open-data-set.ts'
import {
  characterAugmentation,
  faceAugmentation,
  noAugmentation,
  type Augmentation,
} from '../training/feeding/augmentation.ts'
import {
  defaultOptimiser,
  networkOf,
  type NetworkDescription,
  type RunDescription,
} from '../training/run-description.ts'
import { readTensorFile } from '../training/tensor-file.ts'
import type { PictureKind } from './train-data-set.ts'

/** What a run is asked for in words; what is left out follows from the pictures. */
export interface RunWishes {
  network?: string
  side?: number
  embeddingLength?: number
  from?: string
  depth: Depth
  loss?: string
  miner?: string
  distance?: string
  reducer?: string
  /** `name=value` of the loss's settings. */
  set: string[]
  /** Weight of staying near the similarities of the network that the run begins with. */
  distil?: number
  memory?: number
  peoplePerBatch?: number
  photosPerPerson?: number
  singles?: number
  epochs?: number
  learningRate?: number
  augment?: string
  seed: number
}

export const networkNames = [
  'recognition',
  'mobile-face-net',
  'small-res-net',
  'nn4-small',
  'koch-siamese',
] as const

export const augmentations: Record<string, Augmentation> = {
  faces: faceAugmentation,
  characters: characterAugmentation,
  none: noAugmentation,
}

/** What is done with each kind of picture unless said otherwise; `epochs` are passes over the pictures. */
const defaults = {
  // The recipe of the design notes: with it people who were not trained on gain too.
  faces: { network: 'recognition', people: 28, photographs: 2, singles: 8, epochs: 5, augment: 'faces' },
  characters: {
    network: 'small-res-net',
    people: 16,
    photographs: 4,
    singles: 0,
    epochs: 30,
    augment: 'characters',
  },
  digits: { network: 'small-res-net', people: 10, photographs: 8, singles: 0, epochs: 5, augment: 'none' },
  pictures: {
    network: 'small-res-net',
    people: 16,
    photographs: 4,
    singles: 0,
    epochs: 20,
    augment: 'characters',
  },
} as const

/** The run that is wished for, complete. Throws a sentence where it cannot be. */
export async function describeRun(
  dataSet: { kind: PictureKind; description: DataSetDescription; opened: DataSet },
  wishes: RunWishes,
): Promise<RunDescription> {
  const usual = defaults[dataSet.kind]
  const { from, network } = await beginning(dataSet.kind, wishes)
  const isFineTuning = from.kind !== 'scratch'
  const sampler = samplerFor(dataSet.opened, { ...usual, ...(isFineTuning ? {} : { singles: 0 }) }, wishes)
  const distil = wishes.distil ?? (isFineTuning ? 3 : 0)
  const { embeddingLength } = networkOf(network)
  const isOwnLoss = wishes.loss === undefined
  const isMap = embeddingLength === 2 && isOwnLoss // two numbers of unit length are a circle, not a map
  const loss: RunDescription['loss'] = {
    id: wishes.loss ?? 'triplet',
    settings: {
      ...(isOwnLoss && isFineTuning && dataSet.kind === 'faces' ? { margin: 0.15 } : {}),
      ...(isMap ? { margin: 1 } : {}),
      ...settingsIn(wishes.set),
    },
    ...(isMap && { unitLength: false }),
    ...(wishes.miner !== undefined && { miner: wishes.miner }),
    ...(wishes.distance !== undefined && { distance: wishes.distance }),
    ...(wishes.reducer !== undefined && { reducer: wishes.reducer }),
    ...(distil > 0 && { regularisers: [{ id: 'similarity-distillation', weight: distil }] }),
  }
  const { id, ...options } = loss
  createLoss(id, { ...options, classes: dataSet.opened.classes.length, embeddingLength }) // what does not go together is said before anything runs

  const batchSize = sampler.people * sampler.photographs + sampler.singles
  const passes = wishes.epochs ?? usual.epochs
  const steps = Math.max(1, Math.round((passes * dataSet.opened.labels.length) / batchSize))
  const stepsPerRound = Math.floor(peopleWithSeveral(dataSet.opened) / sampler.people)
  return {
    dataSet: dataSet.description,
    network,
    from,
    depth: wishes.depth,
    loss,
    ...(wishes.memory !== undefined && { memory: { size: wishes.memory } }),
    optimiser: {
      ...defaultOptimiser,
      learningRate: wishes.learningRate ?? (isFineTuning ? 3e-5 : 1e-3),
      warmUpSteps: Math.min(50, Math.ceil(steps / 10)),
    },
    sampler: { kind: 'people-and-photographs', ...sampler },
    augmentation: augmentations[wishes.augment ?? usual.augment]!,
    epochs: Math.max(1, Math.round(steps / stepsPerRound)), // a sampler's epoch shows each class once, whatever its size
    seed: wishes.seed,
  }
}

/** Throws a sentence where the parts of the loss are unknown or do not go together, whatever the pictures are. */
export function checkLoss({ loss = 'triplet', set, miner, distance, reducer }: RunWishes): void {
  createLoss(loss, {
    settings: settingsIn(set),
    ...(miner !== undefined && { miner }),
    ...(distance !== undefined && { distance }),
    ...(reducer !== undefined && { reducer }),
    ...{ classes: 2, embeddingLength: 128 }, // any: what depends on them is found out with the pictures
  })
}

/** The network, and what its parameters begin as: a file knows which network it is of. */
async function beginning(
  kind: PictureKind,
  { network: named, from: said, side, embeddingLength }: RunWishes,
): Promise<Pick<RunDescription, 'network' | 'from'>> {
  const name = named ?? defaults[kind].network
  const from = said ?? (name === 'recognition' ? 'pretrained' : 'scratch')
  if (from !== 'scratch' && from !== 'pretrained') {
    const file = resolve(from)
    const { notes } = await readTensorFile(file)
    if (!notes.network)
      throw new Error(`${from} does not say which network it is of: a trained.safetensors is expected`)
    const held = JSON.parse(notes.network) as NetworkDescription
    if (named !== undefined && named !== held.name)
      throw new Error(`${from} holds a ${held.name}, not a ${named}`)
    return { network: held, from: { kind: 'file', file } }
  }
  const sized = { ...(side !== undefined && { sidePx: side }), ...(embeddingLength && { embeddingLength }) }
  if (from === 'scratch') return { network: described(name, kind, sized), from: { kind: 'scratch' } }
  return { network: described(name, kind, sized), from: { kind: 'pretrained', folder: pretrainedFolder() } }
}

function described(
  name: string,
  kind: PictureKind,
  sized: { sidePx?: number; embeddingLength?: number },
): NetworkDescription {
  switch (name) {
    case 'recognition':
      if (sized.sidePx !== undefined || sized.embeddingLength !== undefined)
        throw new Error(
          'the recognition net takes 150 px and gives 128 numbers: leave --side and --embedding-length out',
        )
      return { name }
    case 'mobile-face-net':
    case 'nn4-small':
      return { name, ...sized }
    case 'koch-siamese':
      if (sized.sidePx !== undefined) throw new Error('the Siamese convnet takes 105 px: leave --side out')
      return { name, ...(sized.embeddingLength !== undefined && { embeddingLength: sized.embeddingLength }) }
    case 'small-res-net': {
      if (kind === 'digits')
        return { name, sidePx: 28, channels: 1, widths: [16, 32, 64], embeddingLength: 64, ...sized }
      if (kind === 'characters')
        return { name, sidePx: 48, channels: 1, stemStride: 1, widths: [16, 32, 64, 128], ...sized }
      return { name, ...sized }
    }
    default:
      throw new Error(`no network is called ${name}; there are ${networkNames.join(', ')}`)
  }
}

/** face-api's weights, in its npm package. */
function pretrainedFolder(): string {
  const require = createRequire(import.meta.url)
  return join(dirname(require.resolve('@vladmandic/face-api/package.json')), 'model')
}

/** Classes and pictures of a batch: as wished, else as usual and as many as there are. */
function samplerFor(
  set: DataSet,
  usual: { people: number; photographs: number; singles: number },
  wishes: RunWishes,
) {
  const several = peopleWithSeveral(set)
  if (several < 2)
    throw new Error(
      `at least two classes with two pictures each are needed to compare, there are ${several}: a folder for each class is expected`,
    )
  const people = wishes.peoplePerBatch ?? Math.min(usual.people, several)
  if (people > several)
    throw new Error(`${people} classes of two pictures or more are wished for a batch, there are ${several}`)
  const photographs = wishes.photosPerPerson ?? usual.photographs
  const singles = wishes.singles ?? Math.min(usual.singles, set.classes.length - people)
  return { people, photographs, singles }
}

function peopleWithSeveral({ labels, classes }: DataSet): number {
  const counts = new Uint32Array(classes.length)
  for (const label of labels) counts[label]!++
  return counts.filter((count) => count >= 2).length
}

/** `margin=0.3 swap=true` as values of settings. */
function settingsIn(words: readonly string[]): Record<string, number | boolean | string> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=')
      if (at < 1) throw new Error(`“${word}” is no setting: name=value is expected`)
      const text = word.slice(at + 1)
      const isNumber = text.trim() !== '' && !Number.isNaN(Number(text))
      const value = text === 'true' || text === 'false' ? text === 'true' : isNumber ? Number(text) : text
      return [word.slice(0, at), value]
    }),
  )
}
