import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { constants, setPriority } from 'node:os'
import type { Refusal, RunId } from '../../contract.ts'
import { nodeIpcPort, type Port } from '../../engine-port.ts'
import { refused } from '../refusal.ts'
import type { RunMessage, RunOrder } from './run-order.ts'

/** A process for one run, as whoever starts it sees it. */
export interface TrainerProcess {
  port: Port
  /** Resolves when it has ended, however. */
  ended: Promise<unknown>
  /** At once: a step under way is not waited for. */
  kill(): void
}

export type StartTrainer = () => TrainerProcess

/** Starts `entry` (`run-process.ts`) as a Node process of its own. */
export function nodeTrainer(entry: URL): StartTrainer {
  return () => {
    const child = fork(entry, [], {
      execArgv: [...process.execArgv, '--disable-warning=ExperimentalWarning'], // node:sqlite is called experimental
      env: withoutSecrets(process.env),
      serialization: 'advanced', // the key travels as bytes
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    yieldToOthers(child)
    const ended = Promise.race([once(child, 'exit'), once(child, 'error')]).catch(() => {}) // it never started
    return { port: nodeIpcPort(child), ended, kill: () => void child.kill('SIGKILL') }
  }
}

/**
 * Whoever verifies goes first. Said from here, before the child has read its program: on Linux every thread has a priority
 * of its own, which those that it begins inherit, and a pool that decodes pictures begins early.
 */
function yieldToOthers({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_LOW)
  } catch {
    // It has ended already, or this system does not let us: it then trains at everybody’s priority.
  }
}

/** What a child needs of the environment, and neither a passphrase nor anything else that is ours. */
export function withoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const plain = Object.entries(environment).filter(([name]) => !/^SEMBLANCE_/i.test(name))
  return {
    ...Object.fromEntries(plain),
    // Electron's binary is then Node, as in the engine's own process.
    ...(process.versions.electron && { ELECTRON_RUN_AS_NODE: '1' }),
  }
}

/** Starts a process, gives it its order, and resolves when the run has begun. Refuses as the process does, and with 'trainer-ended'. */
export async function begin(
  start: StartTrainer,
  order: RunOrder,
): Promise<{ kind: 'begun'; run: RunId; trainer: TrainerProcess } | Refusal> {
  const trainer = start()
  const told = new Promise<RunMessage>((resolve) =>
    trainer.port.hear((message) => resolve(message as RunMessage)),
  )
  trainer.port.post(order)
  const outcome = await Promise.race([told, trainer.ended.then(() => null)])
  if (outcome?.kind === 'begun') return { kind: 'begun', run: outcome.run, trainer }
  trainer.kill()
  return (
    outcome?.refusal ??
    refused('trainer-ended', 'The process that would train ended before it began. Nothing was changed.')
  )
}
