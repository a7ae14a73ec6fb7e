import type { RetrainPoint } from '../../contract.ts'

const mostPoints = 400 // a chart is a few hundred pixels wide

/** The points of a run, thinned evenly as they come: every one, then every second, every fourth … of each training. */
export class RunCurve {
  #points: RetrainPoint[] = []
  #every = 1

  /** A point where the held-out error was measured is always kept. */
  add(point: RetrainPoint): void {
    if (!this.#isKept(point)) return
    this.#points.push(point)
    while (this.#points.length > mostPoints) {
      this.#every *= 2
      const kept = this.#points.filter((each) => this.#isKept(each))
      if (kept.length === this.#points.length) break
      this.#points = kept
    }
  }

  get points(): RetrainPoint[] {
    return this.#points
  }

  #isKept({ step, heldOutFnmr }: RetrainPoint): boolean {
    return heldOutFnmr !== null || step % this.#every === 0
  }
}
