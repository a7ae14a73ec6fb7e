/**
 * What retraining the last stage, or all layers, is worth on the retraining protocol (`retrain-protocol.ts`), through the
 * pipeline itself. Crops are made once; each depth and fold is a training of its own:
 *
 *   node test/benchmark/retrain-network.ts --depth stage --folds 1,2 --seeds 1 [--steps n] [--others n] [--out DIR]
 */
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { enableProdMode } from '@tensorflow/tfjs'
import type { Gallery } from '../../src-main/gallery/gallery.ts'
import type { Values } from '../../src-main/learning/networks/initialise.ts'
import { recognitionNet } from '../../src-main/learning/networks/recognition-net.ts'
import { openDataSet } from '../../src-main/training/data-sets/open-data-set.ts'
import type { DataSet } from '../../src-main/training/data-sets/data-set.ts'
import { exportNetwork } from '../../src-main/training/export-network.ts'
import { remembering } from '../../src-main/training/feeding/batches.ts'
import { mapsBelow } from '../../src-main/training/gallery-run/network-maps.ts'
import {
  defaultNetworkRecipe,
  type NetworkRecipe,
} from '../../src-main/training/gallery-run/network-recipe.ts'
import { startFrom } from '../../src-main/training/gallery-run/network-start.ts'
import { lowestTrained, trainNetwork } from '../../src-main/training/gallery-run/train-network.ts'
import { openProcessor } from '../../src-main/training/open-processor.ts'
import { embedCrop } from '../../src-main/vision/embedder.ts'
import { networkOf } from '../../src-main/vision/network.ts'
import { foldOf, measureHead, protocolOf, type Faces, type Fold, type Protocol } from './retrain-protocol.ts'
import { developmentFaces } from './training-faces.ts'

const { values: options } = parseArgs({
  options: {
    depth: { type: 'string', default: 'stage' },
    folds: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    steps: { type: 'string' },
    others: { type: 'string' },
    rate: { type: 'string' },
    threads: { type: 'string', default: '2' },
    shared: { type: 'string', default: '../shared' },
    out: { type: 'string', default: join(tmpdir(), 'semblance-benchmark', 'training') },
  },
})
const threads = Number(options.threads)
const network = recognitionNet()
enableProdMode() // without its banner
const { openRunner } = await openProcessor('cpu', { threads })
const dataSet = await openDataSet(await developmentFaces(resolve(options.shared), options.out, threads))
// Nothing but the pre-trained version is asked for.
const nobody = { networkUnder: (version: string) => version, modelNetwork: () => null, modelHead: () => null }
const start = await startFrom(nobody as unknown as Gallery, 'pre-trained', network)

const faces = await facesUnder(start, 'pre-trained')
const protocol = protocolOf(faces)
const usual = defaultNetworkRecipe[options.depth as NetworkRecipe['depth']]
for (const fold of options.folds.split(',').map(Number))
  for (const seed of options.seeds.split(',').map(Number)) {
    const recipe: NetworkRecipe = {
      ...usual,
      seed,
      ...(options.steps && { steps: Number(options.steps) }),
      ...(options.others && { others: Number(options.others) }),
      ...(options.rate && { learningRate: Number(options.rate) }),
    }
    const name = `${recipe.depth}-${recipe.steps}-${recipe.others}-${recipe.learningRate}-fold-${fold}-seed-${seed}`
    const began = process.cpuUsage()
    const parameters = await trained(recipe, protocol, foldOf(protocol, fold))
    const { user, system } = process.cpuUsage(began)
    const after = protocolOf(await facesUnder(parameters, name))
    const measured = {
      before: measureHead(protocol, foldOf(protocol, fold), null),
      after: measureHead(after, foldOf(after, fold), null),
    }
    console.log(`${name}: ${((user + system) / 1e6).toFixed(0)} s of processor time to train`)
    for (const [side, { fnmrByGallery, fnmrByStrangers, tarOfStrangers }] of Object.entries(measured))
      console.log(
        `  ${side}: gallery FNMR where 1 in 10,000 gallery impostors passes ${percent(fnmrByGallery)}, strangers ${percent(fnmrByStrangers)}; TAR of held-out strangers at FMR 1e-3 ${percent(tarOfStrangers)}`,
      )
    await writeFile(join(options.out, 'retrain', `${name}.json`), JSON.stringify({ recipe, measured }))
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
  const crops = {
    people: Int32Array.from(all, ({ person }) => person),
    vectors,
    crop: (i: number) => read(all[i]!.row),
  }
  const maps =
    recipe.depth === 'stage'
      ? await result(mapsBelow(network, lowestTrained(network), start, crops, recipe, threads), () => {})
      : null
  const rows = Array.from(own.keys())
  const labels = Int32Array.from(own, ({ person }) => person)
  const training = { network, start, recipe, openRunner, crops, ownRows: own.length, rows, labels, maps }
  return result(trainNetwork(training), ({ step }) => {
    if (step.step % 20 === 0)
      console.log(
        `  step ${step.step}: loss ${step.measures.loss?.toFixed(4)}, ${step.imagesPerSecond.toFixed(0)} images/s, ${(step.remainingMs / 60_000).toFixed(0)} min left`,
      )
  })
}

/** Every development photograph as the pipeline embeds it with these parameters; kept under a name. */
async function facesUnder(parameters: Values, name: string): Promise<Faces> {
  const file = join(options.out, 'retrain', `${name}.f32`)
  const dimension = network.embeddingLength
  if (!existsSync(file)) {
    const { onnx } = await exportNetwork(network, { parameters, statistics: {} }, {})
    const net = await networkOf(onnx, name, threads)
    const vectors = new Float32Array(dataSet.labels.length * dimension)
    for (const row of dataSet.labels.keys()) {
      vectors.set((await embedCrop(net, await dataSet.picture(row))).embedding, row * dimension)
      if ((row + 1) % 2000 === 0) console.log(`  ${name}: ${row + 1} of ${dataSet.labels.length} photographs`)
    }
    await net.close()
    await mkdir(join(options.out, 'retrain'), { recursive: true })
    await writeFile(file, vectors)
  }
  const bytes = await readFile(file)
  const vectors = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
  return { vectors, dimension, rows: rowsOf(dataSet) }
}

function rowsOf({ classes, labels }: DataSet): number[][] {
  const rows: number[][] = classes.map(() => [])
  labels.forEach((person, row) => rows[person]!.push(row))
  return rows.filter((own) => own.length > 0)
}

async function result<E, T>(running: AsyncGenerator<E, T>, hear: (event: E) => void): Promise<T> {
  for (;;) {
    const { value, done } = await running.next()
    if (done) return value
    hear(value)
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`
}
