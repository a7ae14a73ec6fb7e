import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** Some steps: wall clock of each, processor time of all threads for all of them. */
export interface Times {
  ms: number[]
  cpuMs: number
}

/** PyTorch, waiting to be told which step to time. */
export interface Torch {
  version: string
  device: string
  /** Milliseconds of each of so many steps, and of processor time for all. Throws PyTorch's own words. */
  time(asked: {
    workload: string
    batch: number
    layout: 'default' | 'channels_last'
    steps: number
  }): Promise<Times>
  close(): void
}

/** Starts `training.py` where `python -c "import torch"` works; else null. */
export async function startTorch(
  python: string,
  threads: number,
  device: 'cpu' | 'cuda',
): Promise<Torch | null> {
  if (spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status !== 0) return null
  const child = spawn(python, [join(import.meta.dirname, 'training.py'), String(threads), device], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = (await lines.next()) as IteratorResult<string>
    if (done) throw new Error('PyTorch’s process ended')
    return JSON.parse(value) as Record<string, unknown>
  }
  const { torch, device: name } = await next()
  return {
    version: String(torch),
    device: String(name),
    async time(asked) {
      child.stdin.write(JSON.stringify(asked) + '\n')
      const answer = await next()
      if (answer.error) throw new Error(`PyTorch: ${String(answer.error)}`)
      return { ms: answer.ms as number[], cpuMs: answer.cpu as number }
    },
    close: () => child.stdin.end(),
  }
}
