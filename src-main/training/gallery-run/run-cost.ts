import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { initialParameters } from '../../learning/networks/initialise.ts'
import { above, size, type Depth, type Network } from '../../learning/networks/network.ts'
import { recognitionNet } from '../../learning/networks/recognition-net.ts'
import { random } from '../../learning/random.ts'
import { drawnPeople } from '../../learning/samplers/drawn-people.ts'
import { cropSidePx } from '../../vision/face.ts'
import { rememberedBytes } from '../feeding/batches.ts'
import { objectiveInputs } from '../objective-inputs.ts'
import type { OpenRunner } from '../step-runner.ts'
import type { GalleryRecipe } from './gallery-run.ts'
import { headNetwork } from './head/train-head.ts'
import { peopleInALook } from './judging/held-out-look.ts'
import { peopleAlone } from './network/network-feed.ts'
import { versionsKept } from './network/network-maps.ts'
import { lookedAt, lowestTrained, stepOf } from './network/train-network.ts'
import type { Plan } from './plan.ts'
import { headTrainings } from './retrain-head.ts'
import { networkTrainings } from './retrain-network.ts'

/** What the parts of a run take on one processor of this machine, measured with real steps. */
export interface RunTiming {
  /** Of this many photographs in a batch: a smaller gallery has smaller batches, in proportion. */
  batchSize: number
  msPerStep: number
  openMs: number // of the step's graph, once for each training
  /** Reading one crop and embedding it through the pipeline. */
  msPerPhotograph: number
}

/** Seconds of a run, of so many trainings and photographs that are looked at; a forecast, good to a third. */
export function secondsOf(plan: Plan, recipe: GalleryRecipe, timing: RunTiming): number {
  const trainings = trainingsOf(plan, recipe)
  const share = batchSizeOf(plan, recipe) / timing.batchSize
  const training = trainings * (timing.openMs + recipe.steps * timing.msPerStep * share)
  if (recipe.depth === 'head') return training / 1000
  const inALook = (plan.photographs * Math.min(plan.people, peopleInALook)) / Math.max(1, plan.people)
  const looks = trainings * lookedAt(recipe.steps).length * inALook
  // The model in use is looked at in a sample, each new network whole.
  const looked = trainings * plan.photographs + plan.cohortPhotographs + looks
  // A map is of one image, changed at random; the pipeline looks at four.
  const mapped =
    recipe.depth === 'stage' ? (recipe.versions * (plan.photographs + plan.mayTrainPhotographs)) / 3 : 0
  return (training + (looked + mapped) * timing.msPerPhotograph) / 1000
}

// Measured by `test/benchmark/retrain-memory.ts` on the CPU: of the process itself, and of each photograph in a batch.
const bytesOfStep = {
  stage: { process: 430e6, perPhotograph: 0.05e6 },
  all: { process: 440e6, perPhotograph: 7.5e6 },
}
const cropBytes = 3 * cropSidePx ** 2

/** Memory that a network's run on the CPU takes at the most; a forecast, good to a third. Null at depth head: hardly any. */
export function memoryOf(plan: Plan, recipe: GalleryRecipe): number | null {
  if (recipe.depth === 'head') return null
  const { process, perPhotograph } = bytesOfStep[recipe.depth]
  const step = process + perPhotograph * batchSizeOf(plan, recipe)
  const mixedIn = recipe.others > 0 ? plan.mayTrainPhotographs : 0
  const photographs = plan.photographs + mixedIn
  const cropsOf = (count: number) => Math.min(rememberedBytes, count * cropBytes)
  if (recipe.depth === 'all') return step + cropsOf(plan.photographs) + cropsOf(photographs) // here and in the thread beside
  const maps = photographs * versionsKept(photographs, size(mapShape), recipe.versions) * 4 * size(mapShape)
  return step + maps + cropsOf(plan.photographs) + cropsOf(mixedIn)
}

/** How many trainings a run consists of: the folds' and the last. */
export function trainingsOf({ trainable, cohortPeople }: Plan, recipe: GalleryRecipe): number {
  if (recipe.depth !== 'head') return networkTrainings(recipe, cohortPeople)
  return headTrainings(trainable)
}

/** Photographs in a batch: as wished, or as there are people; hard examples, of which there are few, are not counted. */
export function batchSizeOf(plan: Plan, recipe: GalleryRecipe): number {
  const { people, trainable, mayTrainPeople, mayTrainWithPairs, virtualStrangers } = plan
  const own = { people, withPairs: trainable }
  const cohort = { people: mayTrainPeople, withPairs: mayTrainWithPairs }
  const others = recipe.others > 0 ? sizeDrawn(recipe.others, 2, cohort) : 0
  if (recipe.depth === 'head') {
    const virtual = recipe.others > 0 && others === 0 && virtualStrangers ? 2 * recipe.others : 0
    return sizeDrawn(recipe.people, recipe.photographs, own) + others + virtual
  }
  const wished = others > 0 ? recipe.people : peopleAlone(recipe)
  return sizeDrawn(wished, recipe.photographs, own) + others
}

function sizeDrawn(wished: number, photographs: number, counted: { people: number; withPairs: number }) {
  const drawn = drawnPeople(wished, counted)
  return drawn ? drawn.people * photographs + drawn.singles : 0
}

/** Times a few real steps at the recipe's depth on made-up photographs; seconds, at depth all about ten. */
export async function timeRun(
  recipe: GalleryRecipe,
  openRunner: OpenRunner,
  embed: () => Promise<unknown>,
): Promise<RunTiming> {
  const [people, photographs] = [16, 3]
  const batchSize = people * photographs
  const trained = trainedAt(recipe.depth)
  const { step, objective } = stepOf(trained, recipe, people)
  const source = random(1, 'timing')
  const images = Float32Array.from({ length: batchSize * size(trained.input) }, () => 255 * source.uniform())
  const labels = Int32Array.from({ length: batchSize }, (_, i) => Math.floor(i / photographs))
  const indices = Array.from(labels.keys())
  const reference = Float32Array.from({ length: batchSize * trained.embeddingLength }, source.normal)
  const further = objectiveInputs({ objective, batchSize, seed: 1, reference })
  const parameters = {
    ...initialParameters(objective.parameters, 1),
    ...initialParameters(trained.parameters, 1),
  }
  const opening = performance.now()
  const runner = await openRunner(step, batchSize, step.start({ parameters, statistics: {} }))
  const run = () =>
    runner.run({
      ...further({ images, labels, indices }, 0),
      images,
      labels,
      scalars: step.scalarsAt(1, 1e-6),
    })
  try {
    await run() // the first allocates, and compiles on a GPU
    const openMs = performance.now() - opening
    const msPerStep = await shortestMs(run, 3)
    return { batchSize, msPerStep, openMs, msPerPhotograph: await shortestMs(embed, 3) }
  } finally {
    await runner.release()
  }
}

/** Others may be at work: the shortest is what it takes. */
async function shortestMs(work: () => Promise<unknown>, times: number): Promise<number> {
  let shortest = Infinity
  for (let i = 0; i < times; i++) {
    const started = performance.now()
    await work()
    shortest = Math.min(shortest, performance.now() - started)
  }
  return shortest
}

const mapShape = [8, 8, 128] // what `below` gives of 150 pixels

/** The network that a depth trains, for its step's time alone. */
function trainedAt(depth: Depth): Network {
  const network = recognitionNet()
  if (depth === 'all') return network
  return depth === 'head'
    ? headNetwork(network.embeddingLength)
    : above(network, lowestTrained(network), mapShape)
}

/** What was measured on this machine, by device and depth; nothing where the file is missing or damaged. */
export async function readTimings(home: string): Promise<Record<string, RunTiming>> {
  try {
    return JSON.parse(await readFile(timingsPath(home), 'utf8')) as Record<string, RunTiming>
  } catch {
    return {} // missing or damaged: it is measured again
  }
}

export async function keepTiming(
  home: string,
  device: string,
  depth: Depth,
  timing: RunTiming,
): Promise<void> {
  const known = await readTimings(home)
  const path = timingsPath(home)
  await writeFile(
    `${path}.partial`,
    JSON.stringify({ ...known, [timingKey(device, depth)]: timing }, null, 2),
  )
  await rename(`${path}.partial`, path)
}

export const timingKey = (device: string, depth: Depth) => `${device}, ${depth}`

const timingsPath = (home: string) => join(home, 'run-timings.json')
