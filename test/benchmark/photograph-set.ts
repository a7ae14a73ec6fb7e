import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compareBytes } from '../../src-main/evaluation/byte-order.ts'
import type { Embeddings } from '../../src-main/evaluation/embeddings.ts'
import { readPicture } from '../../src-main/vision/read-picture.ts'
import type { Vision } from '../../src-main/vision/vision.ts'

/** A folder of people, in byte order: one folder each, one file a photograph. */
export interface PhotographSet {
  name: string
  people: string[]
  files: { person: number; path: string }[]
}

/** What the pipeline made of a whole set; aggregate use only, it stays in the system's temporary folder. */
export interface EmbeddedSet extends PhotographSet {
  embeddings: Embeddings
  /** Rows of each person, in byte order of their files. */
  rows: number[][]
  undetected: number // photographs without a face
  /** Share of the photographs that each quality component refuses. */
  refusedBy: Record<string, number>
}

export function listPhotographs(name: string, folder: string): PhotographSet {
  const people = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort(compareBytes)
  const files = people.flatMap((person, i) =>
    readdirSync(join(folder, person))
      .sort(compareBytes)
      .map((file) => ({ person: i, path: join(folder, person, file) })),
  )
  return { name, people, files }
}

const dimension = 128

/** Embeds the most prominent face of every photograph; done before by the same code, it is read from the cache. */
export async function embedSet(
  set: PhotographSet,
  vision: Vision,
  { models, say = () => {} }: { models: string; say?: (line: string) => void },
): Promise<EmbeddedSet> {
  const cache = join(tmpdir(), 'semblance-benchmark', `${set.name}-${codeHash(models)}.json`)
  const found = existsSync(cache)
    ? (JSON.parse(readFileSync(cache, 'utf8')) as Cached)
    : await embedAll(set, vision, say)
  if (!existsSync(cache)) {
    mkdirSync(join(cache, '..'), { recursive: true, mode: 0o700 })
    writeFileSync(`${cache}.new`, JSON.stringify(found), { mode: 0o600 })
    renameSync(`${cache}.new`, cache)
  }
  const rows: number[][] = set.people.map(() => [])
  set.files.forEach(({ person }, row) => rows[person]!.push(row))
  const bytes = Buffer.from(found.vectors, 'base64')
  const vectors = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
  return {
    ...set,
    embeddings: { vectors, dimension, people: set.files.map(({ person }) => person) },
    rows,
    undetected: found.undetected,
    refusedBy: found.refusedBy,
  }
}

interface Cached {
  vectors: string // base64 of little-endian float32; a row of zeros where no face was found
  undetected: number
  refusedBy: Record<string, number>
}

async function embedAll(set: PhotographSet, vision: Vision, say: (line: string) => void): Promise<Cached> {
  const vectors = new Float32Array(set.files.length * dimension)
  const refused: Record<string, number> = {}
  let undetected = 0
  const started = performance.now()
  for (const [row, { path }] of set.files.entries()) {
    const read = await readPicture(readFileSync(path), '')
    if (read.kind === 'refused') throw new Error(`photograph ${row} of ${set.name}: ${read.message}`)
    const [face] = await vision.faces(read.picture)
    if (face === undefined) undetected++
    else {
      vectors.set(face.embedding, row * dimension)
      for (const { component, passes } of face.quality)
        refused[component] = (refused[component] ?? 0) + (passes ? 0 : 1)
    }
    if ((row + 1) % 500 === 0) {
      const left = ((performance.now() - started) / (row + 1)) * (set.files.length - row - 1)
      say(`${set.name}: ${row + 1} of ${set.files.length}, ${Math.ceil(left / 60_000)} min left`)
    }
  }
  const refusedBy = Object.fromEntries(
    Object.entries(refused).map(([component, count]) => [component, count / set.files.length]),
  )
  return { vectors: Buffer.from(vectors.buffer).toString('base64'), undetected, refusedBy }
}

/** Changes when the pipeline's code or its models do, so that no embedding of another pipeline is taken for this one's. */
function codeHash(models: string): string {
  const hash = createHash('sha256')
  const vision = join(import.meta.dirname, '../../src-main/vision')
  for (const file of readdirSync(vision, { recursive: true, encoding: 'utf8' }).sort())
    if (file.endsWith('.ts')) hash.update(readFileSync(join(vision, file)))
  hash.update(readFileSync(join(models, 'manifest.json')))
  return hash.digest('hex').slice(0, 16)
}
