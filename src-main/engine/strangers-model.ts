import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import type { StrangersCorrection } from '../evaluation/forecast.ts'
import type { Form } from '../evaluation/form.ts'
import type { TwoCovarianceModel } from '../evaluation/virtual-strangers.ts'

const Numbers = v.array(v.pipe(v.number(), v.finite()))
const Rate = v.pipe(v.number(), v.minValue(0), v.maxValue(1))
const Count = v.pipe(v.number(), v.integer(), v.minValue(0))

const StrangersModel = v.object({
  model: v.string(),
  version: v.string(),
  measuredOn: v.string(),
  fit: v.object({
    kind: v.literal('two-covariance'),
    dimension: v.pipe(v.number(), v.integer(), v.minValue(1)),
    people: Count,
    photographs: Count,
    mean: Numbers,
    between: Numbers,
    within: Numbers,
  }),
  corrections: v.array(
    v.object({
      form: v.picklist(['photograph-photograph', 'photograph-template', 'burst-template']),
      templatePhotographs: Count,
      burstPhotographs: Count,
      points: v.array(v.object({ virtualFmr: Rate, realFmr: Rate, realUpper95: Rate, falseMatches: Count })),
      heldOutPeople: Count,
      /** What is still wrong after the correction, on a third set of people. */
      remaining: v.array(
        v.object({ wantedFmr: Rate, realFmr: Rate, ratio: v.pipe(v.number(), v.minValue(0)) }),
      ),
      checkedOnPeople: Count,
    }),
  ),
})

/** The file beside a model's card: aggregate numbers to draw strangers from, and how far they are to be trusted. */
export type StrangersFile = v.InferOutput<typeof StrangersModel>

export interface StrangersModel {
  version: string
  model: TwoCovarianceModel
  corrections: StrangersFile['corrections']
}

/** Checks a parsed `models/cards/*-strangers.json`. Throws a `ValiError` that names the first field that is wrong. */
export function parseStrangersModel(json: unknown): StrangersModel {
  const { version, fit, corrections } = v.parse(StrangersModel, json)
  const square = fit.dimension ** 2
  if (fit.mean.length !== fit.dimension || fit.between.length !== square || fit.within.length !== square)
    throw new RangeError(`a model of strangers of ${fit.dimension} numbers has factors of ${square}`)
  return { version, model: fit, corrections }
}

/** Null where the model in use came without one. */
export async function readStrangersModel(models: string, name: string): Promise<StrangersModel | null> {
  const text = await readFile(join(models, 'cards', `${name}-strangers.json`), 'utf8').catch(() => null)
  return text === null ? null : parseStrangersModel(JSON.parse(text))
}

/**
 * The correction of this very kind of comparison, by its nearest size; null where it was not measured. Held against it:
 * the worst of what is still wrong on other people and of the doubt in the correction itself.
 */
export function correctionFor({ corrections }: StrangersModel, form: Form): StrangersCorrection | null {
  const own = corrections
    .filter((each) => each.form === form.form && each.points.length > 0)
    .sort((a, b) => apart(a, form) - apart(b, form))[0]
  if (!own) return null
  const { points, heldOutPeople, remaining } = own
  return {
    correction: { points, heldOutPeople },
    worstRatio: Math.max(
      1,
      ...remaining.map(({ ratio }) => ratio),
      ...points.map(({ realFmr, realUpper95 }) => realUpper95 / realFmr),
    ),
  }
}

function apart(
  a: Pick<Form, 'templatePhotographs' | 'burstPhotographs'>,
  b: Pick<Form, 'templatePhotographs' | 'burstPhotographs'>,
): number {
  return (
    Math.abs(Math.log(a.templatePhotographs / b.templatePhotographs)) +
    Math.abs(Math.log(a.burstPhotographs / b.burstPhotographs))
  )
}
