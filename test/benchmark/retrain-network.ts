/**
 * What retraining the last stage, or all layers, is worth on the retraining protocol (`retrain-protocol.ts`), through the
 * pipeline itself; each fold and seed is a training of its own. What was trained and measured is kept, and not done again:
 *
 *   node test/benchmark/retrain-network.ts --depth all --folds 1,2 --seeds 1 [--blends 0.5,1] …
 */
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { enableProdMode } from '@tensorflow/tfjs'
import type { Values } from '../../src-main/learning/networks/initialise.ts'
import { recognitionNet } from '../../src-main/learning/networks/recognition-net.ts'
import { remembering } from '../../src-main/training/feeding/batches.ts'
import { mapsBelow } from '../../src-main/training/gallery-run/network/network-maps.ts'
import {
  defaultNetworkRecipe,
  type NetworkRecipe,
} from '../../src-main/training/gallery-run/network/network-recipe.ts'
import {
  blended,
  lowestTrained,
  trainNetwork,
} from '../../src-main/training/gallery-run/network/train-network.ts'
import { openProcessor } from '../../src-main/training/open-processor.ts'
import { retrainCrops } from './retrain-crops.ts'
import {
  foldOf,
  measureHead,
  protocolOf,
  type Fold,
  type Measured,
  type Protocol,
} from './retrain-protocol.ts'
import { spread } from './retrain-recipes.ts'

const { values: options } = parseArgs({
  options: {
    depth: { type: 'string', default: 'stage' },
    folds: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    steps: { type: 'string' },
    people: { type: 'string' },
    photographs: { type: 'string' },
    others: { type: 'string' },
    rate: { type: 'string' },
    distillation: { type: 'string' },
    blends: { type: 'string' }, // how much of the way from the pre-trained weights is gone
    threads: { type: 'string', default: '2' },
    shared: { type: 'string', default: '../shared' },
    out: { type: 'string', default: join(tmpdir(), 'semblance-benchmark', 'training') },
  },
})
const threads = Number(options.threads)
const network = recognitionNet()
enableProdMode() // without its banner
const { openRunner } = await openProcessor('cpu', { threads })
const folder = join(options.out, 'retrain')
const crops = await retrainCrops({ shared: options.shared, out: options.out, folder, threads })
const { dataSet, start } = crops
const faces = await crops.embedded(start, 'pre-trained', Array.from(dataSet.labels.keys()))
const hardFaces = await crops.hardProbes(start, 'pre-trained', faces)
const protocol = protocolOf(faces)

/** One training and blend, before and after; `hard`: half of the probes darkened, blurred or shrunk. */
interface Done {
  recipe: NetworkRecipe
  fold: number
  measured: Record<'before' | 'after', Measured & { hard: Measured }>
  /** Of the training, processor time and by the clock. */
  seconds: { processor: number; clock: number; load: number }
}

const recipe = recipeAsked()
const blends = (options.blends ?? String(recipe.blend)).split(',').map(Number)
const folds = options.folds.split(',').map(Number)
for (const blend of blends) {
  const done: Done[] = []
  for (const fold of folds)
    for (const seed of options.seeds.split(',').map(Number))
      done.push(await measured({ ...recipe, blend, seed }, fold))
  summarise(`${nameOf(recipe)}, blend ${blend}`, done)
}
process.exit(0)

function recipeAsked(): NetworkRecipe {
  const usual = defaultNetworkRecipe[options.depth as NetworkRecipe['depth']]
  const { steps, people, photographs, others, rate, distillation } = options
  return {
    ...usual,
    ...(steps && { steps: Number(steps) }),
    ...(people && { people: Number(people) }),
    ...(photographs && { photographs: Number(photographs) }),
    ...(others && { others: Number(others) }),
    ...(rate && { learningRate: Number(rate) }),
    ...(distillation && { distillation: Number(distillation) }),
  }
}

function nameOf({ depth, steps, people, photographs, others, learningRate, distillation }: NetworkRecipe) {
  const parts = [depth, steps, `${people}x${photographs}`, others, learningRate, distillation]
  return parts.join('-')
}

async function measured(recipe: NetworkRecipe, number: number): Promise<Done> {
  const training = `${nameOf(recipe)}-fold-${number}-seed-${recipe.seed}`
  const name = `${training}-blend-${recipe.blend}`
  const file = join(folder, `${name}.json`)
  if (existsSync(file)) return JSON.parse(await readFile(file, 'utf8')) as Done
  const fold = foldOf(protocol, number)
  const { parameters, seconds } = await trainedOnce(training, recipe, fold)
  const judging = [protocol.enrolled, protocol.probes, fold.heldOut].flat(2).concat(protocol.singles)
  const blend = blended(start, parameters, recipe.blend)
  const after = await crops.embedded(blend, name, judging)
  const hard = await crops.hardProbes(blend, name, after)
  const both = (seen: Protocol, probes: Float32Array) => ({
    ...measureHead(seen, foldOf(seen, number), null),
    hard: measureHead(seen, foldOf(seen, number), null, probes),
  })
  const measured = { before: both(protocol, hardFaces), after: both(protocolOf(after), hard) }
  const done: Done = { recipe, fold: number, measured, seconds }
  await writeFile(file, JSON.stringify(done))
  summarise(name, [done])
  return done
}

/** All weights, trained or as they were kept, in the network's order. */
async function trainedOnce(name: string, recipe: NetworkRecipe, fold: Fold) {
  const kept = join(folder, name)
  if (!existsSync(`${kept}.seconds.json`)) {
    const [began, used] = [performance.now(), process.cpuUsage()]
    console.log(`${name}, load ${loadavg()[0]!.toFixed(1)}`)
    const parameters = await trained({ ...recipe, blend: 1 }, protocol, fold)
    const { user, system } = process.cpuUsage(used)
    const clock = (performance.now() - began) / 1000
    const seconds = { processor: (user + system) / 1e6, clock, load: loadavg()[0]! }
    await mkdir(folder, { recursive: true })
    await writeFile(
      `${kept}.weights`,
      Buffer.concat(network.parameters.map(({ name }) => bytesOf(parameters[name]!))),
    )
    await writeFile(`${kept}.seconds.json`, JSON.stringify(seconds))
  }
  const seconds = JSON.parse(await readFile(`${kept}.seconds.json`, 'utf8')) as Done['seconds']
  const bytes = await readFile(`${kept}.weights`)
  const numbers = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
  let at = 0
  const parameters: Values = {}
  for (const { name } of network.parameters) {
    const { length } = start[name]!
    parameters[name] = numbers.slice(at, at + length)
    at += length
  }
  return { parameters, seconds }
}

/** The gallery's five photographs each train, mixed with the people of the other four fifths. */
async function trained(
  recipe: NetworkRecipe,
  { faces, enrolled }: Protocol,
  { mixable }: Fold,
): Promise<Values> {
  const own = enrolled.flatMap((rows, person) => rows.map((row) => ({ row, person })))
  const others = mixable.flatMap((rows, person) =>
    rows.map((row) => ({ row, person: enrolled.length + person })),
  )
  const all = [...own, ...others]
  const read = remembering((row) => dataSet.picture(row))
  const vectors = new Float32Array(all.length * faces.dimension)
  for (const [i, { row }] of all.entries())
    vectors.set(
      faces.vectors.subarray(row * faces.dimension, (row + 1) * faces.dimension),
      i * faces.dimension,
    )
  const fed = {
    people: Int32Array.from(all, ({ person }) => person),
    vectors,
    crop: (i: number) => read(all[i]!.row),
  }
  const maps =
    recipe.depth === 'stage'
      ? await result(mapsBelow(network, lowestTrained(network), start, fed, recipe, threads), () => {})
      : null
  const rows = Array.from(own.keys())
  const labels = Int32Array.from(own, ({ person }) => person)
  const training = { network, start, recipe, openRunner, crops: fed, ownRows: own.length, rows, labels, maps }
  return result(trainNetwork(training), (step) => {
    if (step.step % 20 === 0)
      console.log(
        `  step ${step.step}: loss ${step.measures.loss?.toFixed(4)}, ${step.imagesPerSecond.toFixed(0)} images/s, ${(step.remainingMs / 60_000).toFixed(1)} min left`,
      )
  })
}

function summarise(name: string, done: readonly Done[]) {
  const change = (
    id: 'fnmrByGallery' | 'fnmrByStrangers',
    of: (measured: Done['measured']['after']) => Measured,
  ) => spread(done.map(({ measured: { before, after } }) => 100 * (of(after)[id] / of(before)[id] - 1)))
  const tar = done.map(
    ({ measured: { before, after } }) => 100 * (after.tarOfStrangers - before.tarOfStrangers),
  )
  console.log(
    `${name}: gallery ${change('fnmrByGallery', (all) => all)} %, by strangers ${change('fnmrByStrangers', (all) => all)} %, TAR of strangers ${spread(tar, 1)} points; ` +
      `half the probes hard: gallery ${change('fnmrByGallery', ({ hard }) => hard)} %, by strangers ${change('fnmrByStrangers', ({ hard }) => hard)} % ` +
      `(before ${percent(done[0]!.measured.before.hard.fnmrByGallery)}, ${percent(done[0]!.measured.before.hard.fnmrByStrangers)}); ` +
      `${done.map(({ seconds }) => seconds.processor.toFixed(0)).join(', ')} s of processor time to train`,
  )
}

async function result<E, T>(running: AsyncGenerator<E, T>, hear: (event: E) => void): Promise<T> {
  for (;;) {
    const { value, done } = await running.next()
    if (done) return value
    hear(value)
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`
}
