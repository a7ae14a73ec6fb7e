import type { PersonId } from '../../../contract.ts'
import { random } from '../../../learning/random.ts'

/** People's photographs as the model in use embeds them. */
export interface TrainingSet {
  vectors: Float32Array // photographs × dimension, unit length
  dimension: number
  /** Person of each place. */
  people: PersonId[]
  /** Place of each photograph's person. */
  owners: Int32Array
  /** Rows of each person that train (and make the template the candidate is judged by), and that are held out. */
  training: number[][]
  heldOut: number[][]
}

/** A photograph as the set takes it. */
export interface Row {
  person: PersonId
  embedding: Float32Array
  capturedAt: number // ms since 1970
}

/**
 * Holds out the newest of each person's photographs, three in ten, where at least two are left to train on: the
 * question is how a person is recognised tomorrow.
 */
export function trainingSet(rows: readonly Row[]): TrainingSet {
  const people = [...new Set(rows.map(({ person }) => person))]
  const place = new Map(people.map((person, i) => [person, i]))
  const dimension = rows[0]?.embedding.length ?? 0
  const vectors = new Float32Array(rows.length * dimension)
  for (const [row, { embedding }] of rows.entries()) vectors.set(embedding, row * dimension)
  const owners = Int32Array.from(rows, ({ person }) => place.get(person)!)
  const training: number[][] = []
  const heldOut: number[][] = []
  for (const [owner] of people.entries()) {
    const own = rows
      .map((row, i) => ({ at: row.capturedAt, i }))
      .filter(({ i }) => owners[i] === owner)
      .sort((a, b) => a.at - b.at || a.i - b.i)
      .map(({ i }) => i)
    const held = own.length > fewestToTrain ? Math.max(1, Math.floor(share * own.length)) : 0
    training.push(own.slice(0, own.length - held))
    heldOut.push(own.slice(own.length - held))
  }
  return { vectors, dimension, people, owners, training, heldOut }
}

const share = 0.3
const fewestToTrain = 2 // one photograph makes no pair

/** People-disjoint folds: places of the people who are left out, fold by fold, everybody once. */
export function peopleFolds(people: number, folds: number, seed: number): number[][] {
  const order = random(seed, 'folds').shuffled(Array.from({ length: people }, (_, i) => i))
  return Array.from({ length: folds }, (_, fold) => order.filter((_, i) => i % folds === fold))
}
