import { thresholdInForce } from '../engine/tuning/in-force.ts'
import { settingsOf, type Parts } from '../engine/parts.ts'
import { refused } from '../engine/refusal.ts'
import type { Line } from '../training/gate/line.ts'
import { defaultHeadRecipe, type HeadRecipe } from '../training/gallery-run/head-recipe.ts'
import { planOf, retrainGallery, type Candidate, type Plan } from '../training/gallery-run/retrain-gallery.ts'
import { done, refusedOutcome, type Outcome } from './outcome.ts'
import { count, shown } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

export interface RetrainOptions extends GalleryOptions {
  depth: 'head'
  loss?: string
  miner?: string
  distance?: string
  steps?: number
  seed: number
  dryRun?: boolean
}

/** Trains a candidate on the gallery and judges it. It is kept with its report; nothing uses it until it is promoted. */
export async function retrain(options: RetrainOptions, terminal: Terminal): Promise<Outcome> {
  return withGallery(options, terminal, false, async (parts) => {
    const { gallery, model, card } = parts
    const template = typicalTemplate(parts)
    const run = {
      gallery,
      version: model.version,
      card,
      strangersModel: await strangersOf(parts),
      threshold: thresholdInForce(parts, 'photograph-template', { template, burst: 1 }).distance,
      wantedFmr: settingsOf(parts).wantedFmr,
    }
    const plan = planOf(run)
    const recipe = recipeOf(options)
    for (const line of namedBeforehand(parts, plan)) terminal.say(line)
    if (options.dryRun) return done({ kind: 'plan', plan, recipe }, planLines(plan, recipe))
    if (plan.trouble) return refusedOutcome(refused('too-little', plan.trouble))

    const { enableProdMode } = await import('@tensorflow/tfjs')
    enableProdMode() // without its banner
    const { openProcessor } = await import('../training/open-processor.ts')
    const { openRunner, device } = await openProcessor('cpu')
    terminal.say(`${planLines(plan, recipe)[0]!} On ${device}.`)
    const candidate = await follow({ ...run, recipe, openRunner, processor: device }, terminal).catch(
      (error: unknown) => refused('not-possible', error instanceof Error ? error.message : String(error)),
    )
    if ('kind' in candidate) return refusedOutcome(candidate)
    return { exitCode: 0, json: { kind: 'candidate', ...candidate, recipe, plan }, text: inWords(candidate) }
  })
}

async function follow(run: Parameters<typeof retrainGallery>[0], terminal: Terminal): Promise<Candidate> {
  const running = retrainGallery(run)
  const { steps } = run.recipe
  let bar: Awaited<ReturnType<Terminal['progress']>> | null = null
  try {
    for (;;) {
      const { value, done } = await running.next()
      if (done) return value
      if (value.kind === 'run') bar ??= await terminal.progress(value.runs * steps, 'Retraining')
      if (value.kind === 'run') bar?.say(`Run ${value.run} of ${value.runs}: ${value.what}`)
      if (value.kind === 'step') bar?.step((value.run - 1) * steps + value.step)
    }
  } finally {
    bar?.stop()
  }
}

function recipeOf({ loss, miner, distance, steps, seed }: RetrainOptions): HeadRecipe {
  const usual = defaultHeadRecipe
  const isOther = loss !== undefined && loss !== usual.loss.id
  return {
    ...usual,
    seed,
    ...(steps !== undefined && { steps }),
    loss: {
      ...(isOther ? { id: loss } : usual.loss),
      ...(miner !== undefined && { miner }),
      ...(distance !== undefined && { distance }),
    },
  }
}

/** How many photographs a template here usually has. */
function typicalTemplate({ gallery }: Pick<Parts, 'gallery'>): number {
  const sizes = gallery
    .people()
    .map(({ photographs }) => photographs)
    .sort((a, b) => a - b)
  return Math.max(1, sizes[sizes.length >> 1] ?? 1)
}

/** As the model in use sees them. */
async function strangersOf({ strangers, model }: Parts) {
  const fitted = await strangers
  return fitted && fitted.version === model.version ? fitted.model : null
}

function namedBeforehand({ gallery }: Parts, { mixed }: Plan): string[] {
  return mixed.map(
    ({ person, photographs }) =>
      `Look at ${shown(gallery.person(person)?.name ?? `person ${person}`)} first: ${count(photographs, 'photograph')} of theirs look like somebody else.`,
  )
}

function planLines(plan: Plan, { steps, loss }: HeadRecipe): string[] {
  const folds =
    plan.trainable >= 5 ? 'five runs without a fifth of the people, then one with everybody' : 'one run'
  return [
    `${count(plan.people, 'person', 'people')}, ${count(plan.photographs, 'photograph')} (${plan.heldOut} held out), head, ${loss.id}, ${folds}, ${count(steps, 'step')} each.`,
    `Mixed in: ${plan.mayTrainPeople > 0 ? count(plan.mayTrainPeople, 'stranger') : plan.virtualStrangers ? 'virtual strangers' : 'nobody'}. Judged by: ${
      [
        ...(plan.trainable >= 5 ? ['the people left out'] : []),
        ...(plan.cohortPeople > 0 ? [count(plan.cohortPeople, 'imported stranger')] : []),
      ].join(' and ') || (plan.virtualStrangers ? 'virtual strangers alone' : 'nobody')
    }.`,
    ...(plan.trouble ? [plan.trouble] : []),
  ]
}

function inWords({ version, verdict, seconds }: Candidate): string[] {
  return [
    ...verdict.lines.map(lineInWords),
    '',
    verdict.sentence,
    verdict.kind === 'promote'
      ? `Candidate ${version}, made in ${seconds.toFixed(0)} s. "semblance promote ${version}" puts it in use.`
      : `Candidate ${version}, made in ${seconds.toFixed(0)} s, is kept to be looked at and is not used.`,
  ]
}

const marks = { better: '+', 'not-worse': '=', worse: '−', 'not-judged': '?' } as const

/** "= Health of the embedding. It fills …" */
export function lineInWords({ outcome, title, sentence }: Line): string {
  return `${marks[outcome]} ${title}. ${sentence}`
}
