import type { OpenRunner } from '../../training/step-runner.ts'

/**
 * Steps on a processor, and on the CPU from the first step on that the processor does not open: `fell` is told its own
 * words, because a run that is ten times slower than foretold must say why.
 */
export function withFallback(
  open: OpenRunner,
  openOnCpu: () => Promise<OpenRunner>,
  fell: (reason: string) => void,
): OpenRunner {
  let hasFallen = false
  return async (...step) => {
    if (!hasFallen)
      try {
        return await open(...step)
      } catch (error) {
        hasFallen = true
        fell(error instanceof Error ? error.message : String(error))
      }
    return (await openOnCpu())(...step)
  }
}
