/** One line of the gate: what was judged, before against after, and what came of it. */
export interface Line {
  id:
    | 'gallery'
    | 'gallery-by-strangers'
    | 'strangers'
    | 'among-strangers'
    | 'separation'
    | 'people'
    | 'card'
    | 'health'
    | 'parity'
  title: string
  outcome: 'better' | 'not-worse' | 'worse' | 'not-judged'
  /** The numbers, in words. */
  sentence: string
  /** Rates or measures, where the line has one of each. */
  before: number | null
  after: number | null
  /** Of a line that a report kept, as it could not be measured again: what it was measured on. */
  ofRun?: string
}

/** A rate as the sentences say it: "1.2 %". */
export function inPercent(rate: number): string {
  return `${Number((rate * 100).toPrecision(2))} %`
}
