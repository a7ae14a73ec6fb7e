import type { TrainingEvent } from '../training/trainer.ts'

type Step = Extract<TrainingEvent, { kind: 'step' }>

/** Where the table goes: stderr, or what a test hands in. */
export interface TableStream {
  isTTY?: boolean
  write(text: string): unknown
}

/** Columns: heading, width, the cell of a step. */
const columns: readonly [string, number, (step: Step) => string][] = [
  ['step', 13, ({ step, steps }) => `${step}/${steps}`],
  ['loss', 9, ({ measures }) => number(measures.loss)],
  ['active', 7, ({ measures }) => percent(measures.activeShare ?? measures.activeTriplets)],
  ['d(a,p)', 7, ({ measures }) => number(measures.positiveDistance, 3)],
  ['d(a,n)', 7, ({ measures }) => number(measures.negativeDistance, 3)],
  ['rank', 6, ({ measures }) => number(measures.effectiveRank, 1)],
  ['norm', 7, ({ measures }) => number(measures.embeddingNorm, 2)],
  ['|grad|', 8, ({ measures }) => number(measures.gradientNorm, 3)],
  ['rate', 8, ({ learningRate }) => learningRate.toExponential(1)],
  ['img/s', 7, ({ imagesPerSecond }) => imagesPerSecond.toFixed(0)],
  ['left', 8, ({ remainingMs }) => time(remainingMs)],
]

const rowsKept = 20 // of a whole run; the row below them is written over
const redrawMs = 200

/** A run as a growing table: on a terminal its last row follows every step, elsewhere only the kept rows are written. */
export function trainingTable(stream: TableStream, now: () => number = Date.now) {
  let hasHeading = false
  let drawnAt = -Infinity
  let keptAt = -Infinity
  let keptShare = -1
  let isOpen = false // a row stands on the line and is to be written over
  const clear = () => {
    if (isOpen) stream.write('\r\x1b[K')
    isOpen = false
  }
  return {
    step(step: Step): void {
      if (!hasHeading) stream.write(row(columns.map(([heading]) => heading)) + '\n')
      hasHeading = true
      const cells = row(columns.map(([, , cell]) => cell(step)))
      const share = Math.floor((rowsKept * step.step) / step.steps)
      const isKept = share > keptShare || now() - keptAt >= 60_000 || step.step === step.steps
      if (isKept) {
        clear()
        stream.write(cells + '\n')
        keptShare = share
        keptAt = now()
      } else if (stream.isTTY && now() - drawnAt >= redrawMs) {
        clear()
        stream.write(cells)
        isOpen = true
        drawnAt = now()
      }
    },
    /** A line between the rows. */
    say(line: string): void {
      clear()
      stream.write(line + '\n')
    },
    stop: clear,
  }
}

const row = (cells: string[]) => cells.map((cell, i) => cell.padStart(columns[i]![1])).join(' ')

const number = (value: number | undefined, digits = 4) => (value === undefined ? '–' : value.toFixed(digits))
const percent = (share: number | undefined) => (share === undefined ? '–' : `${(100 * share).toFixed(0)} %`)

function time(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const two = (value: number) => String(value).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}
