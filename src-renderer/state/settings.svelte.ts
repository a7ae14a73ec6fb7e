import type { Gives, Settings } from '../../src-main/contract.ts'
import type { Engine } from '../engine.ts'
import type { Notices } from './notices.svelte.ts'
import { offerFile } from '../offer-file.ts'
import { largeGalleryWords, todayInFileName } from '../wording.ts'

export type Transfer =
  | { kind: 'idle' }
  | { kind: 'running'; what: string; done: number; total: number; remainingMs: number | null }

/** The owner's settings as the engine keeps them, and the gallery's way out and in. */
export class SettingsState {
  readonly #engine: Engine
  readonly #notices: Notices
  now = $state.raw<Settings | null>(null)
  transfer = $state.raw<Transfer>({ kind: 'idle' })
  /** The last import's account, until the next begins. */
  imported = $state.raw<Extract<Gives<'gallery.import'>, { kind: 'imported' }> | null>(null)
  #job = ''

  constructor(engine: Engine, notices: Notices) {
    this.#engine = engine
    this.#notices = notices
    engine.on('settings-changed', (settings) => (this.now = settings))
    engine.on('progress', ({ job, done, total, remainingMs, what }) => {
      if (job === this.#job) this.transfer = { kind: 'running', what, done, total, remainingMs }
    })
  }

  async refresh() {
    this.now = await this.#engine.call('settings.get', {})
  }

  async set(change: Partial<Settings>) {
    const before = this.now
    if (before) this.now = { ...before, ...change }
    const after = await this.#notices.trying('That setting was not saved.', () =>
      this.#engine.call('settings.set', change),
    )
    this.now = after ?? before
  }

  /** Null when the file was offered; else why not. */
  async exportGallery(passphrase: string): Promise<string | null> {
    const gives = await this.#transfer('Sealing the gallery', 'The gallery was not exported.', (job) =>
      this.#engine.call('gallery.export', { passphrase, job }),
    )
    if (!gives) return null
    if (gives.kind === 'refused') return gives.message
    offerFile(`gallery-${todayInFileName()}.semblance`, gives.bytes, 'application/octet-stream')
    const large = largeGalleryWords(gives.bytes.length)
    this.#notices.done(
      `The gallery was exported. Without its passphrase nobody can open the file, you neither.${large ? ` ${large}` : ''}`,
    )
    return null
  }

  /** Null when it was taken in; else why not. */
  async importGallery(file: File, passphrase: string): Promise<string | null> {
    this.imported = null
    const large = largeGalleryWords(file.size)
    if (large) return large
    const gives = await this.#transfer('Opening the file', 'Nothing was imported.', async (job) => {
      const bytes = new Uint8Array(await file.arrayBuffer())
      return this.#engine.call('gallery.import', { passphrase, bytes, job })
    })
    if (!gives) return null
    if (gives.kind === 'refused') return gives.message
    this.imported = gives
    return null
  }

  async cancelTransfer() {
    await this.#notices.trying('It could not be cancelled.', () =>
      this.#engine.call('job.cancel', { job: this.#job }),
    )
  }

  async #transfer<T>(what: string, whatFailed: string, work: (job: string) => Promise<T>): Promise<T | null> {
    this.#job = crypto.randomUUID()
    this.transfer = { kind: 'running', what, done: 0, total: 0, remainingMs: null }
    const gives = await this.#notices.trying(whatFailed, () => work(this.#job))
    this.transfer = { kind: 'idle' }
    return gives
  }
}
