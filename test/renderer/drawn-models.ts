import type { CandidateReport, EmbeddingMap, ModelComparison } from '../../src-main/contract.ts'
import { unitOf } from '../../src-main/engine/retraining/model-list.ts'
import { bandedDet } from '../../src-main/evaluation/banded-det.ts'
import type { Comparisons } from '../../src-main/evaluation/comparisons.ts'
import { distanceBetween, fuseRows, type Embeddings } from '../../src-main/evaluation/embeddings.ts'
import { thresholdAtFmr } from '../../src-main/evaluation/error-rates.ts'
import { measure } from '../../src-main/evaluation/measure.ts'
import { packComparisons } from '../../src-main/evaluation/packed-comparisons.ts'
import { templatePlan, type Plan } from '../../src-main/evaluation/plan.ts'
import { strangersPlan } from '../../src-main/evaluation/strangers-plan.ts'
import { eigenSymmetric } from '../../src-main/evaluation/symmetric-eigen.ts'
import { healthOf } from '../../src-main/training/gallery-run/judging/health-of.ts'
import { judge, type Verdict } from '../../src-main/training/gate/gate.ts'
import type { Distances } from '../../src-main/training/gate/paired.ts'
import { seeded, syntheticGallery } from '../evaluation/gallery.ts'

/** What a drawn run does to a drawn gallery: brings each person's photographs together, or throws dimensions away. */
export type DrawnRun = 'healthy' | 'collapsed'

export interface DrawnModels {
  verdict: Verdict
  lines: CandidateReport['lines']
  comparisons: ModelComparison['comparisons']
  people: ModelComparison['people']
  map: Omit<EmbeddingMap, 'kind'>
}

const dimension = 24
const photographs = 8 // each, five of them in the template
const strangers = 60
const wantedFmr = 1e-2

/** Two models of nobody on one gallery of nobody, measured and judged by the very code that judges real ones. */
export async function drawnModels(names: string[], run: DrawnRun): Promise<DrawnModels> {
  const sizes = [...names.map(() => photographs), ...Array.from({ length: strangers }, () => 2)]
  const own = (embedded: { photographs: number[][] }) => embedded.photographs.slice(0, names.length)
  const before = syntheticGallery(sizes, dimension, 1.15, 5)
  const after = retrained(sizes, run)
  const among = templatePlan(own(before), 5)
  const against = strangersPlan(among, before.photographs.slice(names.length), names.length)
  const sides = { before: before.embeddings, after: after.embeddings }

  const galleryPairs = distancesOf(among, sides)
  const strangerPairs = distancesOf(against, sides)
  const measured = await Promise.all(
    [among, against].flatMap((plan) => [found(plan, sides.before), found(plan, sides.after)]),
  )
  const [galleryBefore, galleryAfter, strangersBefore, strangersAfter] = measured as [
    Comparisons,
    Comparisons,
    Comparisons,
    Comparisons,
  ]
  const threshold = {
    before: thresholdAtFmr(strangersBefore.impostor, wantedFmr),
    // A collapsed run keeps the threshold it had: that is how strangers come in.
    after: thresholdAtFmr((run === 'healthy' ? strangersAfter : strangersBefore).impostor, wantedFmr),
  }
  const verdict = judge({
    wantedFmr,
    gallery: [galleryPairs],
    strangers: [{ inWords: `${strangers} imported strangers`, parts: [{ ...strangerPairs, threshold }] }],
    health: {
      before: healthOf(sides.before.vectors, dimension, null, null),
      after: healthOf(sides.after.vectors, dimension, null, run === 'healthy' ? 0.12 : 0.05),
    },
    parity: 3.1e-7,
  })
  return {
    verdict,
    lines: verdict.lines.map((line) => ({ ...line, unit: unitOf[line.id] ?? null })),
    comparisons: [
      {
        inWords: 'gallery people',
        before: packComparisons(galleryBefore),
        after: packComparisons(galleryAfter),
        threshold,
        det: { before: await curveOf(galleryBefore), after: await curveOf(galleryAfter) },
      },
      {
        inWords: `${strangers} imported strangers`,
        before: packComparisons(strangersBefore),
        after: packComparisons(strangersAfter),
        threshold,
        det: { before: await curveOf(strangersBefore), after: await curveOf(strangersAfter) },
      },
    ],
    people: verdict.people.map(({ person, comparisons, before: earlier, after: later }) => ({
      person: person + 1,
      name: names[person]!,
      comparisons,
      errors: { before: earlier, after: later },
      meanDistance: meanOf(galleryPairs.genuine, person),
    })),
    map: mapOf(names, own(before), sides),
  }
}

/** The same draws: only how far photographs lie from their person, or how many dimensions are left, differs. */
function retrained(sizes: number[], run: DrawnRun) {
  if (run === 'healthy') return syntheticGallery(sizes, dimension, 0.98, 5)
  const drawn = syntheticGallery(sizes, dimension, 1.15, 5)
  const { vectors } = drawn.embeddings
  for (let row = 0; row < vectors.length; row += dimension) {
    for (let k = 5; k < dimension; k++) vectors[row + k]! *= 0.12
    const length = Math.hypot(...vectors.subarray(row, row + dimension))
    for (let k = 0; k < dimension; k++) vectors[row + k]! /= length
  }
  return drawn
}

async function found(plan: Plan, embeddings: Embeddings): Promise<Comparisons> {
  const compared = await measure(plan, embeddings)
  if (compared.kind === 'refused') throw new Error(compared.message)
  return compared
}

async function curveOf(compared: Comparisons) {
  const det = await bandedDet(compared, { random: seeded(3), draws: 60 }) // a band to be seen, soon
  if (det.kind === 'refused') throw new Error(det.message)
  return det.points
}

/** Every comparison of a plan under both models, one by one: what the gate takes. */
function distancesOf(plan: Plan, sides: Record<'before' | 'after', Embeddings>) {
  const fused = (side: 'before' | 'after', subjects: Plan['probes']) =>
    subjects.map((subject) => fuseRows(sides[side], subject.photographs))
  const rows = {
    before: { probes: fused('before', plan.probes), references: fused('before', plan.references) },
    after: { probes: fused('after', plan.probes), references: fused('after', plan.references) },
  }
  const genuine: [number, number][] = []
  for (let i = 0; i < plan.genuine.length; i += 2) genuine.push([plan.genuine[i]!, plan.genuine[i + 1]!])
  const impostor = Array.from(plan.impostorProbes).flatMap((probe) =>
    Array.from(plan.impostorReferences)
      .filter((reference) => plan.references[reference]!.person !== plan.probes[probe]!.person)
      .map((reference): [number, number] => [probe, reference]),
  )
  const of = (pairs: [number, number][]): Distances => {
    const side = (key: 'before' | 'after') =>
      Float32Array.from(pairs, ([probe, reference]) =>
        distanceBetween(rows[key].probes[probe]!, 0, rows[key].references[reference]!, 0, dimension),
      )
    return {
      people: Int32Array.from(pairs, ([probe]) => plan.probes[probe]!.person),
      references: Int32Array.from(pairs, ([, reference]) => plan.references[reference]!.person),
      before: side('before'),
      after: side('after'),
    }
  }
  return { genuine: of(genuine), impostor: of(impostor) }
}

function meanOf({ people, before, after }: Distances, person: number) {
  const own = [...people.keys()].filter((i) => people[i] === person)
  const mean = (distances: Float32Array) => own.reduce((sum, i) => sum + distances[i]!, 0) / own.length
  return { before: mean(before), after: mean(after) }
}

function mapOf(names: string[], rows: number[][], sides: Record<'before' | 'after', Embeddings>) {
  const [before, after] = [inPlane(sides.before, rows.flat()), inPlane(sides.after, rows.flat())]
  return {
    before: { version: '', explained: before.explained },
    after: { version: '', explained: after.explained },
    points: rows.flatMap((own, person) =>
      own.map((row, i) => ({
        photograph: (person + 1) * 10 + i,
        person: person + 1,
        name: names[person]!,
        before: before.at(row),
        after: after.at(row),
      })),
    ),
  }
}

/** The two principal components of some rows. */
function inPlane({ vectors }: Embeddings, rows: number[]) {
  const mean = Array.from(
    { length: dimension },
    (_, k) => rows.reduce((sum, row) => sum + vectors[row * dimension + k]!, 0) / rows.length,
  )
  const centred = (row: number, k: number) => vectors[row * dimension + k]! - mean[k]!
  const covariance = new Float64Array(dimension * dimension)
  for (const row of rows)
    for (let i = 0; i < dimension; i++)
      for (let k = 0; k < dimension; k++)
        covariance[i * dimension + k]! += (centred(row, i) * centred(row, k)) / rows.length
  const { values, vectors: axes } = eigenSymmetric(covariance, dimension)
  const [first, second] = [...values.keys()].sort((a, b) => values[b]! - values[a]!) as [number, number]
  const along = (row: number, axis: number) =>
    mean.reduce((sum, _, k) => sum + centred(row, k) * axes[k * dimension + axis]!, 0)
  return {
    explained: (values[first]! + values[second]!) / values.reduce((sum, value) => sum + value, 0),
    at: (row: number): [number, number] => [along(row, first), along(row, second)],
  }
}
