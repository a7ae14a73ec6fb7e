import { defaultSettings, type Settings } from '../contract.ts'
import type { Gallery } from '../gallery/gallery.ts'
import type { Vision } from '../vision/vision.ts'
import type { ModelCard } from './model-card.ts'
import type { StrangersModel } from './strangers-model.ts'

/** What the engine asks of the networks. */
export type Networks = Pick<Vision, 'faces' | 'preview' | 'embed'>

/** Everything the engine works with: handed in by whoever starts it, so that a test can hand in its own. */
export interface Parts {
  home: string // the folder everything lies in
  gallery: Gallery
  /** The networks load while the gallery is already open; who needs them waits. */
  vision: Promise<Networks>
  model: { name: string; version: string }
  card: ModelCard
  /** What virtual strangers are drawn from; null where the model in use came without it. */
  strangers?: Promise<StrangersModel | null>
  /** What runs the networks, as the status line shows it: "ONNX Runtime · CPU". */
  processor: string
  /** Processor threads of a network that is opened later; 1 unless said. */
  threads?: number
  /** As opened, before the model in use was laid over them; absent where the pre-trained one is in use. */
  pretrained?: Parts
  now: () => number // ms since 1970
  randomId: () => string
}

/** What was set, laid over the defaults. */
export function settingsOf({ gallery }: Pick<Parts, 'gallery'>): Settings {
  return { ...defaultSettings, ...gallery.settings() }
}
