import { join } from 'node:path'
import { random } from '../../src-main/learning/random.ts'
import { openNetworks, readModelCard } from '../../src-main/engine/open-parts.ts'
import { distanceBetween } from '../../src-main/evaluation/embeddings.ts'
import { cappedPlan } from '../../src-main/evaluation/plan.ts'
import type { Network } from '../../src-main/learning/networks/network.ts'
import { cropFaces } from '../../src-main/training/data-sets/face-crops.ts'
import type { DataSet } from '../../src-main/training/data-sets/data-set.ts'
import type { DataSetDescription } from '../../src-main/training/data-sets/open-data-set.ts'
import { embedDataSet } from '../../src-main/training/embed.ts'
import type { Picture } from '../../src-main/vision/face.ts'

/** The development people's faces as kept crops, made once; about ten minutes for lfw-dev on two cores. */
export async function developmentFaces(
  shared: string,
  out: string,
  threads: number,
): Promise<DataSetDescription> {
  const cache = join(out, 'lfw-dev-crops')
  const finder = await openNetworks(await readModelCard(), threads)
  let saidAt = performance.now()
  for await (const { done, total, found } of cropFaces({
    folder: join(shared, 'faces', 'lfw-dev', 'images'),
    cache,
    finder,
  }))
    if (performance.now() - saidAt > 30_000 || done === total) {
      console.log(`  faces: ${done} of ${total} photographs, ${found} with one`)
      saidAt = performance.now()
    }
  return { kind: 'folder-per-class', folder: cache, framing: 'kept-crop' }
}

/** The people in `folds` groups, drawn by a seed: group of each, in the order of `classes`. */
export function foldsOf(classes: readonly string[], folds: number, seed: number): number[] {
  const places = random(seed, 'folds').shuffled(Array.from(classes.keys()))
  const group = new Array<number>(classes.length)
  places.forEach((person, place) => (group[person] = place % folds))
  return group
}

/** Distances of the capped protocol on unit-length means of each picture and its mirror image. */
export interface Compared {
  people: number
  genuine: { person: number; distance: number }[]
  /** The nearest impostor pairs, nearest first: enough for any rate asked for here. */
  nearImpostors: { a: number; b: number; distance: number }[]
  /** People with a photograph: each pair of them is one impostor comparison. */
  impostorPairs: number
}

const keptShare = 0.05 // of the impostor pairs

/** Embeds people and compares them by the capped protocol. */
export async function compare(
  onnx: Uint8Array,
  network: Network,
  set: DataSet,
  threads: number,
): Promise<Compared> {
  const plain = await embedDataSet(onnx, network, set, { threads })
  const mirror = await embedDataSet(onnx, network, mirrored(set), { threads })
  const { length } = plain
  const vectors = plain.embeddings.map((value, i) => value + mirror.embeddings[i]!)
  for (let start = 0; start < vectors.length; start += length) {
    const norm = Math.hypot(...vectors.subarray(start, start + length))
    for (let i = start; i < start + length; i++) vectors[i]! /= norm
  }
  const rows: number[][] = set.classes.map(() => [])
  set.labels.forEach((person, row) => rows[person]!.push(row))
  const plan = cappedPlan(rows)
  const rowOf = (probe: number) => plan.probes[probe]!.photographs[0]!
  const genuine: Compared['genuine'] = []
  for (let i = 0; i < plan.genuine.length; i += 2) {
    const [a, b] = [plan.genuine[i]!, plan.genuine[i + 1]!]
    genuine.push({
      person: plan.probes[a]!.person,
      distance: distanceBetween(vectors, rowOf(a), vectors, rowOf(b), length),
    })
  }
  const firsts = plan.impostorProbes
  const impostors: Compared['nearImpostors'] = []
  for (let i = 0; i < firsts.length; i++)
    for (let j = i + 1; j < firsts.length; j++)
      impostors.push({
        a: plan.probes[firsts[i]!]!.person,
        b: plan.probes[firsts[j]!]!.person,
        distance: distanceBetween(vectors, rowOf(firsts[i]!), vectors, rowOf(firsts[j]!), length),
      })
  impostors.sort((x, y) => x.distance - y.distance)
  return {
    people: set.classes.length,
    genuine,
    nearImpostors: impostors.slice(0, Math.ceil(keptShare * impostors.length)),
    impostorPairs: impostors.length,
  }
}

/**
 * Share of genuine pairs nearer than the threshold at which at most `fmr` of the impostor pairs pass. `weights`: how often
 * each person was drawn in a bootstrap; a pair of two people counts as often as both.
 */
export function trueAcceptRate(compared: Compared, fmr: number, weights?: Uint32Array): number {
  const { genuine, nearImpostors, impostorPairs } = compared
  const weight = (person: number) => (weights ? weights[person]! : 1)
  let total = impostorPairs
  if (weights) {
    let [sum, squares] = [0, 0]
    for (const one of weights) {
      sum += one
      squares += one * one
    }
    total = (sum * sum - squares) / 2
  }
  let passed = 0
  let limit = Infinity // the first impostor pair too many: a threshold stands just below it
  for (const { a, b, distance } of nearImpostors) {
    passed += weight(a) * weight(b)
    if (passed > fmr * total) {
      limit = distance
      break
    }
  }
  let [accepted, all] = [0, 0]
  for (const { person, distance } of genuine) {
    all += weight(person)
    if (distance < limit) accepted += weight(person)
  }
  return accepted / all
}

/** Gains of one network over another on the same people, resampled over people: 95 % of the draws lie between low and high. */
export function pairedBootstrap(
  folds: readonly { before: Compared; after: Compared }[],
  fmr: number,
  draws = 500,
): { gain: number; low: number; high: number } {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value) / values.length
  const gainOf = (weights: (Uint32Array | undefined)[]) =>
    mean(
      folds.map(
        ({ before, after }, i) =>
          trueAcceptRate(after, fmr, weights[i]) - trueAcceptRate(before, fmr, weights[i]),
      ),
    )
  const source = random(1, 'paired bootstrap')
  const gains = Array.from({ length: draws }, () =>
    gainOf(
      folds.map(({ before: { people } }) => {
        const weights = new Uint32Array(people)
        for (let i = 0; i < people; i++) weights[source.integer(people)]!++
        return weights
      }),
    ),
  ).sort((a, b) => a - b)
  return {
    gain: gainOf(folds.map(() => undefined)),
    low: gains[Math.floor(0.025 * draws)]!,
    high: gains[Math.ceil(0.975 * draws) - 1]!,
  }
}

/** The same pictures, each mirrored. */
function mirrored(set: DataSet): DataSet {
  return { ...set, picture: async (index) => mirror(await set.picture(index)) }
}

function mirror({ width, height, rgb }: Picture): Picture {
  const turned = new Uint8Array(rgb.length)
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      for (let channel = 0; channel < 3; channel++)
        turned[(row * width + column) * 3 + channel] = rgb[(row * width + width - 1 - column) * 3 + channel]!
  return { width, height, rgb: turned }
}

/** How many people have two photographs or more: those that make genuine pairs. */
export function peopleWithSeveral({ labels, classes }: DataSet): number {
  const counts = new Uint32Array(classes.length)
  for (const label of labels) counts[label]!++
  return counts.filter((count) => count >= 2).length
}
