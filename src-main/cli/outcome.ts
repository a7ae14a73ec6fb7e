import type { Refusal } from '../contract.ts'

/** 0 match or done, 1 no match, 2 refused (the reason on stderr), 3 a fault of ours. */
export type ExitCode = 0 | 1 | 2 | 3

/** What a command ends with: one of `json` and `text` is printed. */
export interface Outcome {
  exitCode: ExitCode
  /** The document for `--json`; undefined where the command has printed its own, line by line. */
  json: unknown
  /** Lines for people. */
  text: string[]
}

export function done(json: unknown, text: string[]): Outcome {
  return { exitCode: 0, json, text }
}

/** A refusal as the whole answer; its sentence goes to stderr, its document to stdout with `--json`. */
export function refusedOutcome(refusal: Refusal): Outcome {
  return { exitCode: 2, json: refusal, text: [] }
}

/** Whether a command's answer is nothing but a refusal, whose sentence stderr is owed. */
export function refusalIn({ exitCode, json }: Outcome): Refusal | null {
  const isRefusal =
    exitCode === 2 && typeof json === 'object' && json !== null && 'kind' in json && json.kind === 'refused'
  return isRefusal ? (json as Refusal) : null
}
