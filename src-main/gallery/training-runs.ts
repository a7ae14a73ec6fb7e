import type { Refusal, RetrainRun, RunId } from '../contract.ts'
import type { Row, Store } from './store.ts'

/** A run as it is begun; what it finds out, it adds as it goes. */
export type NewRun = Omit<RetrainRun, 'run' | 'startedAt' | 'endedAt' | 'state' | 'candidate' | 'message'>

/** What a run tells of itself while it goes on. */
export type RunProgress = Partial<
  Pick<
    RetrainRun,
    'device' | 'why' | 'stage' | 'step' | 'steps' | 'imagesPerSecond' | 'remainingMs' | 'curve'
  >
>

export type RunEnding =
  { state: 'done'; candidate: string } | { state: 'cancelled' } | { state: 'failed'; message: string }

/** Who runs it, and when that process was last heard of. */
export interface Runner {
  process: number // its number in this system
  heardAt: number // ms since 1970
}

/** Whether the process that runs it is no more. */
export type IsGone = (runner: Runner) => boolean

/**
 * Inside `store.write`: one run at a time over all processes, so refuses with 'running'. A run whose process is gone
 * holds nobody up.
 */
export function beginRun(
  store: Store,
  process: number,
  run: NewRun,
  isGone: IsGone,
): { kind: 'begun'; run: RunId } | Refusal {
  endLostRuns(store, isGone)
  if (going(store).length > 0) return alreadyRunning
  const id = store.nextId('training_run')
  const now = Math.round(store.now())
  store.run(
    'INSERT INTO training_run (id, started_at, process, heard_at, ended_at, run) VALUES (?, ?, ?, ?, NULL, ?)',
    id,
    now,
    process,
    now,
    sealed(store, id, { ...run, state: 'running', candidate: null, message: null }),
  )
  store.run('DELETE FROM training_run WHERE id <= ?', id - keptRuns)
  return { kind: 'begun', run: id }
}

/** Inside `store.write`. False where the run has ended, whoever ended it: then its process has to end too. */
export function putRunProgress(store: Store, id: RunId, progress: RunProgress): boolean {
  return change(store, id, progress, null)
}

/** Inside `store.write`. False where it had ended already. */
export function endRun(store: Store, id: RunId, ending: RunEnding): boolean {
  return change(store, id, { ...ending, remainingMs: null }, Math.round(store.now()))
}

/** Inside `store.write`. Whether any was lost. */
export function endLostRuns(store: Store, isGone: IsGone): boolean {
  const lost = going(store).filter((row) =>
    isGone({ process: Number(row.process), heardAt: Number(row.heard_at) }),
  )
  for (const { id } of lost) endRun(store, Number(id), { state: 'failed', message: endedUnexpectedly })
  return lost.length > 0
}

/** Whether some run's process is gone, which `endLostRuns` would say. */
export function hasLostRun(store: Store, isGone: IsGone): boolean {
  return going(store).some((row) => isGone({ process: Number(row.process), heardAt: Number(row.heard_at) }))
}

/** The run that is going on, or the last one. */
export function lastRun(store: Store): RetrainRun | null {
  const row = store.get(`${columns} ORDER BY id DESC LIMIT 1`)
  return row ? asRun(store, row) : null
}

export function trainingRun(store: Store, id: RunId): RetrainRun | null {
  const row = store.get(`${columns} WHERE id = ?`, id)
  return row ? asRun(store, row) : null
}

/** The run that made a candidate; null where it is too long ago, or the candidate came from elsewhere. */
export function runThatMade(store: Store, candidate: string): RetrainRun | null {
  return (
    store
      .all(`${columns} ORDER BY id DESC`)
      .map((row) => asRun(store, row))
      .find((run) => run.candidate === candidate) ?? null
  )
}

const columns = 'SELECT id, started_at, ended_at, run FROM training_run'
const keptRuns = 50

const endedUnexpectedly =
  'The run ended unexpectedly: its process is gone. The model in use and everything else are as they were.'

const alreadyRunning: Refusal = {
  kind: 'refused',
  reason: 'running',
  message: 'A run is going on already, here or on the command line: wait for it, or cancel it.',
}

type Sealed = Omit<RetrainRun, 'run' | 'startedAt' | 'endedAt'>

function going(store: Store): Row[] {
  return store.all('SELECT id, process, heard_at FROM training_run WHERE ended_at IS NULL')
}

function change(store: Store, id: RunId, changed: Partial<Sealed>, endedAt: number | null): boolean {
  const row = store.get(`${columns} WHERE id = ? AND ended_at IS NULL`, id)
  if (!row) return false
  const { run: _run, startedAt: _started, endedAt: _ended, ...before } = asRun(store, row)
  store.run(
    'UPDATE training_run SET run = ?, ended_at = ? WHERE id = ?',
    sealed(store, id, { ...before, ...changed }),
    endedAt,
    id,
  )
  return true
}

function asRun(store: Store, { id, started_at, ended_at, run }: Row): RetrainRun {
  const { wish, ...rest } = JSON.parse(store.seal.openText(run as Uint8Array, place(Number(id)))) as Sealed
  return {
    run: Number(id),
    startedAt: Number(started_at),
    endedAt: ended_at === null ? null : Number(ended_at),
    wish,
    ...rest,
  }
}

function sealed(store: Store, id: RunId, run: Sealed): Uint8Array {
  return store.seal.sealText(JSON.stringify(run), place(id))
}

function place(id: RunId) {
  return { table: 'training_run', row: id, column: 'run', person: null }
}
