import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Gallery } from '../../src-main/gallery/gallery.ts'
import type { Values } from '../../src-main/learning/networks/initialise.ts'
import { recognitionNet } from '../../src-main/learning/networks/recognition-net.ts'
import type { DataSet } from '../../src-main/training/data-sets/data-set.ts'
import { openDataSet } from '../../src-main/training/data-sets/open-data-set.ts'
import { exportNetwork } from '../../src-main/training/export-network.ts'
import { startFrom } from '../../src-main/training/gallery-run/network/network-start.ts'
import { embedCrop } from '../../src-main/vision/embedder.ts'
import type { Picture } from '../../src-main/vision/face.ts'
import { networkOf } from '../../src-main/vision/network.ts'
import { hardshipOf, madeHard } from './hard-probes.ts'
import { protocolOf, type Faces } from './retrain-protocol.ts'
import { developmentFaces } from './training-faces.ts'

/** The development people's kept crops, to be embedded by any network; what was embedded is kept in `folder` under a name. */
export interface RetrainCrops {
  dataSet: DataSet
  rows: number[][]
  /** Parameters of the pre-trained network. */
  start: Values
  /** Embeddings of some rows, unit length, row for row of the data set; the others are zero. */
  embedded(parameters: Values, name: string, needed: readonly number[]): Promise<Faces>
  /** The same embeddings, of half of the protocol's probes made hard. */
  hardProbes(parameters: Values, name: string, faces: Faces): Promise<Float32Array>
}

/** Opens the crops, made once (about ten minutes). */
export async function retrainCrops({
  shared,
  out,
  folder,
  threads,
}: {
  shared: string
  out: string
  folder: string
  threads: number
}): Promise<RetrainCrops> {
  const network = recognitionNet()
  const dimension = network.embeddingLength
  const dataSet = await openDataSet(await developmentFaces(resolve(shared), out, threads))
  const rows: number[][] = dataSet.classes.map(() => [])
  dataSet.labels.forEach((person, row) => rows[person]!.push(row))
  // Nothing but the pre-trained version is asked for.
  const nobody = {
    models: { networkUnder: (version: string) => version, network: () => null, head: () => null },
  }
  const start = await startFrom(nobody as unknown as Gallery, 'pre-trained', network)
  await mkdir(folder, { recursive: true })

  const kept = async (
    parameters: Values,
    name: string,
    needed: readonly number[],
    picture: (row: number) => Promise<Picture>,
  ): Promise<Float32Array> => {
    const file = join(folder, `${name}.f32`)
    if (!existsSync(file)) {
      const { onnx } = await exportNetwork(network, { parameters, statistics: {} }, {})
      const net = await networkOf(onnx, name, threads)
      const vectors = new Float32Array(dataSet.labels.length * dimension)
      for (const row of needed)
        vectors.set((await embedCrop(net, await picture(row))).embedding, row * dimension)
      await net.close()
      await writeFile(file, vectors)
    }
    const bytes = await readFile(file)
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
  }
  const people = rows.filter((own) => own.length > 0)
  const shape = { vectors: new Float32Array(0), dimension, rows: people }
  const probes = protocolOf(shape).probes.flat()
  return {
    dataSet,
    rows: people,
    start,
    embedded: async (parameters, name, needed) => ({
      vectors: await kept(parameters, name, needed, (row) => dataSet.picture(row)),
      dimension,
      rows: people,
    }),
    hardProbes: async (parameters, name, { vectors }) => {
      const hardships = new Map(probes.map((row, probe) => [row, { hardship: hardshipOf(probe), probe }]))
      const hard = probes.filter((row) => hardships.get(row)!.hardship)
      const changed = await kept(parameters, `${name}-hard`, hard, async (row) => {
        const { hardship, probe } = hardships.get(row)!
        return madeHard(await dataSet.picture(row), hardship!, probe)
      })
      const all = vectors.slice()
      for (const row of hard)
        all.set(changed.subarray(row * dimension, (row + 1) * dimension), row * dimension)
      return all
    },
  }
}
