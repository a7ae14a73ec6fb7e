import { EngineLost } from '../engine.ts'

export interface Notice {
  id: number
  tone: 'done' | 'problem'
  sentence: string
}

const shownMs = 6_000 // a problem stays until it is dismissed

/** Short sentences about what was done or what went wrong, one line each, newest last. */
export class Notices {
  list = $state<Notice[]>([])
  #nextId = 1

  done(sentence: string) {
    const id = this.#add('done', sentence)
    setTimeout(() => this.dismiss(id), shownMs)
  }

  problem(sentence: string) {
    this.#add('problem', sentence)
  }

  dismiss(id: number) {
    this.list = this.list.filter((notice) => notice.id !== id)
  }

  /** Runs `work`; a failure becomes a sentence that begins with what did not happen, and gives null. */
  async trying<T>(whatFailed: string, work: () => Promise<T>): Promise<T | null> {
    try {
      return await work()
    } catch (error) {
      this.problem(`${whatFailed} ${failureWords(error)}`)
      return null
    }
  }

  #add(tone: Notice['tone'], sentence: string): number {
    const id = this.#nextId++
    this.list = [...this.list.filter((notice) => notice.sentence !== sentence), { id, tone, sentence }].slice(
      -3,
    )
    return id
  }
}

/** What a thrown call means to the user, and what to do. */
export function failureWords(error: unknown): string {
  if (error instanceof EngineLost) return 'The engine could not be reached; try again once it is back.'
  return error instanceof Error ? error.message : String(error)
}
