import { readFile } from 'node:fs/promises'
import { rankings } from '../learning/retrieval/ranking.ts'
import { retrievalReport, type RetrievalReport } from '../learning/retrieval/measures.ts'
import type { DataSet } from '../training/data-sets/data-set.ts'
import { embedDataSet, type Embeddings } from '../training/embed.ts'
import { networkOf, type NetworkDescription } from '../training/run-description.ts'

/** What a trained network makes of pictures it was not trained on. */
export interface Judgement {
  pictures: number
  classes: number
  /** Share of pictures whose nearest training picture is of their class, where both sets have the same classes. */
  nearestNeighbour: { accuracy: number; references: number } | null
  /** Among themselves, each left out once; `retrievalPictures` of them. */
  retrieval: RetrievalReport
  retrievalPictures: number
  /** Where the embedding has two dimensions: the pictures' places, at most `mapLimit` of them. */
  map: { x: number[]; y: number[]; label: number[]; classes: readonly string[] } | null
}

const retrievalLimit = 2000 // each picture is ranked against every other
const mapLimit = 3000

/**
 * Embeds pictures with an exported network and measures what lies near what; `references` are the training pictures where
 * they are of the same classes. `unitLength`: whether training compared directions alone.
 */
export async function judge(
  onnx: string,
  network: NetworkDescription,
  pictures: DataSet,
  references: DataSet | null,
  { threads, unitLength }: { threads: number; unitLength: boolean },
): Promise<Judgement> {
  const model = await readFile(onnx)
  const described = networkOf(network)
  const embed = async (set: DataSet) => {
    const embedded = await embedDataSet(model, described, set, { threads })
    return unitLength ? madeUnitLength(embedded) : embedded
  }
  const embedded = await embed(pictures)
  const sampled = rows(embedded, retrievalLimit)
  return {
    pictures: pictures.labels.length,
    classes: pictures.classes.length,
    nearestNeighbour: references && {
      accuracy: nearestNeighbourAccuracy(embedded, await embed(references)),
      references: references.labels.length,
    },
    retrieval: retrievalReport(rankings(sampled)),
    retrievalPictures: sampled.labels.length,
    map: described.embeddingLength === 2 ? mapOf(embedded, pictures.classes) : null,
  }
}

/** Share of queries whose nearest reference, by Euclidean distance, has their label. Labels of both mean the same. */
export function nearestNeighbourAccuracy(queries: Embeddings, references: Embeddings): number {
  const { length } = queries
  let right = 0
  for (let q = 0; q < queries.labels.length; q++) {
    const query = queries.embeddings.subarray(q * length, (q + 1) * length)
    let [nearest, best] = [Infinity, -1]
    for (let r = 0, at = 0; r < references.labels.length; r++, at += length) {
      let sum = 0
      for (let d = 0; d < length; d++) sum += (query[d]! - references.embeddings[at + d]!) ** 2
      if (sum < nearest) [nearest, best] = [sum, r]
    }
    if (references.labels[best] === queries.labels[q]) right++
  }
  return right / queries.labels.length
}

/** As training compares them: directions alone. */
export function madeUnitLength(embedded: Embeddings): Embeddings {
  const { length } = embedded
  const unit = Float32Array.from(embedded.embeddings)
  for (let start = 0; start < unit.length; start += length) {
    const one = unit.subarray(start, start + length)
    const norm = Math.hypot(...one) || 1
    for (let i = 0; i < length; i++) one[i]! /= norm
  }
  return { ...embedded, embeddings: unit }
}

/** At most so many rows, evenly spaced. */
function rows({ embeddings, length, labels }: Embeddings, limit: number): Embeddings {
  const every = Math.max(1, Math.ceil(labels.length / limit))
  const chosen = Array.from(labels.keys()).filter((i) => i % every === 0)
  const taken = new Float32Array(chosen.length * length)
  chosen.forEach((i, row) => taken.set(embeddings.subarray(i * length, (i + 1) * length), row * length))
  return { embeddings: taken, length, labels: Int32Array.from(chosen, (i) => labels[i]!) }
}

function mapOf(embedded: Embeddings, classes: readonly string[]): Judgement['map'] {
  const { embeddings, labels } = rows(embedded, mapLimit)
  const axis = (offset: number) => Array.from(labels, (_, i) => Math.fround(embeddings[2 * i + offset]!))
  return { x: axis(0), y: axis(1), label: [...labels], classes }
}
