/** What the data cannot support, in words: a result, never an exception. Has the shape of the contract's `Refusal`. */
export interface Refused {
  kind: 'refused'
  reason:
    | 'not-a-number'
    | 'not-unit-length'
    | 'one-person'
    | 'no-genuine'
    | 'no-impostor'
    | 'all-equal'
    | 'no-strangers'
    | 'unsupported-rate'
    | 'bad-list'
    | 'bad-number'
    | 'cancelled'
  message: string // a sentence with a way out
}

export function refused(reason: Refused['reason'], message: string): Refused {
  return { kind: 'refused', reason, message }
}
