import type { Refusal } from '../../src-main/contract.ts'
import { countWords, largestFileBytes } from '../wording.ts'
import { failureWords } from './notices.svelte.ts'

const atOnce = 2 // one is read from disk while the engine works on the other

export interface FileEntry {
  id: number
  fileName: string
  state: { kind: 'waiting' } | { kind: 'reading' } | { kind: 'kept' } | { kind: 'refused'; reason: string }
}

/** What became of a file that was handed on. */
export type Taken<K> = { kind: 'kept'; kept: K } | Refusal

/** Photographs from files on their way into the gallery: one after the other, each with its fate, until cancelled. */
export class FileIntake {
  entries = $state<FileEntry[]>([])
  running = $state(false)
  remainingMs = $state<number | null>(null)
  readonly done = $derived(
    this.entries.filter(({ state }) => state.kind === 'kept' || state.kind === 'refused').length,
  )
  readonly refused = $derived(this.entries.filter(({ state }) => state.kind === 'refused').length)
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- the entries are shown, not the files
  #files = new Map<number, File>()
  #cancelled = false
  #nextId = 1

  /** Takes the files in; `take` hands one to the engine, `kept` hears of each that was kept. */
  async run<K>(
    files: File[],
    take: (fileName: string, bytes: Uint8Array<ArrayBuffer>) => Promise<Taken<K>>,
    kept: (photograph: K) => void = () => {},
  ) {
    for (const file of files) {
      const id = this.#nextId++
      this.#files.set(id, file)
      this.entries.push({ id, fileName: file.webkitRelativePath || file.name, state: { kind: 'waiting' } })
    }
    if (this.running) return // the workers below find the new ones
    this.running = true
    this.#cancelled = false
    const begun = performance.now()
    const doneBefore = this.done
    const worker = async () => {
      for (let entry = this.#next(); entry && !this.#cancelled; entry = this.#next()) {
        await this.#takeOne(entry, take, kept)
        const perFileMs = (performance.now() - begun) / Math.max(1, this.done - doneBefore)
        this.remainingMs = perFileMs * (this.entries.length - this.done)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    this.running = false
    this.remainingMs = null
  }

  /** What was kept stays; what waits is taken off the list. */
  cancel() {
    this.#cancelled = true
    for (const entry of this.entries) if (entry.state.kind === 'waiting') this.#files.delete(entry.id)
    this.entries = this.entries.filter((entry) => entry.state.kind !== 'waiting')
  }

  clear() {
    this.cancel()
    this.entries = []
  }

  summary(): string {
    const kept = this.done - this.refused
    return `${countWords(kept, 'photograph', 'photographs')} kept, ${this.refused} refused.`
  }

  #next(): FileEntry | undefined {
    const entry = this.entries.find(({ state }) => state.kind === 'waiting')
    if (entry) entry.state = { kind: 'reading' }
    return entry
  }

  async #takeOne<K>(
    entry: FileEntry,
    take: (fileName: string, bytes: Uint8Array<ArrayBuffer>) => Promise<Taken<K>>,
    kept: (photograph: K) => void,
  ) {
    const file = this.#files.get(entry.id)
    this.#files.delete(entry.id)
    try {
      if (!file) throw new Error('The file is gone.')
      if (file.size > largestFileBytes) throw new Error('The file is larger than 256 MiB.')
      const gives = await take(entry.fileName, new Uint8Array(await file.arrayBuffer()))
      if (gives.kind === 'kept') {
        entry.state = { kind: 'kept' }
        kept(gives.kept)
      } else {
        entry.state = { kind: 'refused', reason: gives.message }
      }
    } catch (error) {
      entry.state = { kind: 'refused', reason: failureWords(error) }
    }
  }
}

/** Every file of a drop, folders opened; hidden files are nobody's photographs. */
export async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  const roots = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null)
  const files: File[] = []
  for (const root of roots) await collect(root, files)
  return visible(files)
}

export const visible = (files: Iterable<File>) =>
  [...files].filter(
    (file) => !file.name.startsWith('.') && file.name !== 'Thumbs.db' && file.name !== 'desktop.ini',
  )

async function collect(entry: FileSystemEntry, files: File[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    )
    // A dropped file does not know its folder, a chosen one does: the folder may say whom it shows.
    Object.defineProperty(file, 'webkitRelativePath', { value: entry.fullPath.replace(/^\//, '') })
    files.push(file)
    return
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  // A reader gives a folder in portions and an empty one at its end.
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (portion.length === 0) return
    for (const child of portion) await collect(child, files)
  }
}
