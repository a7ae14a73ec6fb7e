import type { Gallery } from '../../../gallery/gallery.ts'
import type { Depth } from '../../../learning/networks/network.ts'
import type { GalleryRun } from '../gallery-run.ts'
import { rolesOf, type CohortPeople, type CohortRow } from './cohort-roles.ts'
import { keptCrops, type Crops, type KeptCrops } from './kept-crops.ts'

/** Everybody of the cohorts, whichever model has seen them. */
export function cohortRows(gallery: Gallery): (CohortRow & { cohort: number })[] {
  return gallery.cohorts.strangers().map(({ photograph, cohort, stranger, crop, mayTrain }) => ({
    photograph,
    cohort,
    person: `${cohort} ${stranger}`,
    crop,
    mayTrain,
  }))
}

/** Who of the cohorts trains and who judges at a depth: nobody judges who trained the model in use. */
export function rolesAt({ gallery, version }: Pick<GalleryRun, 'gallery' | 'version'>, depth: Depth) {
  return rolesOf(cohortRows(gallery), gallery.models.strangersThatTrained(version), depth)
}

/** People of cohorts as the model in use embeds them; null where it has seen none of them. */
export function asPeople(
  { gallery, version }: Pick<GalleryRun, 'gallery' | 'version'>,
  wanted: readonly CohortRow[],
): CohortPeople | null {
  if (wanted.length === 0) return null
  const person = new Map(wanted.map((row) => [row.photograph, row.person]))
  const rows = gallery.cohorts
    .strangerEmbeddings(version, null)
    .filter(({ photograph }) => person.has(photograph))
  if (rows.length === 0) return null
  const dimension = rows[0]!.embedding.length
  const vectors = new Float32Array(rows.length * dimension)
  for (const [i, { embedding }] of rows.entries()) vectors.set(embedding, i * dimension)
  const places = new Map<string, number>()
  const people = Int32Array.from(rows, ({ photograph }) => {
    const key = person.get(photograph)!
    if (!places.has(key)) places.set(key, places.size)
    return places.get(key)!
  })
  return { vectors, people, photographs: rows.map(({ photograph }) => photograph) }
}

/** Some of them, by rows; null where these are none. */
export function onlyRows(
  { vectors, people, photographs }: CohortPeople,
  rows: readonly number[],
): CohortPeople | null {
  if (rows.length === 0) return null
  const dimension = vectors.length / people.length
  const picked = new Float32Array(rows.length * dimension)
  for (const [i, row] of rows.entries())
    picked.set(vectors.subarray(row * dimension, (row + 1) * dimension), i * dimension)
  return {
    vectors: picked,
    people: Int32Array.from(rows, (row) => people[row]!),
    photographs: rows.map((row) => photographs[row]!),
  }
}

/** Their kept crops, which a network looks at. */
export function cropsOf(gallery: Gallery, strangers: CohortPeople): Crops & KeptCrops {
  const { people, vectors, photographs } = strangers
  return { people, vectors, ...keptCrops(gallery, 'stranger', photographs) }
}

/** What is remembered with the candidate of those whom it was trained on. */
export function cropsThatTrain(
  { recipe }: Pick<GalleryRun, 'recipe'>,
  mayTrain: readonly CohortRow[],
): string[] {
  return recipe.others > 0 ? mayTrain.flatMap(({ crop }) => (crop === null ? [] : [crop])) : []
}
