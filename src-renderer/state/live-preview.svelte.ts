import type { Frame, Preview, QualityComponent } from '../../src-main/contract.ts'
import type { Engine } from '../engine.ts'
import type { Camera } from './camera.svelte.ts'

const leastIntervalMs = 30 // no faster than the camera
const hintRestsMs = 400 // a hint that changes with every frame cannot be read

export interface SeenFrame {
  frame: Frame
  preview: Preview
  at: number // ms, performance.now()
}

/** The stream of camera frames as the engine sees them: one call in flight, so a slow engine only lowers the rate. */
export class LivePreview {
  readonly #engine: Engine
  readonly #camera: Camera
  #watchers: ((seen: SeenFrame) => void)[] = []
  latest = $state.raw<Preview | null>(null)
  /** The first thing to put right, kept still long enough to be read. */
  hint = $state<string | null>(null)
  framesPerSecond = $state(0)
  #hintComponent: QualityComponent | null = null
  #hintAt = 0
  #running = 0
  #resting = false

  constructor(engine: Engine, camera: Camera) {
    this.#engine = engine
    this.#camera = camera
  }

  /** Hears every frame with what the engine saw in it. */
  watch(hear: (seen: SeenFrame) => void): () => void {
    this.#watchers = [...this.#watchers, hear]
    return () => (this.#watchers = this.#watchers.filter((other) => other !== hear))
  }

  /** Sends no frame while `work` runs: a decision should not wait behind a preview. */
  async resting<T>(work: () => Promise<T>): Promise<T> {
    this.#resting = true
    try {
      return await work()
    } finally {
      this.#resting = false
    }
  }

  /** Runs until the returned function is called. */
  run(): () => void {
    const turn = ++this.#running
    void this.#loop(() => turn === this.#running)
    return () => {
      if (turn === this.#running) this.#running++
      this.#forget()
    }
  }

  async #loop(goesOn: () => boolean) {
    let last = 0
    let picture = 0
    while (goesOn()) {
      picture = await this.#camera.nextPicture(picture)
      const begun = performance.now()
      if (begun - last < leastIntervalMs || this.#resting) continue
      const frame = this.#camera.frame()
      if (!frame) {
        this.#forget()
        continue
      }
      try {
        const preview = await this.#engine.call('preview', { frame })
        if (!goesOn()) return
        this.#see({ frame, preview, at: performance.now() })
      } catch {
        // The line's own state tells the user; the picture goes on without outline meanwhile.
        this.#forget()
        await new Promise((resolve) => setTimeout(resolve, 500))
      }
      if (last > 0) this.framesPerSecond += (1000 / (begun - last) - this.framesPerSecond) * 0.1
      last = begun
    }
  }

  #see(seen: SeenFrame) {
    this.latest = seen.preview
    this.#updateHint(seen)
    for (const hear of this.#watchers) hear(seen)
  }

  #updateHint({ preview, at }: SeenFrame) {
    if (at - this.#hintAt < hintRestsMs) return
    const component = preview.quality.find((measure) => !measure.passes)?.component ?? null
    if (preview.hint === this.hint && component === this.#hintComponent) return
    this.hint = preview.hint
    this.#hintComponent = component
    this.#hintAt = at
  }

  #forget() {
    this.latest = null
    this.hint = null
    this.#hintComponent = null
  }
}
