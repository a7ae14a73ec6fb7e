import type { PersonId, PhotographId } from '../../contract.ts'
import type { Embeddings } from '../../evaluation/embeddings.ts'
import { embeddingLength } from '../../vision/face.ts'
import type { Parts } from '../parts.ts'

/** The gallery as numbers: people are numbered by their place here. */
export interface MeasuredGallery {
  embeddings: Embeddings
  people: { person: PersonId; name: string }[]
  /** Rows of each person, in the order the photographs were added. */
  rows: number[][]
  photographs: PhotographId[] // of each row
}

/** Everybody who has a photograph that the model in use has embedded. */
export function measuredGallery({ gallery, model }: Pick<Parts, 'gallery' | 'model'>): MeasuredGallery {
  const stored = gallery.embeddings(model.version)
  const withPhotographs = new Set(stored.map(({ person }) => person))
  const people = gallery
    .people()
    .filter(({ person }) => withPhotographs.has(person))
    .map(({ person, name }) => ({ person, name }))
  const place = new Map(people.map(({ person }, i) => [person, i]))
  const dimension = stored[0]?.embedding.length ?? embeddingLength
  const vectors = new Float32Array(stored.length * dimension)
  const owner = new Int32Array(stored.length)
  const rows: number[][] = people.map(() => [])
  for (const [row, { person, embedding }] of stored.entries()) {
    vectors.set(embedding, row * dimension)
    owner[row] = place.get(person)!
    rows[owner[row]!]!.push(row)
  }
  return {
    embeddings: { vectors, dimension, people: owner },
    people,
    rows,
    photographs: stored.map(({ photograph }) => photograph),
  }
}
