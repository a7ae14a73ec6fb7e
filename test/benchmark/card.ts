import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Comparisons } from '../../src-main/evaluation/comparisons.ts'
import { operatingPointAtFmr } from '../../src-main/evaluation/error-rates.ts'
import { measure } from '../../src-main/evaluation/measure.ts'
import { cappedPlan, templatePlan, type Plan } from '../../src-main/evaluation/plan.ts'
import { Vision } from '../../src-main/vision/vision.ts'
import { embedSet, listPhotographs, type EmbeddedSet } from './photograph-set.ts'

const wantedFmrs = [1e-2, 1e-3, 1e-4, 1e-5]
const fewestFalseMatches = 10 // a threshold that rests on fewer impostor pairs is left out of the card
const templates = [1, 2, 3, 4, 5, 7, 10]
const bursts = [2, 3, 5]

/** One form's row of a model card: what `src-main/engine/model-card.ts` reads. */
export interface CardForm {
  form: string
  template: number
  burst: number
  people: number
  photographs: number
  genuinePairs: number
  impostorPairs: number
  operatingPoints: { fmr: number; threshold: number; tmr: number }[]
}

/** Measures every form that the photographs allow. */
export async function measureForms(set: EmbeddedSet): Promise<CardForm[]> {
  const plans: { plan: Plan; template: number; burst: number }[] = [
    { plan: cappedPlan(set.rows), template: 1, burst: 1 },
    ...templates
      .filter((template) => template > 1)
      .map((template) => ({ plan: templatePlan(set.rows, template), template, burst: 1 })),
    ...templates.flatMap((template) =>
      bursts.map((burst) => ({ plan: templatePlan(set.rows, template, burst), template, burst })),
    ),
  ]
  const forms: CardForm[] = []
  for (const { plan, template, burst } of plans) {
    const compared = await measure(plan, set.embeddings)
    if (compared.kind === 'refused') throw new Error(`${template} × ${burst}: ${compared.message}`)
    forms.push(cardForm(plan, compared, template, burst))
  }
  return forms
}

function cardForm(plan: Plan, compared: Comparisons, template: number, burst: number): CardForm {
  const photographs = new Set([...plan.probes, ...plan.references].flatMap((subject) => subject.photographs))
  return {
    form: plan.form.form,
    template,
    burst,
    people: compared.people,
    photographs: photographs.size,
    genuinePairs: compared.genuine.total,
    impostorPairs: compared.impostor.total,
    operatingPoints: wantedFmrs
      .filter((fmr) => fmr * compared.impostor.total >= fewestFalseMatches)
      .map((fmr) => {
        const { threshold, tmr } = operatingPointAtFmr(compared, fmr)
        // Rounded down: never more lenient than measured.
        return { fmr, threshold: Math.floor(threshold * 1e5) / 1e5, tmr: Math.round(tmr * 1e5) / 1e5 }
      }),
  }
}

/** Measures the recognition model on LFW's development people and writes its card. */
async function writeCard(faces: string, models: string): Promise<void> {
  const vision = await Vision.open({ models })
  const set = listPhotographs('lfw-dev', join(faces, 'lfw-dev/images'))
  const say = (line: string) => process.stderr.write(`${line}\n`)
  const embedded = await embedSet(set, vision, { models, say })
  const card = {
    model: vision.model.name,
    version: vision.model.version,
    measuredOn:
      'Labeled Faces in the Wild, deep-funneled (already roughly aligned, black corners), View 1 development people; capped protocol',
    people: set.people.length,
    photographs: set.files.length,
    undetected: embedded.undetected,
    forms: await measureForms(embedded),
  }
  writeFileSync(join(models, 'cards/face-recognition.json'), `${JSON.stringify(card, null, 2)}\n`)
  await vision.close()
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '../..')
  const at = process.argv.indexOf('--faces')
  await writeCard(at > 0 ? process.argv[at + 1]! : join(root, '../shared/faces'), join(root, 'models'))
}
