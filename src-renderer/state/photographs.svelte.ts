import { SvelteMap } from 'svelte/reactivity'
import type { PhotographId } from '../../src-main/contract.ts'
import type { Engine } from '../engine.ts'

const keptAtMost = 600 // crops of some 20 kB each

/** Photographs of the gallery as addresses an `<img>` can show; forgotten again with the person. */
export class Photographs {
  readonly #engine: Engine
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- the addresses are shown, not who asked
  readonly #asked = new Set<PhotographId>()
  /** null: the engine has no picture of it. */
  readonly addresses = new SvelteMap<PhotographId, string | null>()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  async want(photograph: PhotographId) {
    if (this.#asked.has(photograph)) return
    this.#asked.add(photograph)
    try {
      const gives = await this.#engine.call('photograph', { photograph })
      if (!this.#asked.has(photograph)) return
      const address =
        gives.kind === 'jpeg'
          ? URL.createObjectURL(new Blob([gives.jpeg as BlobPart], { type: 'image/jpeg' }))
          : null
      this.addresses.set(photograph, address)
      if (this.addresses.size > keptAtMost) this.#drop(this.addresses.keys().next().value)
    } catch {
      this.#asked.delete(photograph) // asked for again when it is next shown
    }
  }

  /** Nothing of a forgotten person stays in the page's memory. */
  forget() {
    for (const photograph of [...this.addresses.keys()]) this.#drop(photograph)
    this.#asked.clear()
  }

  #drop(photograph: PhotographId | undefined) {
    if (photograph === undefined) return
    const address = this.addresses.get(photograph)
    if (address) URL.revokeObjectURL(address)
    this.addresses.delete(photograph)
    this.#asked.delete(photograph)
  }
}
