import type { Refusal } from '../../contract.ts'
import { asCrops } from '../../gallery/trained-on.ts'
import { saysPeopleOfCohorts } from '../../gallery/unrecorded-training.ts'
import { networkVersionOf, versionOf, type NewModelVersion } from '../../gallery/versions.ts'
import { candidateCard } from '../../training/gallery-run/judging/candidate-card.ts'
import { applyHead, type Head } from '../../training/gallery-run/head/head.ts'
import type { CandidateReport } from '../../training/gallery-run/retrain-gallery.ts'
import { embedCrop } from '../../vision/embedder.ts'
import { embeddingLength } from '../../vision/face.ts'
import type { Network } from '../../vision/network.ts'
import { readModel } from '../../onnx/model-reader.ts'
import type { Job } from '../jobs.ts'
import { madeOf, readPretrainedHead } from '../model-in-use.ts'
import type { Parts } from '../parts.ts'
import { readableCrop } from '../re-embedding.ts'
import { refused } from '../refusal.ts'
import { hashStrangers } from '../tuning/cohort-photographs.ts'
import { chained } from './chained-network.ts'
import { embeddingsUnder, readOnce, type EmbeddingsUnder, type ReadLastLayer } from './embeddings-under.ts'
import { networkFile } from './export-model.ts'
import { readExported, type Note } from './exported-model.ts'
import { rebuiltNetwork } from './foreign-network.ts'
import { judgeImport, type Heads, type Judging } from './judge-import.ts'
import { pretrainedVersion } from './model-list.ts'

type Running = Pick<Job, 'signal' | 'progress'>

/** What a file holds, checked: its numbers, and what they make of photographs. */
interface Foreign {
  kind: 'foreign'
  version: string
  made: Pick<NewModelVersion, 'head' | 'network'>
  parity: number
  heads: Heads | null
  moved: Judging['moved']
  embeddings: EmbeddingsUnder
}

/**
 * A model that was exported elsewhere comes in as a candidate: its hash, its shape and its parity are checked, and the gate
 * judges it on this gallery. Its own thresholds and report are not believed. Refuses, in words, what is no such file.
 */
export async function importModel(
  parts: Parts,
  file: Uint8Array,
  job: Running,
  lastLayer: ReadLastLayer = readOnce(readPretrainedHead),
): Promise<{ kind: 'imported'; version: string } | Refusal> {
  const read = readExported(file)
  if (read.kind !== 'read') return refused(read.kind, why[read.kind])
  const { note, model } = read
  const { gallery } = parts
  if (note.kind === 'pre-trained')
    return refused('pre-trained', 'This file holds a pre-trained model, and one is here already.')
  const foreign =
    note.kind === 'head'
      ? await foreignHead(parts, note, model, job, lastLayer)
      : await foreignNetwork(parts, note, model, job)
  if (foreign.kind === 'refused') return foreign
  // A network is built anew here: it may be here by the name that it was exported with, with a last bit that differs.
  const names = [foreign.version, note.version]
  const here = names.find((version) => gallery.models.version(version))
  if (here !== undefined) return refused('same-model', `This very model is there already, as ${here}.`)

  const before = await embeddingsUnder(parts, parts.model.version, job, lastLayer)
  if (before.kind === 'refused') return before
  await hashStrangers(parts)
  const { photographs, others, hash } = note.trainedOn
  const strangers = [
    ...strangersOf(parts, note),
    ...names.flatMap((version) => [...gallery.models.strangersThatTrained(version)]),
  ]
  const family = [parts.model.version, note.parent, note.base]
  const trained = new Set([
    ...strangers,
    ...family.flatMap((version) => [...gallery.models.strangersThatTrained(version)]),
  ])
  // Numbers of another gallery's people mean nobody here; those of one that was made here are known by its name.
  const people = names.flatMap((version) => gallery.models.peopleOfDeleted(version))
  // By its numbers' own name: what the file calls itself and its parents is the word of whoever made it.
  const knownHere = new Set(
    [parts.model.version, foreign.version].flatMap((version) => [
      ...gallery.models.strangersThatTrained(version),
    ]),
  )
  const judged = await judgeImport(parts, before, foreign.embeddings, { ...foreign, trained, knownHere })
  if (judged.kind === 'refused') return { ...judged, message: `${judged.message} Nothing was imported.` }
  const { verdict, threshold, strangersInWords, notes } = judged
  // What it calls itself makes it nothing of ours: whoever made the file wrote that.
  const isOfElsewhere = gallery.models.peopleOfDeleted(foreign.version).length === 0
  const report: CandidateReport = {
    ...verdict,
    threshold,
    strangers: strangersInWords,
    mixed: [],
    notes,
    ...(isOfElsewhere && { cameFrom: 'model-file' }),
  }
  const added = gallery.models.add({
    ...foreign.made,
    strangers,
    base: note.base,
    parent: note.parent,
    judgedAgainst: parts.model.version,
    recipe: note.recipe,
    processor: note.processor,
    seconds: note.seconds,
    trainedOn: {
      people: [...new Set(people)],
      photographs,
      others: `imported: ${people.length > 0 ? 'made here' : `${note.trainedOn.people} people elsewhere`}${others ? `, ${others}` : ''}`,
      hash,
    },
    verdict: verdict.kind,
    report,
    card: candidateCard(parts.card, foreign.version, threshold.after / threshold.before, judged.moved),
  })
  return added.kind === 'refused' ? added : { kind: 'imported', version: foreign.version }
}

/** Crops of strangers that trained it. An older version of the program did not say whose: everybody here can have been. */
function strangersOf({ gallery }: Parts, { trainedOn }: Note): string[] {
  if (trainedOn.strangers !== undefined) return asCrops(Buffer.from(trainedOn.strangers, 'base64'))
  if (!saysPeopleOfCohorts(trainedOn.others)) return []
  return gallery.cohorts.strangers().flatMap(({ crop }) => (crop === null ? [] : [crop]))
}

const why = {
  'not-onnx': 'This is not an ONNX model: export one from Semblance. Nothing was imported.',
  'no-note':
    'This model was not exported by Semblance: where it comes from and what it goes over is not known. Nothing was imported.',
  changed:
    'The file is not as it was exported (its SHA-256 differs): it was damaged or changed. Nothing was imported.',
} as const

/** Only its numbers are taken: nothing of the file is run. */
async function foreignHead(
  parts: Parts,
  note: Note,
  model: Uint8Array,
  job: Running,
  lastLayer: ReadLastLayer,
): Promise<Foreign | Refusal> {
  const { gallery } = parts
  const base = pretrainedVersion(parts)
  const isHere = note.base === base || gallery.models.version(note.base)?.kind === 'network'
  if (!isHere) return otherNetwork
  const head = headIn(note)
  if (!head) return otherShape
  // The network with this head, built here: the file has to be the same model, number by number.
  const expected = chained(await networkFile(parts, note.base), head)
  const parity = largestDifference(model, expected)
  if (parity === null) return notItsHead
  const under = await embeddingsUnder(parts, note.base, job, lastLayer)
  if (under.kind === 'refused') return under
  const mapped = (embeddings: ReadonlyMap<number, Float32Array>) =>
    new Map([...embeddings].map(([photograph, embedding]) => [photograph, applyHead(embedding, head)]))
  const before = madeOf(gallery, parts.model.version, base)
  return {
    kind: 'foreign',
    version: versionOf(note.base, head),
    made: { head },
    parity,
    heads: note.base === base && before?.network === null ? { before: before.head, after: head } : null,
    moved: {
      head,
      from:
        gallery.models.networkUnder(parts.model.version) === note.base
          ? gallery.models.head(parts.model.version)
          : null,
    },
    embeddings: { ...under, people: mapped(under.people), strangers: mapped(under.strangers) },
  }
}

async function foreignNetwork(
  parts: Parts,
  note: Note,
  model: Uint8Array,
  job: Running,
): Promise<Foreign | Refusal> {
  const base = pretrainedVersion(parts)
  if (note.base !== base) return otherNetwork
  const rebuilt = await rebuiltNetwork(model, parts.threads ?? 1)
  if (rebuilt.kind === 'refused') return rebuilt
  const { onnx, network, difference } = rebuilt
  try {
    const embeddings = await embeddedBy(parts, network, job)
    if (embeddings.kind === 'refused') return embeddings
    const version = networkVersionOf(base, onnx)
    return {
      kind: 'foreign',
      version,
      made: { network: onnx },
      parity: difference,
      heads: null,
      moved: null,
      embeddings,
    }
  } finally {
    await network.close()
  }
}

function headIn({ head }: Note): Head | null {
  const bytes = Buffer.from(head ?? '', 'base64')
  if (bytes.length !== 4 * embeddingLength ** 2) return null
  const numbers = new Float32Array(new Uint8Array(bytes).buffer)
  return numbers.every(Number.isFinite) ? numbers : null
}

/** Of two models' numbers, which may have been rounded on another machine; null where they are two. */
function largestDifference(model: Uint8Array, expected: Uint8Array): number | null {
  if (Buffer.compare(model, expected) === 0) return 0
  let theirs
  try {
    theirs = readModel(model)
  } catch {
    return null // no model of ours
  }
  const ours = readModel(expected)
  if (theirs.tensors.size !== ours.tensors.size) return null
  let largest = 0
  for (const [name, { values }] of ours.tensors) {
    const other = theirs.tensors.get(name)?.values
    if (other?.length !== values.length) return null
    for (const [i, value] of values.entries()) {
      const difference = Math.abs(value - other[i]!)
      if (!(difference <= mostRounded)) return null
      largest = Math.max(largest, difference)
    }
  }
  return largest
}

const mostRounded = 1e-5

async function embeddedBy(
  { gallery }: Parts,
  network: Network,
  job: Running,
): Promise<EmbeddingsUnder | Refusal> {
  const people = gallery.people().flatMap(({ person }) => gallery.photographs(person))
  const strangers = gallery.cohorts.staleStrangers('') // everybody
  const total = people.length + strangers.length
  const found = { people: new Map<number, Float32Array>(), strangers: new Map<number, Float32Array>() }
  let done = 0
  for (const [of, photographs] of [
    ['people', people],
    ['strangers', strangers],
  ] as const)
    for (const { photograph } of photographs) {
      if (job.signal.aborted) return refused('cancelled', 'Cancelled: nothing was imported.')
      const crop = await readableCrop(
        of === 'people' ? gallery.crop(photograph) : gallery.cohorts.strangerCrop(photograph),
      )
      if (crop) found[of].set(photograph, (await embedCrop(network, crop)).embedding)
      job.progress(++done, total, 'Reading kept photographs with the imported model')
    }
  return { kind: 'embeddings', ...found }
}

const otherNetwork = refused(
  'other-network',
  'This model goes over a network that is not here, or that of another release: nothing was imported.',
)
const otherShape = refused(
  'other-shape',
  `A head of ours has ${embeddingLength} × ${embeddingLength} finite numbers, and this one has not: nothing was imported.`,
)
const notItsHead = refused(
  'parity',
  'The model in the file is not the network that is here with the head that the file names: nothing was imported.',
)
