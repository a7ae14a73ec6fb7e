import { readFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { relative } from 'node:path'
import type { Refusal } from '../contract.ts'
import type { Comparisons } from '../evaluation/comparisons.ts'
import { distinctThresholds } from '../evaluation/distance-counts.ts'
import { distanceBetween } from '../evaluation/embeddings.ts'
import { equalErrorRate, operatingPointAt, operatingPointAtFmr } from '../evaluation/error-rates.ts'
import { listedComparisons } from '../evaluation/listed-pairs.ts'
import { readPairs, type NamedPair } from '../evaluation/lfw-pairs.ts'
import { measure } from '../evaluation/measure.ts'
import { cappedPlan, templatePlan } from '../evaluation/plan.ts'
import { accuracyOverFolds, type FoldedPair } from '../evaluation/ten-folds.ts'
import { doubtedFmr, doubtedFnmr } from '../evaluation/doubt.ts'
import type { DoubtedRate } from '../evaluation/doubt.ts'
import { findingsOf } from '../evaluation/findings.ts'
import type { Findings } from '../evaluation/findings.ts'
import { formInWords } from '../evaluation/form.ts'
import { peopleCompared } from '../evaluation/pairs-of-people.ts'
import { shownAcquisition, shownDistance, shownEnrolment, shownUpper } from '../evaluation/shown-rates.ts'
import { strangersPlan } from '../evaluation/strangers-plan.ts'
import { supportedFmr } from '../evaluation/supported-rate.ts'
import type { SupportedFmr } from '../evaluation/supported-rate.ts'
import { transactionAt } from '../evaluation/transaction.ts'
import type { BoundedTransaction } from '../evaluation/transaction.ts'
import { random } from '../learning/random.ts'
import { readModelCard } from '../engine/open-parts.ts'
import { refused } from '../engine/refusal.ts'
import { compiled } from '../engine/tuning/report.ts'
import { reportPage } from '../engine/tuning/report-page.ts'
import { listStrangers } from './cohort.ts'
import { embedFiles, type EmbeddedFiles } from './embed-files.ts'
import { evidenceOf, type FolderEvidence } from './folder-evidence.ts'
import { refusedOutcome, type Outcome } from './outcome.ts'
import { listPeople, numberOf, type PersonFolder } from './people-folder.ts'
import { rateLines, type Shown } from './rate-lines.ts'
import { columns, count, shown } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { progressOf, writeReportFiles } from './tune.ts'

const wantedFmrs = [1e-2, 1e-3, 1e-4, 1e-5]

export interface EvaluateOptions {
  pairs?: string
  template: number
  burst: number
  /** A folder of strangers, who take the impostors' place. */
  cohort?: string
  report?: string // where the page goes; the JSON beside it
  /** Of a transaction. */
  attempts: number
}

interface Evaluation extends FolderEvidence {
  form: string
  template: number // photographs in the template
  burst: number // photographs fused into the probe
  people: number
  photographs: number
  /** A hash of the list of photographs that were compared: equal for an equal list. */
  list: string
  undetected: string[]
  genuinePairs: number
  impostorPairs: number
  /** With a pairs file the mean over its folds; without one the best of (1 − FMR + TMR) / 2, on these very pairs. */
  accuracy: number
  deviation?: number
  folds?: number
  eer: number
  operatingPoints: { fmr: number; threshold: number; tmr: number }[]
  /** Who was not enrolled and stood for strangers; 0: the people of the folder themselves. */
  strangers: number
  /** At the thresholds of the operating points: rates with their bounds and the number of people behind them. */
  bounds: { wantedFmr: number; threshold: number; fmr: DoubtedRate; fnmr: DoubtedRate }[]
  /** What so many people can support at best. */
  supportedFmr: SupportedFmr[]
  /** Thresholds whose bound, not whose rate, is held to the wanted FMR. */
  boundedPoints: Findings['operatingPoints']
  calibration: Findings['calibration']
  /** FAR and FRR at the threshold of the equal error rate. */
  transaction: BoundedTransaction
}

/** The error rates of the model in use on a folder of people, one folder each. */
export async function evaluate(
  folder: string,
  options: EvaluateOptions,
  terminal: Terminal,
): Promise<Outcome> {
  const listed = await listPeople(folder)
  if ('kind' in listed) return refusedOutcome(listed)
  if (options.pairs !== undefined && options.cohort !== undefined)
    return refusedOutcome(refused('usage', 'A list of pairs names its own strangers: leave --cohort out.'))
  return options.pairs === undefined
    ? cappedProtocol(folder, listed, options, terminal)
    : pairsProtocol(folder, listed, options.pairs, options, terminal)
}

/** People and files in byte order; which photographs are compared with which is `evaluation/plan`'s to say. */
async function cappedProtocol(
  folder: string,
  people: PersonFolder[],
  options: EvaluateOptions,
  terminal: Terminal,
): Promise<Outcome> {
  const { template, burst, cohort } = options
  const strangers = cohort === undefined ? [] : await listStrangers(cohort)
  if (!Array.isArray(strangers)) return refusedOutcome(strangers)
  let row = 0
  const rows = people.map(({ files }) => files.map(() => row++))
  const strangerRows = strangers.map((paths) => paths.map(() => row++))
  const own = template > 1 || burst > 1 ? templatePlan(rows, template, burst) : cappedPlan(rows)
  const plan = cohort === undefined ? own : strangersPlan(own, strangerRows, people.length)
  // Photographs that take part in no comparison are not embedded: a person's hundreds beyond the cap.
  const used = new Set([...plan.probes, ...plan.references].flatMap(({ photographs }) => photographs))
  const files = [...people.map(({ files }) => files), ...strangers].flatMap((paths, person) =>
    paths.map((path) => ({ path, person })),
  )
  const embedded = await embedFiles(
    files.map((file, i) => (used.has(i) ? file : null)),
    terminal,
  )
  const compared = await measure(plan, embedded.embeddings)
  if (compared.kind === 'refused') return refusedOutcome(compared)
  const counted = {
    form: plan.form.form,
    template: plan.form.templatePhotographs,
    burst: plan.form.burstPhotographs,
    people: plan.people,
    photographs: used.size,
    list: hashOf(files.filter((_, i) => used.has(i)).map(({ path }) => relative(folder, path))),
    accuracy: bestBalancedAccuracy(compared),
  }
  const normalising = cohort === undefined ? null : { ownPlan: own, rows: strangerRows, wantedFmr: 1e-3 }
  const evidence = await evidenceOf(embedded, embedded.embeddings.people, people.length, normalising)
  if ('kind' in evidence) return refusedOutcome(evidence)
  return outcome(folder, embedded, compared, { ...counted, ...evidence }, options, terminal)
}

/** A list of pairs in LFW's format: the threshold chosen on nine folds and applied to the tenth. */
async function pairsProtocol(
  folder: string,
  people: PersonFolder[],
  pairsFile: string,
  options: EvaluateOptions,
  terminal: Terminal,
): Promise<Outcome> {
  const text = await readFile(pairsFile, 'utf8').catch(() => null)
  if (text === null) return refusedOutcome(refused('no-such-file', `${shown(pairsFile)} cannot be read.`))
  const read = readPairs(text)
  if (read.kind === 'refused') return refusedOutcome(read)

  const paths = photographsByNumber(people)
  const named = new Map<string, number>() // path → row
  const missing = new Set<string>()
  const numbers = new Map<string, number>() // person → number
  const owners: number[] = [] // person's number of each row
  const rowOf = ({ person, number }: NamedPair['a']): number => {
    const path = paths.get(person)?.get(number)
    if (path === undefined) return missing.add(`${person} ${number}`) && -1
    if (!numbers.has(person)) numbers.set(person, numbers.size)
    if (!named.has(path)) owners[named.size] = numbers.get(person)!
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
  const compared = listedComparisons(
    indexed.map(({ first, second }, i) => ({ first, second, distance: pairs[i]!.distance })),
    owners,
  )
  if (compared.kind === 'refused') return refusedOutcome(compared)
  const evidence = await evidenceOf(embedded, owners, numbers.size)
  if ('kind' in evidence) return refusedOutcome(evidence)
  const { accuracy, deviation } = accuracyOverFolds(pairs)
  const counted = {
    form: 'photograph-photograph',
    template: 1,
    burst: 1,
    people: numbers.size,
    photographs: named.size,
    list: hashOf(read.pairs.map(({ a, b }) => `${a.person} ${a.number} ${b.person} ${b.number}`)),
    accuracy,
    deviation,
    folds: read.folds,
  }
  return outcome(folder, embedded, compared, { ...counted, ...evidence }, options, terminal)
}

function ratesOf(compared: Comparisons, { operatingPoints, calibration }: Findings) {
  return {
    genuinePairs: compared.genuine.total,
    impostorPairs: compared.impostor.total,
    eer: equalErrorRate(compared).rate,
    operatingPoints: wantedFmrs.map((fmr) => {
      const { threshold, tmr } = operatingPointAtFmr(compared, fmr)
      return { fmr, threshold, tmr }
    }),
    bounds: wantedFmrs.map((wantedFmr) => {
      const { threshold } = operatingPointAtFmr(compared, wantedFmr)
      return {
        wantedFmr,
        threshold,
        fmr: doubtedFmr(compared, threshold),
        fnmr: doubtedFnmr(compared, threshold),
      }
    }),
    supportedFmr: wantedFmrs.map((wanted) => supportedFmr(compared.people, wanted, compared)),
    boundedPoints: operatingPoints,
    calibration,
  }
}

function hashOf(list: string[]): string {
  return createHash('sha256').update(list.join('\n')).digest('hex').slice(0, 32)
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

async function outcome(
  folder: string,
  { undetected, unreadable }: EmbeddedFiles,
  compared: Comparisons,
  counted: Omit<Evaluation, keyof ReturnType<typeof ratesOf> | 'undetected' | 'strangers' | 'transaction'>,
  { report, attempts }: EvaluateOptions,
  terminal: Terminal,
): Promise<Outcome> {
  const progress = progressOf(terminal)
  const findings = await findingsOf(compared, {
    random: random(1, 'bootstrap over people').uniform,
    wantedFmrs,
    onProgress: (done, total) => progress.job.progress(done, total, 'Drawing people again and again'),
  }).finally(progress.stop)
  if (findings.kind === 'refused') return refusedOutcome(findings)
  const against = compared.behind ? peopleCompared(compared.behind) : null
  const { acquisition, enrolment, conditions, normalisations } = counted
  const { threshold } = findings.eer
  const rates = transactionAt(compared, threshold, { acquisition, enrolment, attempts })
  const evaluation: Evaluation = {
    ...counted,
    ...ratesOf(compared, findings),
    transaction: rates,
    strangers: against?.strangers ?? 0,
    undetected: undetected.map((path) => relative(folder, path)),
  }
  const about = {
    compared,
    formInWords: formInWords(compared.form),
    strangersInWords:
      evaluation.strangers > 0 ? 'people of another folder' : 'the other people of the folder',
    people: counted.people,
    strangerPeople: evaluation.strangers,
    photographs: counted.photographs,
    pairsOfPeople: against?.pairs ?? evaluation.impostorPairs,
    conditions,
    normalisations,
    transaction: {
      threshold,
      thresholdFrom: 'where both error rates are equal',
      rates,
      acquired: `${shownAcquisition(acquisition, 'photographs')} ${shownEnrolment(enrolment)}`,
    },
  }
  if (report !== undefined) {
    const trouble = await writeReport(report, about, findings, {
      list: counted.list,
      acquisition,
      enrolment,
      attempts,
    })
    if (trouble) return refusedOutcome(trouble)
  }
  const percent = (fraction: number) => `${(100 * fraction).toFixed(2)} %`
  const points = evaluation.bounds.map(({ wantedFmr, threshold, fmr, fnmr }) => [
    String(wantedFmr),
    shownDistance(threshold),
    percent(1 - fnmr.rate),
    shownUpper(fmr.upper95),
    shownUpper(fnmr.upper95),
  ])
  const over = evaluation.folds
    ? ` ± ${percent(evaluation.deviation!)} over ${evaluation.folds} folds`
    : ' at the best threshold'
  return {
    exitCode: unreadable > 0 ? 2 : 0,
    json: evaluation,
    text: [
      `accuracy ${percent(evaluation.accuracy)}${over}, ${undetected.length} without a face found`,
      ...columns([['FMR', 'threshold', 'TMR', 'bound on FMR', 'bound on FNMR'], ...points]),
      ...rateLines(about, findings),
    ],
  }
}

async function writeReport(
  path: string,
  { formInWords: _form, transaction: _rates, ...about }: Shown,
  findings: Findings,
  counted: { list: string; attempts: number } & Pick<FolderEvidence, 'acquisition' | 'enrolment'>,
): Promise<Refusal | null> {
  const { model: name, version } = await readModelCard()
  const { strangersInWords: strangers, ...shownAbout } = about
  const report = compiled({
    ...shownAbout,
    ...counted,
    acquisitionOf: 'photographs',
    strangers,
    findings,
    correction: null,
    at: Date.now(),
    model: { name, version },
    threshold: findings.eer.threshold,
    thresholdFrom: 'where both error rates are equal',
    byPerson: [],
    notes: [],
  })
  return writeReportFiles(path, { html: reportPage(report, null), json: JSON.stringify(report, null, 2) })
}
