import type { Depth, PersonId, Refusal, RetrainPlan, RetrainWish } from '../../contract.ts'
import { fewestJudges, hasFolds } from '../../training/gallery-run/people/cohort-roles.ts'
import type { Plan } from '../../training/gallery-run/plan.ts'
import type { Parts } from '../parts.ts'
import { galleryRunOf } from './gallery-run.ts'
import { hashStrangers } from '../tuning/cohort-photographs.ts'
import { modelSummary } from './model-list.ts'
import { plannedProcessor, processorFor, triedProcessors } from './processors.ts'
import { usualWish } from './options.ts'
import { recipeOf } from './recipe.ts'
import { timedDevice, type TimeHead } from './timings.ts'

/**
 * What a run would work with and what it would cost, before it is begun.
 * @param timeHead measures what a head costs here; null leaves unknown what is not known yet
 */
export async function retrainPlan(
  parts: Parts,
  wish: RetrainWish,
  timeHead: TimeHead | null,
  availableBytes = () => process.availableMemory(), // on Linux what the kernel could give, within a container's limit
): Promise<RetrainPlan | Refusal> {
  const { gallery, home } = parts
  const [{ planOf }, { memoryOf, readTimings, secondsOf, timingKey }] = await Promise.all([
    import('../../training/gallery-run/plan.ts'),
    import('../../training/gallery-run/run-cost.ts'),
  ])
  await hashStrangers(parts)
  const run = await galleryRunOf(parts)
  const plans = { head: planOf(run, 'head'), stage: planOf(run, 'stage'), all: planOf(run, 'all') }
  const plan = plans[wish.depth]
  const tried = await triedProcessors(home)
  const processor = plannedProcessor(wish, tried)
  const deviceAt = (depth: Depth) => timedDevice(processorFor({ ...wish, depth }, tried).name)
  // A head's few steps are timed in seconds, once on a machine; the other depths with the processors.
  const isUnknown = (await readTimings(home))[timingKey(deviceAt('head'), 'head')] === undefined
  if (isUnknown && timeHead && plans.head.trouble === null) await timeHead()
  const timings = await readTimings(home)
  const secondsOn = (device: string, depth: Depth) => {
    const timed = timings[timingKey(device, depth)]
    return timed && plans[depth].trouble === null
      ? secondsOf(plans[depth], recipeOf({ ...wish, depth }), timed)
      : null
  }
  const elsewhereAt = (depth: Depth) =>
    tried
      .filter(({ processor, trouble }) => !trouble && timedDevice(processor) !== deviceAt(depth))
      .flatMap(({ processor, device }) => {
        const seconds = secondsOn(timedDevice(processor), depth)
        return seconds === null ? [] : [{ device: device ?? processor, seconds }]
      })
  const recommended = recommendedDepth(plans)
  const depths = (['head', 'stage', 'all'] as const).map((depth) => ({
    depth,
    recommended: depth === recommended.depth,
    why: recommended.why[depth],
    possible: plans[depth].trouble === null,
    seconds: secondsOn(deviceAt(depth), depth),
    elsewhere: elsewhereAt(depth),
  }))
  const { seconds, elsewhere } = depths.find(({ depth }) => depth === wish.depth)!
  const costs = [
    ...(seconds === null ? [] : [`about ${durationInWords(seconds)} on ${processor.device}`]),
    ...elsewhere.map((other) => `${durationInWords(other.seconds)} on ${other.device}`),
  ]
  const usual = recipeOf({ ...usualWish, depth: wish.depth })
  const nameOf = (person: PersonId) => gallery.person(person)?.name ?? `person ${person}`
  const unseen = gallery.hardExamples.stale(parts.model.version).length
  return {
    kind: 'plan',
    people: plan.people,
    photographs: plan.photographs,
    trainable: plan.trainable,
    heldOut: plan.heldOut,
    cohortPeople: plan.cohortPeople,
    mayTrainPeople: plan.mayTrainPeople,
    virtualStrangers: plan.virtualStrangers,
    hardExamples: plan.hardExamples,
    doubted: plan.hardExamplesDoubted.map(({ id, person }) => ({ id, person, name: nameOf(person) })),
    mixed: plan.mixed.map(({ person, photographs }) => ({
      person,
      name: nameOf(person),
      photographs,
    })),
    depths,
    processor,
    usual: {
      loss: usual.loss.id,
      miner: typeof usual.loss.miner === 'object' ? usual.loss.miner.id : (usual.loss.miner ?? null),
      steps: usual.steps,
      learningRate: usual.learningRate,
      distillation: usual.distillation,
    },
    sentence: [
      counted(plan.people, 'person', 'people'),
      counted(plan.photographs, 'photograph'),
      depthWords[wish.depth],
      ...(costs.length > 0 ? [costs.join('; ')] : []),
    ].join(', '),
    notes: [
      ...notesOf(plan),
      ...hardExampleNotes(plan, unseen, nameOf),
      ...lastRunNote(parts, wish.depth),
      ...(plan.trouble === null && processor.processor === 'cpu'
        ? memoryNotes(memoryOf(plan, recipeOf(wish)), availableBytes())
        : []),
    ],
    trouble: plan.trouble,
  }
}

/** "head", "last stage", "all layers". */
export const depthWords: Record<Depth, string> = { head: 'head', stage: 'last stage', all: 'all layers' }

const fewestOthers = 200 // people of cohorts that may be trained on: below, a network learns its gallery by heart
const fewestPhotographs = 300

/**
 * By the amount of data alone: what it costs is said beside it. Never all layers: on the reference photographs those below
 * the last stage gained nothing that the last stage alone did not (`test/benchmark/retrain-results.md`).
 */
export function recommendedDepth(plans: Record<Depth, Plan>): { depth: Depth; why: Record<Depth, string> } {
  const { head, stage } = plans
  const here = `${counted(head.people, 'person', 'people')} with ${counted(head.photographs, 'photograph')}`
  const others = counted(stage.mayTrainPeople, 'person', 'people')
  const isMuch =
    stage.trouble === null && stage.mayTrainPeople >= fewestOthers && stage.photographs >= fewestPhotographs
  const left = stage.withoutCrop > 0 ? ` ${counted(stage.withoutCrop, 'crop')} were not kept.` : ''
  const network = (depth: 'stage' | 'all', usual: string) => `${plans[depth].trouble ?? usual}${left}`
  return {
    depth: isMuch ? 'stage' : 'head',
    why: {
      head: isMuch
        ? 'It takes seconds, and changes least.'
        : `${here}: enough to say which of the known features matter, which is what a head learns, and too few to learn new ones.`,
      stage: network(
        'stage',
        isMuch
          ? `${here}, and ${others} mixed in who may be trained on: enough to learn new features without losing strangers.`
          : `New features take many people: ${here} and ${others} who may be trained on are few. Import a cohort of ${fewestOthers} or more.`,
      ),
      all: network(
        'all',
        'Edges and textures are learned anew too, which takes several times as long; where this was measured, the last stage alone gained as much.',
      ),
    },
  }
}

/** Who is mixed in, and who judges. */
export function notesOf(plan: Plan): string[] {
  const mixedIn =
    plan.mayTrainWithPairs >= 2
      ? `${counted(plan.mayTrainPeople, 'person', 'people')} of cohorts that may be trained on`
      : plan.virtualStrangers
        ? 'virtual strangers'
        : 'nobody'
  const isFolded = hasFolds(plan.depth, plan.trainable, plan.cohortPeople)
  const judges = [
    ...(isFolded ? ['the people left out, fold by fold'] : []),
    ...(plan.cohortPeople > 0 ? [counted(plan.cohortPeople, 'imported stranger')] : []),
  ]
  const areFew = !isFolded && plan.cohortPeople < fewestJudges
  if (plan.virtualStrangers && areFew)
    judges.push(
      judges.length === 0
        ? 'virtual strangers alone: a forecast, because there are too few people for folds and no cohort'
        : `virtual strangers: a forecast, because fewer than ${fewestJudges} imported people are too few to judge alone`,
    )
  const judgedBy = judges.join(' and ') || 'nobody'
  return [
    `Mixed in: ${mixedIn}.`,
    `Strangers it is judged by: ${judgedBy}.`,
    ...(plan.judgesLeftOut > 0
      ? [
          `${counted(plan.judgesLeftOut, 'imported stranger')} ${plan.judgesLeftOut === 1 ? 'does' : 'do'} not judge: they trained the model in use, one that it descends from, or train now.`,
        ]
      : []),
    `${counted(plan.heldOut, 'photograph')} held out, which do not train.`,
  ]
}

/**
 * What a run takes of the memory that is free now.
 * @param wanted bytes; null where they are not worth a word
 * @param free bytes
 */
export function memoryNotes(wanted: number | null, free: number): string[] {
  if (wanted === null) return []
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`
  const takes = `It takes about ${gigabytes(wanted)} of memory`
  return [
    wanted <= free
      ? `${takes}.`
      : `${takes}, and ${gigabytes(free)} are free now: the run may be ended by the system, or become very slow. Close other programs, or choose the depth “head”, which takes hardly any.`,
  ]
}

/** Beside the forecast, which it does not change: another gallery, other steps or other work on the machine make another time. */
function lastRunNote(parts: Parts, depth: Depth): string[] {
  const { models, runs } = parts.gallery
  for (const { version } of models.versions().toReversed()) {
    const last = modelSummary(parts, version)?.retrained
    if (last?.depth !== depth || !runs.thatMade(version)) continue // one that was imported took its time elsewhere
    const [people, photographs] = [
      counted(last.people, 'person', 'people'),
      counted(last.photographs, 'photograph'),
    ]
    return [
      `The last run that ended at this depth took ${durationInWords(last.seconds)} on ${last.processor}, with ${people} and ${photographs} to train on.`,
    ]
  }
  return []
}

/** @param unseen kept before the model was changed: a run looks at them first */
function hardExampleNotes(plan: Plan, unseen: number, nameOf: (person: PersonId) => string): string[] {
  const { hardExamples: used, hardExamplesLeftOut } = plan
  const trains = `${counted(used, 'probe')} that ${used === 1 ? 'was' : 'were'} decided wrongly ${used === 1 ? 'trains' : 'train'} too.`
  const why = new Map<string, number>()
  for (const { person, why: reason, like } of hardExamplesLeftOut) {
    const words =
      like !== null
        ? `like ${nameOf(like)}, who is enrolled too, and was kept for ${nameOf(person)}`
        : reason === 'stranger'
          ? `more like an imported stranger than like ${nameOf(person)}`
          : `less like ${nameOf(person)} than ${nameOf(person)}’s own photographs do`
    why.set(words, (why.get(words) ?? 0) + 1)
  }
  const leftOut = [...why].map(
    ([words, count]) =>
      `${counted(count, 'kept photograph')} ${count === 1 ? 'was' : 'were'} left out: ${count === 1 ? 'it looks' : 'they look'} ${words}.`,
  )
  const later =
    unseen > 0
      ? [
          `${counted(unseen, 'kept photograph')} not seen by this model yet: the run looks first, and leaves out what it must.`,
        ]
      : []
  return [...(used > 0 ? [trains] : []), ...leftOut, ...later]
}

function counted(number: number, noun: string, plural = `${noun}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? noun : plural}`
}

/** "20 s", "4 minutes", "1.5 hours": as exact as a forecast is. */
export function durationInWords(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Number(seconds.toPrecision(2)))} s`
  if (seconds < 5400) return `${Math.round(seconds / 60)} minutes`
  return `${Number((seconds / 3600).toPrecision(2))} hours`
}
