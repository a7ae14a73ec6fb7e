import { join, resolve } from 'node:path'
import { wasDetected } from '../../src-main/evaluation/embeddings.ts'
import { multiplyHere } from '../../src-main/evaluation/multiply.ts'
import { fitTwoCovariance, type TwoCovarianceModel } from '../../src-main/evaluation/virtual-strangers.ts'
import type { Head } from '../../src-main/training/gallery-run/head/head.ts'
import { meanOf } from '../../src-main/training/gallery-run/judging/pairing.ts'
import type { Labelled } from '../../src-main/training/gallery-run/head/train-head.ts'
import { Vision } from '../../src-main/vision/vision.ts'
import { embedSet, listPhotographs } from './photograph-set.ts'

/** Embeddings of a set of photographs: rows of unit length, and the rows of each person in byte order of their files. */
export interface Faces {
  vectors: Float32Array
  dimension: number
  rows: number[][]
}

/**
 * Who does what when retraining is measured. Gallery: everybody with at least eight photographs; five enrol and train,
 * the next ten at most probe. Strangers who never train: people with one photograph, and one fifth (by fold) of those
 * with two to seven; the other four fifths may be mixed in.
 */
export interface Protocol {
  faces: Faces
  enrolled: number[][] // rows that enrol and train, person by person
  probes: number[][]
  singles: number[] // rows
  several: number[][] // people with two to seven photographs
}

/** One fold's people with two to seven photographs: those who are never trained on, and those who may be. */
export interface Fold {
  heldOut: number[][]
  mixable: number[][]
}

export const folds = 5
const enrolled = 5
const mostProbes = 10
const fewestOfGallery = 8

export function protocolOf(faces: Faces): Protocol {
  const gallery = faces.rows.filter((rows) => rows.length >= fewestOfGallery)
  return {
    faces,
    enrolled: gallery.map((rows) => rows.slice(0, enrolled)),
    probes: gallery.map((rows) => rows.slice(enrolled, enrolled + mostProbes)),
    singles: faces.rows.filter((rows) => rows.length === 1).flat(),
    several: faces.rows.filter((rows) => rows.length >= 2 && rows.length < fewestOfGallery),
  }
}

/** Fold 1 … 5: every fifth person, in byte order. */
export function foldOf({ several }: Protocol, fold: number): Fold {
  return {
    heldOut: several.filter((_, i) => i % folds === fold - 1),
    mixable: several.filter((_, i) => i % folds !== fold - 1),
  }
}

/** Rows of some people as training takes them. */
export function labelled({ vectors, dimension }: Faces, people: readonly number[][]): Labelled {
  const rows = people.flatMap((own, person) => own.map((row) => ({ person, row })))
  return {
    vectors: gathered(
      vectors,
      dimension,
      rows.map(({ row }) => row),
    ),
    dimension,
    labels: Int32Array.from(rows, ({ person }) => person),
  }
}

/** Virtual strangers of a fold: fitted to the people who may be mixed in, so that nobody who judges is in them. */
export function strangersOf(faces: Faces, { mixable }: Fold): TwoCovarianceModel {
  const { vectors, dimension, labels } = labelled(faces, mixable)
  const fitted = fitTwoCovariance({ vectors, dimension, people: labels })
  if (fitted.kind === 'refused') throw new Error(fitted.message)
  return fitted
}

/** What a head is worth. */
export interface Measured {
  /** FNMR of the gallery's probes where 1 in 10,000 impostor comparisons passes: of gallery people, of strangers. */
  fnmrByGallery: number
  fnmrByStrangers: number
  /** TAR at FMR 1e-3 among the held-out strangers with two to seven photographs, photograph × photograph. */
  tarOfStrangers: number
}

const fmr = 1e-4
const fmrOfStrangers = 1e-3

/** Photograph × template of five; `head` null is the pre-trained net. `probe` changes how probes look (their vectors, row for row). */
export function measureHead(
  protocol: Protocol,
  { heldOut }: Fold,
  head: Head | null,
  probeVectors: Float32Array = protocol.faces.vectors,
): Measured {
  const { faces, enrolled, probes, singles } = protocol
  const d = faces.dimension
  const mapped = (vectors: Float32Array, rows: readonly number[]) =>
    underHead(gathered(vectors, d, rows), d, head)
  const templates = new Float32Array(enrolled.length * d)
  for (const [person, rows] of enrolled.entries()) {
    const own = mapped(faces.vectors, rows)
    templates.set(
      meanOf(
        own,
        d,
        rows.map((_, i) => i),
      ),
      person * d,
    )
  }
  const owners = probes.flatMap((rows, person) => rows.map(() => person))
  const scores = multiplyHere(
    mapped(probeVectors, probes.flat()),
    owners.length,
    templates,
    enrolled.length,
    d,
  )
  const genuine: number[] = []
  const byGallery: number[] = []
  for (const [i, score] of scores.entries())
    (i % enrolled.length === owners[Math.floor(i / enrolled.length)] ? genuine : byGallery).push(score)
  const strangers = [...singles, ...heldOut.flat()]
  const byStrangers = multiplyHere(
    mapped(faces.vectors, strangers),
    strangers.length,
    templates,
    enrolled.length,
    d,
  )
  const among = mapped(faces.vectors, heldOut.flat())
  const people = heldOut.flatMap((rows, person) => rows.map(() => person))
  const pairs = multiplyHere(among, people.length, among, people.length, d)
  const [same, different]: [number[], number[]] = [[], []]
  for (let i = 0; i < people.length; i++)
    for (let k = 0; k < i; k++)
      (people[i] === people[k] ? same : different).push(pairs[i * people.length + k]!)
  return {
    fnmrByGallery: missedAt(genuine, byGallery, fmr),
    fnmrByStrangers: missedAt(genuine, byStrangers, fmr),
    tarOfStrangers: 1 - missedAt(same, different, fmrOfStrangers),
  }
}

/** Share of genuine similarities that fall short of what `fmr` of the impostors reach. */
function missedAt(genuine: readonly number[], impostor: ArrayLike<number>, fmr: number): number {
  const descending = Float32Array.from(impostor).sort().reverse()
  const firstTooMany = descending[Math.floor(fmr * descending.length + 1e-9)]!
  return genuine.filter((score) => !(score > firstTooMany)).length / genuine.length
}

function gathered(vectors: Float32Array, d: number, rows: readonly number[]): Float32Array {
  const taken = new Float32Array(rows.length * d)
  for (const [i, row] of rows.entries()) taken.set(vectors.subarray(row * d, (row + 1) * d), i * d)
  return taken
}

/** In single precision and many rows at once; `applyHead`, which decides, is exact and slower. */
function underHead(vectors: Float32Array, d: number, head: Head | null): Float32Array {
  if (!head) return vectors
  const transposed = Float32Array.from(head, (_, i) => head[(i % d) * d + Math.floor(i / d)]!)
  const mapped = multiplyHere(vectors, vectors.length / d, transposed, d, d)
  for (let at = 0; at < mapped.length; at += d) {
    let squares = 0
    for (let k = at; k < at + d; k++) squares += mapped[k]! ** 2
    const length = Math.sqrt(squares)
    for (let k = at; k < at + d; k++) mapped[k]! /= length
  }
  return mapped
}

const models = join(import.meta.dirname, '../../models')

/** The development photographs as the pipeline embeds them; made once (minutes), then read from the cache. */
export async function lfwFaces(shared: string, say: (line: string) => void = console.log): Promise<Faces> {
  const set = listPhotographs('lfw-dev', join(resolve(shared), 'faces/lfw-dev/images'))
  const vision = await Vision.open({ models })
  const { embeddings, rows } = await embedSet(set, vision, { models, say })
  await vision.close()
  const found = rows.map((own) => own.filter((row) => wasDetected(embeddings, row)))
  return {
    vectors: embeddings.vectors,
    dimension: embeddings.dimension,
    rows: found.filter((own) => own.length > 0),
  }
}
