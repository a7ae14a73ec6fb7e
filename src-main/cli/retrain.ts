import type { RetrainPlan, RetrainRun, RetrainWish } from '../contract.ts'
import { candidateReport } from '../engine/retraining/model-list.ts'
import { durationInWords, retrainPlan } from '../engine/retraining/plan.ts'
import { recipeOf } from '../engine/retraining/recipe.ts'
import { Runs } from '../engine/retraining/runs.ts'
import { timeHeadOnce } from '../engine/retraining/timings.ts'
import { nodeTrainer } from '../engine/retraining/trainer.ts'
import type { Parts } from '../engine/parts.ts'
import { refused } from '../engine/refusal.ts'
import { ensureModels } from './models.ts'
import { reportLines } from './models-show.ts'
import { done, refusedOutcome, type Outcome } from './outcome.ts'
import { count, shown } from './shown.ts'
import type { Progress, Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

export interface RetrainOptions extends GalleryOptions {
  depth: RetrainWish['depth']
  loss?: string
  miner?: string
  steps?: number
  learningRate?: number
  distil?: number
  processor: RetrainWish['processor']
  seed: number
  dryRun?: boolean
  cancel?: boolean
}

const runProcess = new URL('../engine/retraining/run-process.ts', import.meta.url)
const timingProcess = new URL('../engine/retraining/timing-process.ts', import.meta.url)
const lookEveryMs = 300

/**
 * Trains a candidate on the gallery and judges it, in a process of its own; every window sees it and can cancel it. The
 * candidate is kept with its report; nothing uses it until it is promoted.
 */
export async function retrain(options: RetrainOptions, terminal: Terminal): Promise<Outcome> {
  if (options.depth !== 'head') await ensureModels(terminal)
  return withGallery(options, terminal, false, async (parts) => {
    const runs = new Runs(parts, nodeTrainer(runProcess))
    const going = runs.now()
    const isGoing = going?.state === 'running'
    if (options.cancel) return isGoing ? cancelled(runs, going) : refusedOutcome(nothingRuns)
    if (isGoing && !options.dryRun) return refusedOutcome(refused('running', inWords(going)))

    const wish = wishOf(options)
    const plan = await retrainPlan(parts, wish, timeHeadOnce(nodeTrainer(timingProcess), parts.home))
    if (plan.kind === 'refused') return refusedOutcome(plan)
    for (const { name, photographs } of plan.mixed)
      terminal.say(
        `Look at ${shown(name)} first: ${count(photographs, 'photograph')} of theirs look like somebody else.`,
      )
    for (const { id, name } of plan.doubted)
      terminal.say(
        `Look at kept picture ${id} first: it was said not to be ${shown(name)}, and looks like them as much as their own photographs do. "semblance hard-examples drop ${id}" removes it.`,
      )
    if (options.dryRun) return done({ kind: 'plan', plan, recipe: recipeOf(wish) }, planLines(plan))
    if (plan.trouble) return refusedOutcome(refused('too-little', plan.trouble))
    return run(parts, runs, wish, plan, terminal)
  })
}

async function run(
  parts: Parts,
  runs: Runs,
  wish: RetrainWish,
  plan: RetrainPlan,
  terminal: Terminal,
): Promise<Outcome> {
  const begun = await runs.begin(wish, 'command-line')
  if (begun.kind === 'refused') return refusedOutcome(begun)
  const cancel = () => void runs.cancel(begun.run)
  process.once('SIGINT', cancel)
  process.once('SIGTERM', cancel)
  try {
    terminal.say(`${plan.sentence}. ${plan.processor.why}`)
    const ended = await followed(parts, begun.run, runs, terminal)
    if (ended.state === 'cancelled')
      return refusedOutcome(refused('cancelled', 'The run was cancelled: everything is as it was.'))
    if (ended.state === 'failed' || ended.candidate === null)
      return refusedOutcome(refused('failed', ended.message ?? 'The run failed.'))
    const report = candidateReport(parts, ended.candidate)
    if (report.kind === 'refused') return refusedOutcome(report)
    const { verdict, model } = report
    const seconds = (ended.endedAt! - ended.startedAt) / 1000
    return done({ ...report, kind: 'candidate', version: model.version, recipe: recipeOf(wish), plan }, [
      ...reportLines(report),
      verdict === 'promote'
        ? `Candidate ${model.version}, made in ${durationInWords(seconds)}. "semblance promote ${model.version}" puts it in use.`
        : `Candidate ${model.version}, made in ${durationInWords(seconds)}, is kept to be looked at${model.retrained?.untilNextRun ? ' until the next run has made another' : ''} and is not used.`,
    ])
  } finally {
    process.off('SIGINT', cancel)
    process.off('SIGTERM', cancel)
    runs.close()
  }
}

/** Shows it until it has ended, by what stands in the gallery. */
async function followed(
  { gallery }: Pick<Parts, 'gallery'>,
  id: number,
  runs: Runs,
  terminal: Terminal,
): Promise<RetrainRun> {
  let bar: Progress | null = null
  let said = ''
  let why: string | null = null
  try {
    for (;;) {
      runs.now() // a process that is gone has failed
      const run = gallery.runs.run(id)!
      if (run.steps > 0) bar ??= await terminal.progress(run.steps, 'Retraining')
      const { stage } = run
      const doing = stage.what.replace(/: \d+ of \d+$/, '') // a line for what it does, not for each photograph
      const what = stage.run > 0 ? `Training ${stage.run} of ${stage.runs}: ${doing}` : doing
      if (what !== said) (bar ?? terminal).say(what)
      said = what
      if (why !== null && why !== run.why) (bar ?? terminal).say(run.why) // another processor than was planned
      why = run.why
      bar?.step(run.step)
      if (run.state !== 'running') return run
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
    }
  } finally {
    bar?.stop()
  }
}

async function cancelled(runs: Runs, { run }: RetrainRun): Promise<Outcome> {
  const outcome = runs.cancel(run)
  return outcome.kind === 'refused'
    ? refusedOutcome(outcome)
    : done({ ...outcome, run }, ['The run is cancelled: everything is as it was.'])
}

const nothingRuns = refused('no-such-run', 'No run is going on.')

function inWords({ startedFrom, stage, step, steps, remainingMs }: RetrainRun): string {
  const where = startedFrom === 'page' ? 'in the window' : 'on the command line'
  const left = remainingMs === null ? '' : `, about ${durationInWords(remainingMs / 1000)} left`
  return (
    `A run that was begun ${where} is going on: ${stage.what}, ${step} of ${steps} steps${left}. ` +
    '"semblance retrain --cancel" cancels it.'
  )
}

function wishOf(options: RetrainOptions): RetrainWish {
  const { depth, loss, miner, steps, learningRate, distil, processor, seed } = options
  return {
    depth,
    loss: loss ?? null,
    miner: miner ?? null,
    steps: steps ?? null,
    learningRate: learningRate ?? null,
    distillation: distil ?? null,
    processor,
    seed,
  }
}

function planLines({ sentence, processor, depths, notes, trouble }: RetrainPlan): string[] {
  return [
    `${sentence}.`,
    `On ${processor.device}: ${processor.why}`,
    ...notes,
    ...depths.map(
      ({ depth, recommended, why, seconds }) =>
        `${recommended ? '*' : ' '} ${depth}: ${why}${seconds === null ? '' : ` About ${durationInWords(seconds)} here.`}`,
    ),
    ...(trouble ? [trouble] : []),
  ]
}
