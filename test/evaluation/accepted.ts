import type { Refused } from '../../src-main/evaluation/refusal.ts'

/** The result, where a test's input is good; a refusal fails the test with its sentence. */
export function accepted<T extends { kind: string }>(result: T | Refused): Exclude<T, Refused> {
  if (result.kind === 'refused') throw new Error((result as Refused).message)
  return result as Exclude<T, Refused>
}
