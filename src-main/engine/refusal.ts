import type { Refusal } from '../contract.ts'

/** Something the user can meet, with a stable word and a sentence with a way out. */
export function refused(reason: string, message: string): Refusal {
  return { kind: 'refused', reason, message }
}
