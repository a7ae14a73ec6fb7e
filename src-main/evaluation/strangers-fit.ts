import type { Comparisons } from './comparisons.ts'
import type { Embeddings } from './embeddings.ts'
import type { Form } from './form.ts'
import { measure } from './measure.ts'
import type { MeasureOptions } from './measure.ts'
import { cappedPlan, templatePlan } from './plan.ts'
import type { Plan } from './plan.ts'
import type { Refused } from './refusal.ts'
import { strangersPlan } from './strangers-plan.ts'
import { measureTailCorrection, remainingError } from './tail-correction.ts'
import type { TailCorrection } from './tail-correction.ts'
import { drawStrangers, fitTwoCovariance } from './virtual-strangers.ts'
import type { TwoCovarianceModel } from './virtual-strangers.ts'

/** A model of strangers with what it is worth in each form: aggregate numbers, which may stand in a model's card. */
export interface FittedStrangers {
  kind: 'fitted'
  fit: TwoCovarianceModel
  corrections: FormCorrection[]
}

export interface FormCorrection extends Form, TailCorrection {
  /** On people who neither fitted nor corrected: real over forecast FMR. */
  remaining: { wantedFmr: number; realFmr: number; ratio: number }[]
  checkedOnPeople: number
}

interface Halves {
  fit: number[][]
  correct: number[][]
  check: number[][]
}

const virtualPeople = 4000
const fewestFalseMatches = 5 // below that a remaining ratio is chance

/**
 * Fits virtual strangers on half of the people, corrects their tail on a quarter and checks what is still wrong on the
 * last quarter. `photographs[p]` lists person p's rows.
 */
export async function fitStrangers(
  embeddings: Embeddings,
  photographs: number[][],
  random: () => number,
  options: MeasureOptions = {},
): Promise<FittedStrangers | Refused> {
  const { fit, correct, check } = halves(photographs, random)
  const fitted = fitTwoCovariance(rowsOf(embeddings, fit))
  if (fitted.kind === 'refused') return fitted
  const corrections: FormCorrection[] = []
  const plans: ((rows: number[][]) => Plan)[] = [
    cappedPlan,
    (rows) => templatePlan(rows, 3),
    (rows) => templatePlan(rows, 5),
    (rows) => templatePlan(rows, 3, 3),
  ]
  for (const plan of plans) {
    const against = async (people: number[][]) => {
      const real = await measure(plan(people), embeddings, options)
      if (real.kind === 'refused') return null
      const virtual = await againstVirtual(plan(people), embeddings, fitted, random, options)
      return virtual.kind === 'refused' ? null : { real, virtual }
    }
    const [corrected, checked] = [await against(correct), await against(check)]
    if (!corrected || !checked) continue // too few people with enough photographs for this form
    const correction = measureTailCorrection(corrected.virtual.impostor, corrected.real)
    corrections.push({
      ...corrected.real.form,
      ...correction,
      remaining: remainingError(correction, checked.virtual.impostor, checked.real).filter(
        ({ wantedFmr }) => wantedFmr * checked.real.impostor.total >= fewestFalseMatches,
      ),
      checkedOnPeople: checked.real.people,
    })
  }
  return { kind: 'fitted', fit: fitted, corrections }
}

/** Virtual strangers probe the real people's references, as they do when a gallery is tuned. */
async function againstVirtual(
  plan: Plan,
  { vectors, dimension, people }: Embeddings,
  model: TwoCovarianceModel,
  random: () => number,
  options: MeasureOptions,
): Promise<Comparisons | Refused> {
  const each = plan.form.burstPhotographs
  const drawn = drawStrangers(model, virtualPeople, each, random)
  const all = new Float32Array(vectors.length + drawn.vectors.length)
  all.set(vectors)
  all.set(drawn.vectors, vectors.length)
  const first = 1 + plan.probes.reduce((most, { person }) => Math.max(most, person), 0)
  const rows = Array.from({ length: virtualPeople }, (_, person) =>
    Array.from({ length: each }, (_, i) => people.length + person * each + i),
  )
  const owner = [...Array.from(people), ...Array.from(drawn.people, (person) => -1 - person)]
  const { strangers: _all, ...withStrangers } = strangersPlan(plan, rows, first)
  return measure(withStrangers, { vectors: all, dimension, people: owner }, options)
}

function halves(photographs: number[][], random: () => number): Halves {
  const people = photographs.filter((rows) => rows.length > 0)
  for (let i = people.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[people[i], people[j]] = [people[j]!, people[i]!]
  }
  const [half, threeQuarters] = [Math.floor(people.length / 2), Math.floor((3 * people.length) / 4)]
  return {
    fit: people.slice(0, half),
    correct: people.slice(half, threeQuarters),
    check: people.slice(threeQuarters),
  }
}

const mostOfOne = 10 // photographs: nobody's hundreds are the within-person scatter of everybody

function rowsOf({ vectors, dimension }: Embeddings, photographs: number[][]): Embeddings {
  const rows = photographs.flatMap((own, person) => own.slice(0, mostOfOne).map((row) => ({ person, row })))
  const taken = new Float32Array(rows.length * dimension)
  for (const [i, { row }] of rows.entries())
    taken.set(vectors.subarray(row * dimension, (row + 1) * dimension), i * dimension)
  return { vectors: taken, dimension, people: rows.map(({ person }) => person) }
}
