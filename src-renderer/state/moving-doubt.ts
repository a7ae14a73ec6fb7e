import type { Comparisons } from '../../src-main/evaluation/comparisons.ts'
import { doubtedFmr, doubtedFnmr } from '../../src-main/evaluation/doubt.ts'
import type { DoubtedRate } from '../../src-main/evaluation/doubt.ts'
import { operatingPointAt } from '../../src-main/evaluation/error-rates.ts'

export interface DoubtedRates {
  fmr: DoubtedRate
  fnmr: DoubtedRate
  /** False while a bound is still the next wider one of the grid. */
  exact: boolean
}

const steps = 256 // over 0–2
const sliceMs = 8 // of work between two frames

/**
 * Both rates with their bounds, fast enough to follow a hand: rates are counts, and while the hand moves a bound is the
 * next one of a grid on its careful side; at rest it is computed for the very threshold.
 */
export class MovingDoubt {
  readonly #compared: Comparisons
  readonly #fmrs: DoubtedRate[] = []
  readonly #fnmrs: DoubtedRate[] = []

  constructor(compared: Comparisons) {
    this.#compared = compared
  }

  /** Fills the grid between frames, until it is full or `signal` is given. */
  async prepare(signal?: AbortSignal): Promise<void> {
    while (this.#fmrs.length <= steps && !signal?.aborted) {
      const until = performance.now() + sliceMs
      while (this.#fmrs.length <= steps && performance.now() < until) {
        const threshold = (2 * this.#fmrs.length) / steps
        this.#fmrs.push(doubtedFmr(this.#compared, threshold))
        this.#fnmrs.push(doubtedFnmr(this.#compared, threshold))
      }
      await new Promise((resume) => setTimeout(resume))
    }
  }

  exactAt(threshold: number): DoubtedRates {
    return {
      fmr: doubtedFmr(this.#compared, threshold),
      fnmr: doubtedFnmr(this.#compared, threshold),
      exact: true,
    }
  }

  /** As `exactAt`, but never narrower bounds and a thousand times faster; exact where the grid is not there yet. */
  quickAt(threshold: number): DoubtedRates {
    const place = (Math.min(2, Math.max(0, threshold)) * steps) / 2
    const [below, above] = [Math.floor(place), Math.ceil(place)]
    if (above >= this.#fmrs.length) return this.exactAt(threshold)
    const point = operatingPointAt(this.#compared, threshold)
    return {
      fmr: between(point.fmr, point.falseMatches, this.#fmrs[below]!, this.#fmrs[above]!),
      fnmr: between(point.fnmr, point.falseNonMatches, this.#fnmrs[above]!, this.#fnmrs[below]!),
      exact: false,
    }
  }
}

/** The rate as it is, bounded by its neighbours' outer bounds: rates and their bounds rise together. */
function between(rate: number, errors: number, fewer: DoubtedRate, more: DoubtedRate): DoubtedRate {
  return {
    ...more,
    rate,
    errors,
    interval95: { low: fewer.interval95.low, high: more.interval95.high },
    lower95: fewer.lower95,
  }
}
