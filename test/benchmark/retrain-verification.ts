import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import type { CallName, Depth, Frame, Gives, Reply, Takes } from '../../src-main/contract.ts'
import { startEngineChild, type EngineChild } from '../../src-main/engine-child.ts'
import { usualWish } from '../../src-main/engine/retraining/options.ts'
import { listPhotographs } from './photograph-set.ts'

/** Milliseconds of a transaction, from the frames handed to the engine's process to the verdict. */
export interface Times {
  transactions: number
  medianMs: number
  p95Ms: number
}

export interface VerificationDuringRun {
  depth: Depth
  idle: Times
  during: Times
  /** p95 during a run ÷ p95 idle. */
  ratio: number
  /** Of the machine, before: others at work make both slow, and their ratio mean little. */
  load: number
}

export interface VerificationSettings {
  images: string // folder of people
  depth?: Depth
  people?: number
  photographs?: number // of each
  transactions?: number
}

/**
 * How long a verification of three frames takes in the engine's own process while nothing else is done, and while a run
 * trains. Idle is measured before and after the run, because a machine gets warm.
 */
export async function verificationDuringRun({
  images,
  depth = 'head',
  people = 12,
  photographs = 6,
  transactions = 40,
}: VerificationSettings): Promise<VerificationDuringRun> {
  const home = mkdtempSync(join(tmpdir(), 'semblance-verification-'))
  const load = loadavg()[0]!
  const started = await startEngineChild({ home, key: { kind: 'key-file' } })
  if (started.kind === 'refused') throw new Error(started.message)
  const { engine } = started
  const call = caller(engine)
  try {
    const files = listPhotographs('lfw-dev', images)
    const enough = files.people
      .map((_, person) => files.files.filter((file) => file.person === person).map(({ path }) => path))
      .filter((paths) => paths.length >= photographs)
      .slice(0, people)
    for (const [i, paths] of enough.entries()) {
      const begun = await call('enrol.begin', { name: `Person ${i + 1}`, consent: true })
      if (begun.kind === 'refused') throw new Error(begun.message)
      const { draft } = begun
      for (const [number, path] of paths.slice(0, photographs).entries())
        await call('enrol.file', {
          draft,
          fileName: `${number + 1}.jpg`,
          bytes: new Uint8Array(readFileSync(path)),
        })
      await call('enrol.save', { draft })
    }
    const [one] = await call('people', {})
    if (!one) throw new Error('nobody could be enrolled')
    const frames = await Promise.all(enough[0]!.slice(0, 3).map(frameOf))
    const verified = async (count: number) => {
      const times: number[] = []
      for (let i = 0; i < count; i++) {
        const at = performance.now()
        await call('verify', { person: one.person, frames })
        times.push(performance.now() - at)
      }
      return times
    }
    await verified(3) // the first loads what later ones have
    const before = await verified(transactions >> 1)
    const begun = await call('retrain.begin', { ...usualWish, depth, steps: 100_000 })
    if (begun.kind === 'refused') throw new Error(begun.message)
    const isTraining = async () => {
      const run = await call('retrain.run', {})
      if (run?.state !== 'running') throw new Error(run?.message ?? 'the run ended')
      return run.step > 0
    }
    while (!(await isTraining())) await new Promise((resolve) => setTimeout(resolve, 250))
    const during = await verified(transactions)
    await isTraining()
    await call('retrain.cancel', { run: begun.run })
    await new Promise((resolve) => setTimeout(resolve, 2000)) // its process is gone
    const after = await verified(transactions - before.length)
    const [idle, training] = [timesOf([...before, ...after]), timesOf(during)]
    return { depth, idle, during: training, ratio: training.p95Ms / idle.p95Ms, load }
  } finally {
    await engine.stop()
    rmSync(home, { recursive: true, force: true })
  }
}

/** Calls as a page makes them. Throws what is a fault. */
function caller(engine: EngineChild) {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  const { request } = engine.connect((reply: Reply) => {
    if (!('id' in reply)) return
    const asked = waiting.get(reply.id)
    waiting.delete(reply.id)
    if ('fault' in reply) asked?.reject(new Error(reply.fault.message))
    else asked?.resolve(reply.gives)
  })
  let last = 0
  return <N extends CallName>(call: N, takes: Takes<N>): Promise<Gives<N>> => {
    const id = ++last
    const asked = Promise.withResolvers<unknown>()
    waiting.set(id, asked)
    request({ id, call, takes })
    return asked.promise as Promise<Gives<N>>
  }
}

/** As a camera of 640 × 480 would show it. */
async function frameOf(path: string): Promise<Frame> {
  const { data } = await sharp(path)
    .resize(640, 480, { fit: 'contain', background: '#777' })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { width: 640, height: 480, rgba: new Uint8Array(data) }
}

function timesOf(ms: readonly number[]): Times {
  const ascending = ms.toSorted((a, b) => a - b)
  const at = (share: number) =>
    ascending[Math.min(ascending.length - 1, Math.ceil(share * ascending.length) - 1)]!
  return { transactions: ms.length, medianMs: at(0.5), p95Ms: at(0.95) }
}
