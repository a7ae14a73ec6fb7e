import { cpus } from 'node:os'
import type { Depth, ProcessorTried } from '../../contract.ts'
import type { Job } from '../jobs.ts'
import type { TimingMessage, TimingOrder } from './timing-process.ts'
import type { StartTrainer } from './trainer.ts'

/** A folder may be carried to another machine. */
export function thisMachine(): string {
  const cores = cpus()
  return `${process.platform} ${process.arch} ${cores.length} × ${cores[0]?.model.trim() ?? 'CPU'}`
}

/** What a timing is kept under. */
export function timedDevice(processor: ProcessorTried['processor']): string {
  return `${thisMachine()}, ${processor}`
}

/** Times the parts of a run, in a process of its own, and keeps them in the home folder. What cannot be timed is left unknown. */
export async function timeDepths(
  start: StartTrainer,
  order: TimingOrder,
  signal: Job['signal'],
  told: (depth: Depth) => void = () => {},
): Promise<void> {
  const child = start()
  const stop = () => child.kill()
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  const done = new Promise<void>((resolve) =>
    child.port.hear((heard) => {
      const message = heard as TimingMessage
      if (message.kind === 'timed') told(message.depth)
      else resolve()
    }),
  )
  child.port.post(order)
  await Promise.race([done, child.ended])
  signal.removeEventListener('abort', stop)
  child.kill() // it has said all
}

/** Measures what a head costs on this machine, which takes seconds. */
export type TimeHead = () => Promise<void>

/** Once, however many plans ask for it at a time; what failed is not tried again and again. */
export function timeHeadOnce(start: StartTrainer, home: string): TimeHead {
  let timed: Promise<void> | null = null
  const { signal } = new AbortController()
  return () => (timed ??= timeDepths(start, { home, processor: 'cpu', depths: ['head'] }, signal))
}
