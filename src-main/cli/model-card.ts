import { mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { projectFolder } from '../engine/open-parts.ts'
import { refused } from '../engine/refusal.ts'
import type { StrangersFile } from '../engine/strangers-model.ts'
import type { CardForm, ModelCard } from '../engine/model-card.ts'
import { multiplier } from '../engine/tuning/multiply.ts'
import type { Embeddings } from '../evaluation/embeddings.ts'
import { operatingPointAtFmr } from '../evaluation/error-rates.ts'
import { measure } from '../evaluation/measure.ts'
import type { MeasureOptions } from '../evaluation/measure.ts'
import { cappedPlan, templatePlan } from '../evaluation/plan.ts'
import { fitStrangers, type FittedStrangers } from '../evaluation/strangers-fit.ts'
import { random } from '../learning/random.ts'
import { join } from 'node:path'
import { embedFiles } from './embed-files.ts'
import { ensureModels } from './models.ts'
import { done, refusedOutcome, type Outcome } from './outcome.ts'
import { listPeople } from './people-folder.ts'
import { count, shown } from './shown.ts'
import type { Terminal } from './terminal.ts'

const wantedFmrs = [1e-2, 1e-3, 1e-4, 1e-5]
const fewestFalseMatches = 10 // a threshold that rests on fewer impostor pairs is left out of the card
const templates = [1, 2, 3, 4, 5, 7, 10]
const bursts = [1, 2, 3, 5]

/** Measures the recognition model on a folder of people and writes its card, and its model of strangers beside it. */
export async function makeCard(
  folder: string,
  { card: path, measuredOn }: { card: string; measuredOn?: string },
  terminal: Terminal,
): Promise<Outcome> {
  const people = await listPeople(folder)
  if ('kind' in people) return refusedOutcome(people)
  await ensureModels(terminal)
  // Without the card that is to be made: the networks are opened by themselves.
  const { Vision } = await import('../vision/vision.ts')
  const vision = await Vision.open({ models: join(projectFolder(), 'models'), threads: 2 })
  const files = people.flatMap(({ files }, person) => files.map((file) => ({ path: file, person })))
  const embedded = await embedFiles(files, terminal, vision)
  let row = 0
  const rows = people.map(({ files }) => files.map(() => row++))
  const { name, version } = vision.model
  const on = measuredOn ?? basename(resolve(folder))
  const multiply = await multiplier(row, embedded.embeddings.dimension)
  const forms = await cardForms(embedded.embeddings, rows, { multiply })
  if (forms.length === 0)
    return refusedOutcome(
      refused('too-few-people', 'These photographs are too few for any form of comparison.'),
    )
  const card: ModelCard & Record<string, unknown> = {
    model: name,
    version,
    measuredOn: on,
    people: people.length,
    photographs: files.length,
    undetected: embedded.undetected.length,
    forms,
  }
  const seeded = random(1, 'strangers').uniform
  const strangers = await fitStrangers(embedded.embeddings, detected(rows, embedded.found), seeded, {
    multiply,
  })
  if (strangers.kind === 'refused') terminal.say(`No model of strangers: ${strangers.message}`)
  const beside = path.replace(/(\.json)?$/i, '-strangers.json')
  await mkdir(dirname(resolve(path)), { recursive: true })
  await writeFile(path, `${JSON.stringify(card, null, 2)}\n`)
  if (strangers.kind === 'fitted')
    await writeFile(beside, `${JSON.stringify(strangersFile(strangers, name, version, on))}\n`)
  return done({ ...card, strangers: strangers.kind === 'fitted' ? strangers.corrections : null }, [
    `${shown(path)}: ${count(forms.length, 'form')} of comparison on ${count(people.length, 'person', 'people')}`,
    ...(strangers.kind === 'fitted'
      ? [
          `${shown(beside)}: strangers fitted on ${count(strangers.fit.people, 'person', 'people')}, corrected in ${count(strangers.corrections.length, 'form')}`,
        ]
      : []),
  ])
}

/** Every form that the photographs allow, with the thresholds that enough impostor pairs stand behind. */
export async function cardForms(
  embeddings: Embeddings,
  rows: number[][],
  options: MeasureOptions = {},
): Promise<CardForm[]> {
  const forms: CardForm[] = []
  for (const template of templates)
    for (const burst of bursts) {
      const plan = template === 1 && burst === 1 ? cappedPlan(rows) : templatePlan(rows, template, burst)
      const compared = await measure(plan, embeddings, options)
      if (compared.kind === 'refused') continue
      forms.push({
        form: plan.form.form,
        template,
        burst,
        people: compared.people,
        genuinePairs: compared.genuine.total,
        impostorPairs: compared.impostor.total,
        operatingPoints: wantedFmrs
          .filter((fmr) => fmr * compared.impostor.total >= fewestFalseMatches)
          .map((fmr) => {
            const { threshold, tmr } = operatingPointAtFmr(compared, fmr)
            // Rounded down: never more lenient than measured.
            return { fmr, threshold: Math.floor(threshold * 1e5) / 1e5, tmr: Math.round(tmr * 1e5) / 1e5 }
          }),
      })
    }
  return forms
}

function strangersFile(
  { fit, corrections }: FittedStrangers,
  model: string,
  version: string,
  measuredOn: string,
): StrangersFile {
  const split = 'fitted on half of the people, corrected on a quarter, checked on the last quarter'
  return { model, version, measuredOn: `${measuredOn}; ${split}`, fit, corrections }
}

function detected(rows: number[][], found: boolean[]): number[][] {
  return rows.map((own) => own.filter((row) => found[row]))
}
