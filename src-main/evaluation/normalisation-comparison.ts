import type { Interval } from './binomial-bounds.ts'
import { thresholdBoundedBy } from './choice.ts'
import type { Comparisons } from './comparisons.ts'
import { doubtedFmr, doubtedFnmr } from './doubt.ts'
import type { DoubtedRate } from './doubt.ts'
import type { Embeddings } from './embeddings.ts'
import { thresholdAtCount } from './error-rates.ts'
import { fuseAll, gathered, measure, sweep } from './measure.ts'
import type { MeasureOptions } from './measure.ts'
import { studentQuantile } from './normal.ts'
import type { Plan, Subject } from './plan.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'
import { shownUpper } from './shown-rates.ts'
import { sNorm, tNorm, zNorm } from './score-normalisation.ts'
import type { CohortSpread } from './score-normalisation.ts'

export const normalisations = ['plain', 'z-norm', 't-norm', 's-norm'] as const
export type Normalisation = (typeof normalisations)[number]

/** One way of reading a distance, judged where its own bound on FMR is held. */
export interface NormalisationRow {
  by: Normalisation
  fmr: DoubtedRate
  fnmr: DoubtedRate
  /** FNMR less the plain one's, with 95 % over people (delete-one jackknife at fixed thresholds); null for plain. */
  change: { difference: number; interval95: Interval | null } | null // no interval where not one decision differs
}

export interface NormalisationComparison {
  kind: 'normalisations'
  wantedFmr: number
  /** What every row's bound on FMR is held to: the wanted rate, or the least that all of them support. */
  heldFmr: number
  fittedOn: number // strangers
  judgedOn: number // people, none of them among those
  rows: NormalisationRow[]
  sentence: string
}

const fewestStrangers = 10 // a deviation from fewer moves more than what it is to correct

/**
 * Z-, T- and S-norm against the plain distance: FNMR where the one-sided 95 % bound on FMR is held to the wanted rate. The
 * `cohort`'s rows (one list for each stranger) are what distances are normalised by, and nobody of it may be in the
 * plan. Normalised distances are brought back to everybody's mean and deviation, so that they count like distances.
 */
export async function compareNormalisations(
  plan: Plan,
  embeddings: Embeddings,
  cohort: number[][],
  { wantedFmr, ...options }: MeasureOptions & { wantedFmr: number },
): Promise<NormalisationComparison | Refused> {
  const fitted = await cohortSpreads(plan, embeddings, cohort, options)
  if (fitted.kind === 'refused') return fitted
  const { ofProbe, ofReference, everybody } = fitted
  const scores: Record<Normalisation, ((d: number, probe: number, reference: number) => number) | null> = {
    plain: null,
    'z-norm': (d, _probe, reference) => zNorm(d, ofReference[reference]!),
    't-norm': (d, probe) => tNorm(d, ofProbe[probe]!),
    's-norm': (d, probe, reference) => sNorm(d, ofReference[reference]!, ofProbe[probe]!),
  }
  const measured: Comparisons[] = []
  for (const [i, by] of normalisations.entries()) {
    const score = scores[by]
    const compared = await measure(plan, embeddings, {
      ...options,
      onProgress: (done, total) => options.onProgress?.((1 + i) * total + done, 5 * total),
      ...(score && {
        rescore: (d: number, probe: number, reference: number) =>
          Math.min(2, Math.max(0, everybody.mean + everybody.deviation * score(d, probe, reference))),
      }),
    })
    if (compared.kind === 'refused') return compared
    measured.push(compared)
  }
  const least = Math.max(
    ...measured.map((compared) => doubtedFmr(compared, thresholdAtCount(compared.impostor, 0)).upper95),
  )
  const heldFmr = Math.max(wantedFmr, least)
  const thresholds = measured.map((compared) => thresholdBoundedBy(compared, heldFmr))
  const bad = thresholds.find((threshold) => typeof threshold !== 'number')
  if (bad) return bad
  const rows = measured.map((compared, i): NormalisationRow => ({
    by: normalisations[i]!,
    fmr: doubtedFmr(compared, thresholds[i] as number),
    fnmr: doubtedFnmr(compared, thresholds[i] as number),
    change:
      i === 0
        ? null
        : changeOf(
            errorsByPerson(measured[0]!, thresholds[0] as number),
            errorsByPerson(compared, thresholds[i] as number),
            compared,
          ),
  }))
  return {
    kind: 'normalisations',
    wantedFmr,
    heldFmr,
    fittedOn: fitted.strangers,
    judgedOn: plan.people,
    rows,
    sentence: inWords(rows, heldFmr),
  }
}

interface CohortSpreads {
  kind: 'spreads'
  strangers: number
  ofProbe: CohortSpread[]
  ofReference: CohortSpread[]
  everybody: CohortSpread
}

/** Distances of each of the plan's references to the cohort's probes, and of each probe to the cohort's templates. */
async function cohortSpreads(
  plan: Plan,
  embeddings: Embeddings,
  cohort: number[][],
  options: MeasureOptions,
): Promise<CohortSpreads | Refused> {
  const { burstPhotographs, templatePhotographs } = plan.form
  const first =
    1 + [...plan.probes, ...plan.references].reduce((most, { person }) => Math.max(most, person), 0)
  const subject = (rows: number[], photographs: number, i: number): Subject => ({
    person: first + i,
    photographs: rows.slice(0, photographs),
  })
  const usable = cohort.filter((rows) => rows.length >= burstPhotographs)
  if (usable.length < fewestStrangers)
    return refused(
      'no-strangers',
      `Normalising takes ${fewestStrangers} imported strangers at least${burstPhotographs > 1 ? ` with ${burstPhotographs} photographs each` : ''}, who are not compared with themselves; there are ${usable.length}.`,
    )
  const probes = usable.map((rows, i) => subject(rows, burstPhotographs, i))
  const templates = usable.map((rows, i) => subject(rows, templatePhotographs, i))
  const spreads = async (own: Subject[], theirs: Subject[]) => {
    const moments = own.map(() => ({ n: 0, sum: 0, squares: 0 }))
    const lot = (subjects: Subject[]) =>
      gathered(
        subjects,
        fuseAll(embeddings, subjects),
        Uint32Array.from(subjects.keys()),
        embeddings.dimension,
      )
    const rows = lot(own)
    const done = await sweep(
      rows,
      lot(theirs),
      embeddings.dimension,
      false,
      { ...options, onProgress: () => {} },
      (products, start, end, row) => {
        const moment = moments[rows.origin[row]!]!
        for (let i = start; i < end; i++) {
          const squared = Math.max(0, 2 - 2 * products[i]!)
          moment.n++
          moment.sum += Math.sqrt(squared)
          moment.squares += squared
        }
      },
    )
    return done === 'cancelled' ? null : moments
  }
  const references = await spreads(plan.references, probes)
  const probing = plan.symmetric ? references : await spreads(plan.probes, templates)
  if (!references || !probing) return refused('cancelled', 'The measurement was cancelled.')
  const all = [...references, ...probing].reduce(
    (total, { n, sum, squares }) => ({
      n: total.n + n,
      sum: total.sum + sum,
      squares: total.squares + squares,
    }),
    { n: 0, sum: 0, squares: 0 },
  )
  const everybody = spreadFrom(all)
  if (!(everybody.deviation > 0)) return refused('all-equal', 'All distances to these strangers are equal.')
  // A subject without a face is compared with nobody: whatever stands here is never used.
  const own = (moment: typeof all) => {
    const spread = spreadFrom(moment)
    return spread.deviation > 0 ? spread : everybody
  }
  return {
    kind: 'spreads',
    strangers: usable.length,
    ofReference: references.map(own),
    ofProbe: probing.map(own),
    everybody,
  }
}

function spreadFrom({ n, sum, squares }: { n: number; sum: number; squares: number }): CohortSpread {
  const mean = sum / n
  return { mean, deviation: Math.sqrt(Math.max(0, (squares - n * mean * mean) / (n - 1))), size: n }
}

/** Null where more errors are made than the tail tells the people of. */
function errorsByPerson({ behind }: Comparisons, threshold: number): Float64Array | null {
  const { distances, probePeople, complete } = behind!.genuineTail
  const errors = new Float64Array(behind!.genuineComparisonsOf.length)
  for (let i = 0; i < distances.length; i++) {
    if (distances[i]! <= threshold) return errors
    errors[probePeople[i]!]! += 1
  }
  return complete ? errors : null
}

function changeOf(
  plain: Float64Array | null,
  normalised: Float64Array | null,
  { behind, genuine }: Comparisons,
): NormalisationRow['change'] {
  if (!plain || !normalised) return null
  const comparisonsOf = behind!.genuineComparisonsOf
  const tested = [...comparisonsOf.keys()].filter((person) => comparisonsOf[person]! > 0)
  const changeBy = tested.map((person) => normalised[person]! - plain[person]!)
  const total = changeBy.reduce((sum, change) => sum + change, 0)
  const difference = total / genuine.total
  const people = tested.length
  if (people < 2 || changeBy.every((change) => change === 0)) return { difference, interval95: null }
  const without = tested.map(
    (person, i) => (total - changeBy[i]!) / Math.max(1, genuine.total - comparisonsOf[person]!),
  )
  const mean = without.reduce((sum, value) => sum + value, 0) / people
  const variance = ((people - 1) / people) * without.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const half = studentQuantile(0.975, people - 1) * Math.sqrt(variance)
  return { difference, interval95: { low: difference - half, high: difference + half } }
}

const names: Record<Normalisation, string> = {
  plain: 'the plain distance',
  'z-norm': 'Z-norm',
  't-norm': 'T-norm',
  's-norm': 'S-norm',
}

function inWords(rows: NormalisationRow[], heldFmr: number): string {
  const beyondDoubt = rows.filter(({ change }) => change?.interval95 && change.interval95.high < 0)
  const best = beyondDoubt.toSorted((a, b) => a.change!.difference - b.change!.difference)[0]
  const worse = rows.filter(({ change }) => change?.interval95 && change.interval95.low > 0)
  const held = shownUpper(heldFmr).slice(2) // rounded up: it is a bound
  if (best)
    return `Where FMR is held to ${held}, ${names[best.by]} turns fewer people away than the plain distance does, beyond the doubt of these people. Verification uses plain distances all the same.`
  if (worse.length === 3)
    return `Where FMR is held to ${held}, every normalisation turns more people away than the plain distance does.`
  return `Where FMR is held to ${held}, no normalisation turns fewer people away beyond the doubt of these people: the plain distance is as good.`
}
