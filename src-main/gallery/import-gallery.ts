import { setTimeout as sleep } from 'node:timers/promises'
import { ComparisonForm } from '../contract.ts'
import type { Refusal } from '../contract.ts'
import { addAttempt } from './attempts.ts'
import { markNotSame, setChoice } from './choices.ts'
import { addCohort, addStrangerUnseen, cohorts, setMayTrain } from './cohorts.ts'
import type { TransferOptions } from './export-gallery.ts'
import { decodeRecords } from './export-records.ts'
import type { ExportedGallery, ExportedModel, ExportedStranger } from './export-records.ts'
import { importModel } from './import-model.ts'
import { Numbers, reserve, withCohort, withNumber } from './import-numbers.ts'
import { importPerson } from './import-person.ts'
import type { Looker } from './imported-photographs.ts'
import { lookedAt, type LookedAt } from './looked-at.ts'
import { personByName } from './people.ts'
import { withNetworks } from './renamed-models.ts'
import { openFile, refuse } from './sealed-file.ts'
import { setSettings } from './settings.ts'
import type { Store } from './store.ts'
import { templates } from './templates.ts'
import { modelVersion, networkVersionOf, versionOf } from './versions.ts'
import { recordWhoTrained } from './unrecorded-training.ts'
import { restoreInUse } from './versions-in-use.ts'

export interface ImportOptions extends TransferOptions {
  /** What is said of a person's crops is checked by it. Null: it is believed, and the notes say so. */
  looker: Looker | null
}

export interface Imported {
  kind: 'imported'
  people: number
  photographs: number
  /** Names that were taken here already; those people stayed out, and those here stayed as they are. */
  skipped: string[]
  /** Retrained models that were not here. */
  models: number
  /** Photographs of strangers that were not here. */
  strangers: number
  /** What else was taken over and what was not, each a sentence. */
  notes: string[]
  /** Stopped by the signal: who had been imported stays. */
  cancelled: boolean
}

/**
 * Adds an exported gallery: its people, each in a transaction of their own, retrained models and cohorts of strangers.
 * Into a gallery that is empty, as after the loss of the machine, everything comes back as it was, all at once, settings,
 * thresholds and the model in use as well; 'cancelled' refuses that whole. What stands in force in a gallery that is in use stays: its settings, its thresholds, its
 * model; a retrained model that comes to other people counts as rejected, because its gate was another's.
 */
export async function importGallery(
  store: Store,
  bytes: Uint8Array,
  passphrase: string,
  options: ImportOptions,
): Promise<Imported | Refusal> {
  return imported(store, bytes, passphrase, options).finally(() => options.looker?.close())
}

async function imported(
  store: Store,
  bytes: Uint8Array,
  passphrase: string,
  { onProgress, signal, looker }: ImportOptions,
): Promise<Imported | Refusal> {
  const opened = await openFile(bytes, passphrase)
  if (opened.kind === 'refused') return opened
  const read = decodeRecords(opened.plain)
  if (!read || !fits(store, read) || !read.models.every(isItself) || !isWhole(read)) return refuse('damaged')
  const ready = await looker?.ready(needsOf(store, read))
  if (ready?.kind === 'refused') return ready
  const { file, renamed } = withNetworks(read, ready?.networks ?? new Map())
  if (renamed.size > 0 && !fits(store, file)) return refuse('damaged')

  const looked = lookedAt(file, {
    looker,
    isHere: (name) => personByName(store, name) !== null,
    onProgress,
    signal,
  })
  const restored = isEmpty(store) ? await restore(store, file, renamed, looked, looker) : null
  if (restored && !Array.isArray(restored)) return restored

  const taking = begin(store, file, renamed)
  const total = file.strangers.length + file.people.length
  let taken = 0
  for await (const each of restored ?? looked) {
    take(store, each, taking)
    taken++
    if (restored) await sleep(1)
  }
  return taken < total ? { ...taking.imported, cancelled: true } : finish(store, file, taking)
}

/**
 * Everything in one transaction, after all of it was looked at: whoever kills the program half-way finds the gallery as
 * empty as it was, and the same file restores it exactly. Gives what was looked at where somebody was enrolled meanwhile.
 */
async function restore(
  store: Store,
  file: ExportedGallery,
  renamed: ReadonlyMap<string, string>,
  looked: AsyncIterable<LookedAt>,
  looker: Looker | null,
): Promise<Imported | Refusal | LookedAt[]> {
  looker?.know(file.models)
  const all: LookedAt[] = []
  for await (const each of looked) all.push(each)
  if (all.length < file.strangers.length + file.people.length)
    return { kind: 'refused', reason: 'cancelled', message: 'Nothing was imported.' }
  return store.write(() => {
    if (!isEmpty(store)) return all
    const taking = begin(store, file, renamed)
    for (const each of all) take(store, each, taking)
    return finish(store, file, taking)
  })
}

/** What an import has taken over so far, and what it goes by. */
interface Taking {
  isRestored: boolean
  numbers: Numbers
  imported: Imported
  notTheirs: number
  unchecked: { photographs: number; people: number }
}

function begin(store: Store, file: ExportedGallery, renamed: ReadonlyMap<string, string>): Taking {
  return store.write(() => {
    const { isRestored, numbers, notes } = beginning(store, file)
    for (const [there, here] of renamed)
      notes.push(
        `The retrained model ${there} comes from another release: it was built anew of its numbers, and is ${here} here.`,
      )
    const taking: Taking = {
      isRestored,
      numbers,
      imported: {
        kind: 'imported',
        people: 0,
        photographs: 0,
        skipped: [],
        models: 0,
        strangers: 0,
        notes,
        cancelled: false,
      },
      notTheirs: 0,
      unchecked: { photographs: 0, people: 0 },
    }
    if (numbers.areKept) addModels(store, file, taking)
    return taking
  })
}

/** One stranger's photograph or one person, whole or not at all. */
function take(store: Store, looked: LookedAt, taking: Taking): void {
  const { imported, numbers, unchecked } = taking
  if (looked.kind === 'stranger') {
    const { stranger, hash } = looked
    const outcome = store.write(() => importStranger(store, stranger, hash, numbers))
    if (outcome.kind === 'added') imported.strangers++
    return
  }
  const { person, hashes } = looked
  if (store.write(() => importPerson(store, person, hashes, numbers)).kind === 'refused') {
    imported.skipped.push(person.name)
    return
  }
  imported.people += 1
  imported.photographs += person.photographs.length
  taking.notTheirs += looked.changed
  unchecked.photographs += looked.unchecked
  if (looked.unchecked > 0) unchecked.people += 1
}

function finish(store: Store, file: ExportedGallery, taking: Taking): Imported {
  const { imported, numbers, notTheirs, unchecked } = taking
  if (notTheirs > 0)
    imported.notes.push(
      `What the file said of ${notTheirs} ${notTheirs === 1 ? 'photograph' : 'photographs'} was not what the crops show here: it was computed anew from them.`,
    )
  if (unchecked.photographs > 0) imported.notes.push(uncheckedInWords(unchecked))
  store.write(() => {
    markPairs(store, file, numbers)
    if (!numbers.areKept) addModels(store, file, taking)
    recordWhoTrained(store) // a file of an older version does not say
  })
  return imported
}

/** Reports name people by their numbers: where these change, models wait for them. */
function addModels(store: Store, { models, rest }: ExportedGallery, taking: Taking): void {
  const { imported, numbers, isRestored } = taking
  imported.models = models.filter((model) => importModel(store, model, numbers, isRestored)).length
  if (isRestored) restoreInUse(store, rest.modelInUse, rest.modelEvents)
}

/** What has to be at hand before anything is written: an import that stops half-way cannot be repeated as it was meant. */
function needsOf(store: Store, { people, models }: ExportedGallery): Parameters<Looker['ready']>[0] {
  return {
    hasCrops: people.some(
      ({ name, photographs }) =>
        photographs.some(({ crop }) => crop !== null) && personByName(store, name) === null,
    ),
    networks: models
      .filter(({ version, network }) => network !== null && !modelVersion(store, version))
      .map(({ version, network }) => ({ version, onnx: network! })),
  }
}

function uncheckedInWords({ photographs, people }: { photographs: number; people: number }): string {
  const [pictures, whom] = [
    photographs === 1 ? 'photograph' : 'photographs',
    people === 1 ? 'person' : 'people',
  ]
  return `${photographs} ${pictures} of ${people} ${whom} could not be checked: the file has no crop of them that can be read, so that who is let in as them is what the file says.`
}

/** What does not depend on anybody; says in words what is taken of it, or of what follows, and what is not. */
function beginning(store: Store, file: ExportedGallery) {
  const { settings, attempts, choices, modelInUse } = file.rest
  const isRestored = isEmpty(store)
  const numbers = new Numbers(isRestored && reserve(store, file))
  for (const { number, name, importedAt, mayTrain } of file.cohorts) {
    const same = cohorts(store).find((each) => each.name === name && each.importedAt === importedAt)
    const here = same?.cohort ?? withNumber(store, 'cohort', number, numbers, () => addCohort(store, name))
    numbers.cohorts.set(number, here)
    if (same) continue
    store.run('UPDATE cohort SET imported_at = ? WHERE id = ?', importedAt, here)
    setMayTrain(store, here, mayTrain)
  }
  if (isRestored) {
    setSettings(store, settings)
    for (const attempt of attempts) addAttempt(store, { ...attempt, person: null })
    for (const choice of choices) setChoice(store, withCohort(choice, numbers))
  }
  const notes: string[] = []
  const note = (has: boolean, taken: string, left: string) => has && notes.push(isRestored ? taken : left)
  note(
    Object.keys(settings).length > 0,
    'The settings of the file were taken over.',
    'The settings stay as they are here: those of the file were not taken.',
  )
  note(
    choices.length > 0,
    'The thresholds that were chosen there are in force here.',
    'The thresholds stay as they are here: those that were chosen there were not taken.',
  )
  note(
    modelInUse.inUse !== null,
    `The retrained model that was in use there is in use here: ${modelInUse.inUse}.`,
    `The model in use stays as it is here. There it was ${modelInUse.inUse}, which was judged by the people there.`,
  )
  if (!isRestored && file.models.some(({ version }) => !modelVersion(store, version)))
    notes.push(
      'The retrained models were judged by other people: here they count as rejected. Export one there by itself and import it in Retrain, in place of the one that came with this file: then it is judged here.',
    )
  return { isRestored, numbers, notes }
}

function isEmpty(store: Store): boolean {
  const tables = ['person', 'attempt', 'setting', 'cohort', 'model_version', 'threshold_choice']
  return !store.get(tables.map((table) => `SELECT 1 FROM ${table}`).join(' UNION ALL '))
}

/** Whether nothing has a number twice, and what stands in force is in the file and can decide: else no gallery would open. */
function isWhole({ people, cohorts, strangers, models, rest }: ExportedGallery): boolean {
  const isOnce = (numbers: (number | undefined)[]) => {
    const given = numbers.filter((number) => number !== undefined)
    return new Set(given).size === given.length
  }
  const photographs = people.flatMap((person) => person.photographs)
  const { inUse, replaced } = rest.modelInUse
  const ofUse = (inUse === null ? replaced : [inUse, ...replaced]).filter((version) => version !== null)
  return (
    [people, photographs, cohorts, strangers, models].every((list) =>
      isOnce(list.map(({ number }) => number)),
    ) &&
    ofUse.every((wanted) =>
      models.some(({ version, description }) => version === wanted && decides(description.card)),
    )
  )
}

/** Whether a card has a threshold for every form of comparison. */
function decides({ forms }: ExportedModel['description']['card']): boolean {
  return ComparisonForm.options.every((form) =>
    forms.some((row) => row.form === form && row.operatingPoints.length > 0),
  )
}

/** Whether a model's version is that of its very numbers. */
function isItself({ version, description: { base }, head, network }: ExportedModel): boolean {
  if (head === null) return network !== null && version === networkVersionOf(base, network)
  return network === null && version === versionOf(base, head)
}

/**
 * What the file says models made of the crop is not believed: thresholds rest on it, and it need not belong to the crop.
 * Whoever needs it looks at the crop.
 */
function importStranger(
  store: Store,
  { number, cohort, stranger, crop }: ExportedStranger,
  cropHash: string,
  numbers: Numbers,
): { kind: 'added' } | Refusal {
  const into = numbers.cohorts.get(cohort)
  if (into === undefined) return refuse('damaged') // its cohort is not in the file
  return withNumber(store, 'cohort_photograph', number, numbers, () =>
    addStrangerUnseen(store, into, { stranger, crop, cropHash }),
  )
}

/** Pairs the user has looked at, of which both sides came over. */
function markPairs(store: Store, { people, rest }: ExportedGallery, numbers: Numbers): void {
  const photographOf = new Map(people.map(({ number, photographs }) => [number, photographs[0]?.number]))
  const pairs = [
    ...rest.notSame.photographs,
    ...rest.notSame.people.map(([a, b]) => [photographOf.get(a), photographOf.get(b)] as const),
  ]
  for (const [a, b] of pairs) {
    const [first, second] = [numbers.photographs.get(a ?? 0), numbers.photographs.get(b ?? 0)]
    if (first !== undefined && second !== undefined) markNotSame(store, first, second, true)
  }
}

/** Whether all embeddings of one model version, here and in the file, have as many numbers. */
function fits(store: Store, { people, strangers }: ExportedGallery): boolean {
  const lengths = new Map<string, number>()
  const versions = store.all('SELECT DISTINCT model_version FROM template')
  for (const row of versions) {
    const modelVersion = String(row.model_version)
    lengths.set(modelVersion, templates(store, modelVersion)[0]!.embedding.length)
  }
  const photographs = people.flatMap(({ photographs, hardExamples }) => [...photographs, ...hardExamples])
  return [...photographs, ...strangers]
    .flatMap(({ embeddings }): { modelVersion: string; embedding: Float32Array }[] => embeddings)
    .every(({ modelVersion, embedding }) => {
      if (!lengths.has(modelVersion)) lengths.set(modelVersion, embedding.length)
      return lengths.get(modelVersion) === embedding.length
    })
}
