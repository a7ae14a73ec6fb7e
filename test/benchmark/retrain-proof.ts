import { appendFileSync } from 'node:fs'
import { exactLower, exactUpper } from '../../src-main/evaluation/binomial-bounds.ts'
import type { TwoCovarianceModel } from '../../src-main/evaluation/virtual-strangers.ts'
import { random } from '../../src-main/learning/random.ts'
import { defaultHeadRecipe } from '../../src-main/training/gallery-run/head/head-recipe.ts'
import { retrainHead } from '../../src-main/training/gallery-run/retrain-head.ts'
import { mixedPeople } from '../../src-main/training/gate/mixed-people.ts'
import { onnxRunner } from '../../src-main/training/onnx-runner.ts'
import { proofKinds, proofRun, type ProofKind } from '../training/gallery-run/proof-kinds.ts'
import type { Faces } from './retrain-protocol.ts'
import { keptLines } from './kept-lines.ts'
import type { Figure } from './training-figure.ts'

/** One run as it is kept, line by line, in the file that `--out` names. */
interface Done {
  kind: ProofKind
  seed: number
  verdict: 'promote' | 'reject'
  failed: string | null // the first line that failed
  worse: string[]
  better: string[]
  /** Whether the poisoned person was named before training, and how many others. */
  named: boolean
  namedWrongly: number
  stoppedAt: number
  moved: number
  seconds: number // of processor time
}

const galleryPeople = 40
const fewestPhotographs = 8
const mostPhotographs = 15
const threshold = 0.30429 // the card's for FMR 1e-4, photograph × template of five
const wantedFmr = 1e-4

/**
 * The proof of the gate: `runs` seeded runs of each kind on galleries of 40 people drawn by seed, through the engine that
 * retrains galleries. What `file` holds already is not run again.
 */
export async function proof(
  faces: Faces,
  strangersModel: TwoCovarianceModel,
  {
    runs,
    seedFrom,
    file,
    kinds,
  }: { runs: number; seedFrom: number; file: string; kinds: readonly ProofKind[] },
  say: (line: string) => void,
): Promise<Figure[]> {
  const done = keptLines<Done>(file)
  const openRunner = onnxRunner({ executionProviders: ['cpu'], threads: 1 })
  for (let seed = seedFrom; seed < seedFrom + runs; seed++)
    for (const kind of kinds) {
      if (done.some((run) => run.kind === kind && run.seed === seed)) continue
      const started = process.cpuUsage()
      const { people, stranger } = gallery(faces, seed)
      const { set, changes, poisoned } = proofRun(kind, people, stranger, defaultHeadRecipe, seed)
      const rows = set.training.map((own, person) => [...own, ...set.heldOut[person]!])
      const embeddings = { vectors: set.vectors, dimension: set.dimension, people: set.owners }
      const named = mixedPeople(embeddings, rows, threshold).map(({ person }) => person)
      const running = retrainHead({
        ...changes,
        set,
        openRunner,
        wantedFmr,
        threshold,
        mixIn: null,
        cohort: null,
        strangersModel,
        refit: false,
      })
      let result = await running.next()
      while (!result.done) result = await running.next()
      const { verdict, evidence, stoppedAt } = result.value
      const ids = (outcome: string) =>
        verdict.lines.filter((line) => line.outcome === outcome).map(({ id }) => id)
      const { user, system } = process.cpuUsage(started)
      const run: Done = {
        kind,
        seed,
        verdict: verdict.kind,
        failed: verdict.failed,
        worse: ids('worse'),
        better: ids('better'),
        named: poisoned !== null && named.includes(poisoned),
        namedWrongly: named.filter((person) => person !== poisoned).length,
        stoppedAt,
        moved: evidence.health.after.moved ?? NaN,
        seconds: (user + system) / 1e6,
      }
      appendFileSync(file, `${JSON.stringify(run)}\n`)
      done.push(run)
      say(`  seed ${seed}, ${kind}: ${run.verdict} ${run.failed ?? ''} (${run.seconds.toFixed(1)} s)`)
    }
  return figures(done.filter(({ kind }) => kinds.includes(kind)))
}

/** Forty people with eight photographs or more, at most fifteen of each, and one who is not among them. */
function gallery({ vectors, dimension, rows }: Faces, seed: number) {
  const eligible = rows.filter((own) => own.length >= fewestPhotographs)
  const order = random(seed, 'proof gallery').shuffled(eligible)
  const photographs = (own: readonly number[]) =>
    own.slice(0, mostPhotographs).map((row) => vectors.slice(row * dimension, (row + 1) * dimension))
  return {
    people: order.slice(0, galleryPeople).map(photographs),
    stranger: photographs(order[galleryPeople]!),
  }
}

function figures(done: readonly Done[]): Figure[] {
  return proofKinds.flatMap((kind) => {
    const runs = done.filter((run) => run.kind === kind)
    if (runs.length === 0) return []
    const count = (holds: (run: Done) => boolean) => runs.filter(holds).length
    const [good, least, what]: [number, number, string] =
      kind === 'healthy'
        ? [count(({ verdict }) => verdict === 'promote'), 0.8, 'accepted']
        : kind === 'poisoned person'
          ? [count(({ named }) => named), 0.95, 'named before training']
          : [count(({ verdict }) => verdict === 'reject'), 0.95, 'rejected']
    const share = good / runs.length
    const bounds = [exactLower(good, runs.length), exactUpper(good, runs.length)]
    return {
      what: `${kind}: ${what}`,
      asked: `≥ ${least * 100} %`,
      measured: [
        `${good} of ${runs.length} (${(100 * share).toFixed(0)} %, 95 % bounds ${bounds.map((bound) => (100 * bound).toFixed(0)).join('–')} %)`,
        `promoted ${count(({ verdict }) => verdict === 'promote')}`,
        `lines that failed first: ${tally(runs.map(({ verdict, failed }) => (verdict === 'promote' ? null : (failed ?? 'nothing better'))))}`,
        `all lines that were worse: ${tally(runs.flatMap(({ worse }) => [...new Set(worse)]))}`,
        `others named as mixed: ${runs.reduce((sum, { namedWrongly }) => sum + namedWrongly, 0)} of ${runs.length * galleryPeople} people`,
        `the head moved ${range(runs.map(({ moved }) => moved))}; stopped at step ${range(runs.map(({ stoppedAt }) => stoppedAt))}; ${(runs.reduce((sum, { seconds }) => sum + seconds, 0) / runs.length).toFixed(1)} s of processor time`,
      ].join('\n      '),
      reached: share >= least,
      values: { runs: runs.length, good, promoted: count(({ verdict }) => verdict === 'promote') },
    }
  })
}

function tally(ids: readonly (string | null)[]): string {
  const counts = new Map<string, number>()
  for (const id of ids) if (id !== null) counts.set(id, (counts.get(id) ?? 0) + 1)
  return [...counts].map(([id, count]) => `${id} ${count}`).join(', ') || 'none'
}

function range(values: readonly number[]): string {
  return `${Number(Math.min(...values).toPrecision(3))}–${Number(Math.max(...values).toPrecision(3))}`
}
