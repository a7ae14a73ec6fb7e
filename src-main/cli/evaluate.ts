import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import type { Comparisons } from '../evaluation/comparisons.ts'
import { distinctThresholds } from '../evaluation/distance-counts.ts'
import { distanceBetween } from '../evaluation/embeddings.ts'
import { equalErrorRate, operatingPointAt, operatingPointAtFmr } from '../evaluation/error-rates.ts'
import { readPairs, type NamedPair } from '../evaluation/lfw-pairs.ts'
import { measure } from '../evaluation/measure.ts'
import { cappedPlan, templatePlan } from '../evaluation/plan.ts'
import { accuracyOverFolds, type FoldedPair } from '../evaluation/ten-folds.ts'
import { comparisons } from '../evaluation/comparisons.ts'
import { refused } from '../engine/refusal.ts'
import { embedFiles, type EmbeddedFiles } from './embed-files.ts'
import { refusedOutcome, type Outcome } from './outcome.ts'
import { listPeople, numberOf, type PersonFolder } from './people-folder.ts'
import { columns, count, shown } from './shown.ts'
import type { Terminal } from './terminal.ts'

const wantedFmrs = [1e-2, 1e-3, 1e-4, 1e-5]

export interface EvaluateOptions {
  pairs?: string
  template: number
  burst: number
}

interface Evaluation {
  form: string
  template: number // photographs in the template
  burst: number // photographs fused into the probe
  people: number
  photographs: number
  undetected: string[]
  genuinePairs: number
  impostorPairs: number
  /** With a pairs file the mean over its folds; without one the best of (1 − FMR + TMR) / 2, on these very pairs. */
  accuracy: number
  deviation?: number
  folds?: number
  eer: number
  operatingPoints: { fmr: number; threshold: number; tmr: number }[]
}

/** The error rates of the model in use on a folder of people, one folder each. */
export async function evaluate(
  folder: string,
  options: EvaluateOptions,
  terminal: Terminal,
): Promise<Outcome> {
  const listed = await listPeople(folder)
  if ('kind' in listed) return refusedOutcome(listed)
  return options.pairs === undefined
    ? cappedProtocol(folder, listed, options, terminal)
    : pairsProtocol(folder, listed, options.pairs, terminal)
}

/** People and files in byte order; which photographs are compared with which is `evaluation/plan`'s to say. */
async function cappedProtocol(
  folder: string,
  people: PersonFolder[],
  { template, burst }: EvaluateOptions,
  terminal: Terminal,
): Promise<Outcome> {
  let row = 0
  const rows = people.map(({ files }) => files.map(() => row++))
  const plan = template > 1 || burst > 1 ? templatePlan(rows, template, burst) : cappedPlan(rows)
  // Photographs that take part in no comparison are not embedded: a person's hundreds beyond the cap.
  const used = new Set([...plan.probes, ...plan.references].flatMap(({ photographs }) => photographs))
  const files = people.flatMap(({ files }, person) => files.map((path) => ({ path, person })))
  const embedded = await embedFiles(
    files.map((file, i) => (used.has(i) ? file : null)),
    terminal,
  )
  const compared = await measure(plan, embedded.embeddings)
  if (compared.kind === 'refused') return refusedOutcome(compared)
  return outcome(folder, embedded, {
    form: plan.form.form,
    template: plan.form.templatePhotographs,
    burst: plan.form.burstPhotographs,
    people: plan.people,
    photographs: used.size,
    ...ratesOf(compared),
    accuracy: bestBalancedAccuracy(compared),
  })
}

/** A list of pairs in LFW's format: the threshold chosen on nine folds and applied to the tenth. */
async function pairsProtocol(
  folder: string,
  people: PersonFolder[],
  pairsFile: string,
  terminal: Terminal,
): Promise<Outcome> {
  const text = await readFile(pairsFile, 'utf8').catch(() => null)
  if (text === null) return refusedOutcome(refused('no-such-file', `${shown(pairsFile)} cannot be read.`))
  const read = readPairs(text)
  if (read.kind === 'refused') return refusedOutcome(read)

  const paths = photographsByNumber(people)
  const named = new Map<string, number>() // path → row
  const missing = new Set<string>()
  const rowOf = ({ person, number }: NamedPair['a']): number => {
    const path = paths.get(person)?.get(number)
    if (path === undefined) return missing.add(`${person} ${number}`) && -1
    if (!named.has(path)) named.set(path, named.size)
    return named.get(path)!
  }
  const indexed = read.pairs.map((pair) => ({ ...pair, first: rowOf(pair.a), second: rowOf(pair.b) }))
  if (missing.size > 0)
    return refusedOutcome(
      refused(
        'no-such-photograph',
        `${count(missing.size, 'photograph')} of the pairs file are not in the folder, the first: ${shown([...missing][0]!)}.`,
      ),
    )
  const embedded = await embedFiles(
    [...named.keys()].map((path) => ({ path, person: 0 })),
    terminal,
  )
  const { vectors, dimension } = embedded.embeddings
  const pairs: FoldedPair[] = indexed.map(({ fold, genuine, first, second }) => ({
    fold,
    genuine,
    distance:
      embedded.found[first] && embedded.found[second]
        ? distanceBetween(vectors, first, vectors, second, dimension)
        : null,
  }))
  const distances = (genuine: boolean) =>
    pairs.filter((pair) => pair.genuine === genuine).map(({ distance }) => distance ?? Infinity)
  const namedPeople = new Set(read.pairs.flatMap(({ a, b }) => [a.person, b.person])).size
  const compared = comparisons(distances(true), distances(false), { people: namedPeople })
  if (compared.kind === 'refused') return refusedOutcome(compared)
  const { accuracy, deviation } = accuracyOverFolds(pairs)
  return outcome(folder, embedded, {
    form: 'photograph-photograph',
    template: 1,
    burst: 1,
    people: namedPeople,
    photographs: named.size,
    ...ratesOf(compared),
    accuracy,
    deviation,
    folds: read.folds,
  })
}

function ratesOf(compared: Comparisons) {
  return {
    genuinePairs: compared.genuine.total,
    impostorPairs: compared.impostor.total,
    eer: equalErrorRate(compared).rate,
    operatingPoints: wantedFmrs.map((fmr) => {
      const { threshold, tmr } = operatingPointAtFmr(compared, fmr)
      return { fmr, threshold, tmr }
    }),
  }
}

function bestBalancedAccuracy(compared: Comparisons): number {
  let best = 0
  for (const threshold of distinctThresholds(compared.genuine)) {
    const { fmr, tmr } = operatingPointAt(compared, threshold)
    best = Math.max(best, (1 - fmr + tmr) / 2)
  }
  return best
}

function photographsByNumber(people: PersonFolder[]): Map<string, Map<number, string>> {
  return new Map(
    people.map(({ name, files }) => [name, new Map(files.map((path) => [numberOf(path), path]))]),
  )
}

function outcome(
  folder: string,
  { undetected, unreadable }: EmbeddedFiles,
  measured: Omit<Evaluation, 'undetected'>,
): Outcome {
  const evaluation: Evaluation = {
    ...measured,
    undetected: undetected.map((path) => relative(folder, path)),
  }
  const percent = (fraction: number) => `${(100 * fraction).toFixed(2)} %`
  const { form, template, burst, people, photographs, genuinePairs, impostorPairs } = evaluation
  const points = evaluation.operatingPoints.map(({ fmr, threshold, tmr }) => [
    String(fmr),
    threshold.toFixed(4),
    percent(tmr),
  ])
  const over = evaluation.folds
    ? ` ± ${percent(evaluation.deviation!)} over ${evaluation.folds} folds`
    : ' at the best threshold'
  return {
    exitCode: unreadable > 0 ? 2 : 0,
    json: evaluation,
    text: [
      `${form}, template of ${template}, burst of ${burst}`,
      `${count(people, 'person', 'people')}, ${count(photographs, 'photograph')}, ${undetected.length} without a face found`,
      `${genuinePairs.toLocaleString('en')} genuine and ${impostorPairs.toLocaleString('en')} impostor pairs`,
      `accuracy ${percent(evaluation.accuracy)}${over}, equal error rate ${percent(evaluation.eer)}`,
      ...columns([['FMR', 'threshold', 'TMR'], ...points]),
    ],
  }
}
