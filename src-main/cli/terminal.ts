import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

/** How far a long command is. */
export interface Progress {
  step(done: number): void
  /** A line about one file, which must not tear the bar. */
  say(line: string): void
  stop(): void
}

/** Where a command talks to people. stdout belongs to its answer alone; all else goes to stderr. */
export interface Terminal {
  /** Whether the answer is read on a screen; else it goes into a file or another program, byte for byte. */
  onScreen: boolean
  say(line: string): void
  progress(total: number, what: string): Promise<Progress>
  /** Null where nobody can be asked. */
  ask(question: string, options?: { hidden: boolean }): Promise<string | null>
}

/** The process's own terminal: a bar where stderr is one, plain lines elsewhere. */
export function processTerminal(): Terminal {
  return {
    onScreen: process.stdout.isTTY === true,
    say: (line) => void process.stderr.write(line + '\n'),
    progress: (total, what) => (process.stderr.isTTY ? bar(total, what) : lines(total, what)),
    async ask(question, { hidden } = { hidden: false }) {
      if (!process.stdin.isTTY || !process.stderr.isTTY) return null
      // Readline echoes what is typed to its output: a hidden answer is echoed nowhere.
      const output = hidden ? new Writable({ write: (_chunk, _encoding, next) => next() }) : process.stderr
      if (hidden) process.stderr.write(question)
      const reading = createInterface({ input: process.stdin, output, terminal: true })
      try {
        return await reading.question(hidden ? '' : question)
      } finally {
        reading.close()
        if (hidden) process.stderr.write('\n')
      }
    },
  }
}

async function bar(total: number, what: string): Promise<Progress> {
  const { default: progress } = await import('cli-progress')
  const shown = new progress.SingleBar(
    {
      format: `${what} {bar} {value}/{total} · {eta_formatted} left`,
      hideCursor: false, // a killed process would leave it hidden
      stream: process.stderr,
    },
    progress.Presets.shades_classic,
  )
  shown.start(total, 0)
  return {
    step: (done) => shown.update(done),
    say(line) {
      process.stderr.write(`\r\x1b[K${line}\n`) // the bar's line is cleared; it draws itself again below
      shown.updateETA()
      shown.render()
    },
    stop: () => shown.stop(),
  }
}

/** Every tenth, or every ten seconds where a tenth takes longer. */
async function lines(total: number, what: string): Promise<Progress> {
  const started = Date.now()
  let saidAt = started
  let saidDone = 0
  const say = (line: string) => void process.stderr.write(line + '\n')
  return {
    step(done) {
      const now = Date.now()
      const isDue = now - saidAt >= 10_000 || (now - saidAt >= 3000 && done - saidDone >= total / 10)
      if (!isDue || done >= total) return
      saidAt = now
      saidDone = done
      const left = Math.ceil(((now - started) / done) * ((total - done) / 1000))
      say(`${what}: ${done} of ${total}, about ${left} s left`)
    },
    say,
    stop: () => {},
  }
}
