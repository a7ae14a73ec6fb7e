import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Refusal } from '../contract.ts'
import { Gallery } from '../gallery/gallery.ts'
import type { KeySource } from '../gallery/key-keeper.ts'
import { parseModelCard, type ModelCard } from './model-card.ts'
import { withModelInUse } from './model-in-use.ts'
import type { Networks, Parts } from './parts.ts'
import { readStrangersModel } from './strangers-model.ts'

/** The folder with package.json and models/, above the sources as above the built bundle. */
export function projectFolder(from = import.meta.dirname): string {
  if (existsSync(join(from, 'package.json')) && existsSync(join(from, 'models'))) return from
  const above = dirname(from)
  if (above === from) throw new Error('no folder with package.json and models/ above the program')
  return projectFolder(above)
}

/** What was measured about the model in use. Throws, with the file's name, when it is missing or malformed. */
export async function readModelCard(models = join(projectFolder(), 'models')): Promise<ModelCard> {
  const path = join(models, 'cards', 'face-recognition.json')
  try {
    return parseModelCard(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    throw new Error(`The model card models/cards/face-recognition.json cannot be used: ${String(error)}`, {
      cause: error,
    })
  }
}

/** Loads the networks; throws when one is not what the manifest says, or the card speaks of another version. */
export async function openNetworks(
  card: ModelCard,
  threads: number,
  models = join(projectFolder(), 'models'),
): Promise<Networks> {
  // ONNX Runtime's library takes a while to load: whoever only looks into the gallery does not wait for it.
  const { Vision } = await import('../vision/vision.ts')
  const vision = await Vision.open({ models, threads })
  if (vision.model.version !== card.version)
    throw new Error(
      `The model is version ${vision.model.version}, its card is for version ${card.version}: rebuild the models.`,
    )
  return vision
}

/**
 * Opens the gallery and starts loading the networks beside it. Refuses in words what keeps the gallery closed; a network
 * that does not load is told to whoever first needs it.
 */
export async function openParts(options: {
  home: string
  key: KeySource
  threads?: number // processor threads per network
  /** When true, the networks are loaded the first time that something asks for them. */
  lazy?: boolean
}): Promise<{ kind: 'open'; parts: Parts } | Refusal> {
  const now = () => Date.now()
  const opened = await Gallery.open({ home: options.home, key: options.key, now })
  if (opened.kind === 'refused') return opened
  const card = await readModelCard()
  const load = () => openNetworks(card, options.threads ?? 1)
  const vision = options.lazy ? onDemand(load) : load()
  vision.then(undefined, () => {}) // told to whoever needs the networks, not to the process
  return {
    kind: 'open',
    parts: withModelInUse({
      home: options.home,
      gallery: opened.gallery,
      vision,
      model: { name: card.model, version: card.version },
      card,
      strangers: onDemand(() => readStrangersModel(join(projectFolder(), 'models'), 'face-recognition')),
      processor: 'ONNX Runtime · CPU',
      threads: options.threads ?? 1,
      now,
      randomId: () => randomUUID(),
    }),
  }
}

/** A promise that starts its work when it is first waited for. */
function onDemand<T>(work: () => Promise<T>): Promise<T> {
  let started: Promise<T> | null = null
  const begin = () => (started ??= work())
  return {
    then: (done, failed) => begin().then(done, failed),
    catch: (failed) => begin().catch(failed),
    finally: (done) => begin().finally(done),
    [Symbol.toStringTag]: 'Promise',
  } as Promise<T>
}
