import { createHash } from 'node:crypto'
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
import { asTheirCropsShow, nobodyLooks, type Looker } from './imported-photographs.ts'
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
 * Into a gallery that is empty, as after the loss of the machine, everything comes back as it was, settings, thresholds
 * and the model in use as well. What stands in force in a gallery that is in use stays: its settings, its thresholds, its
 * model; a retrained model that comes to other people counts as rejected, because its gate was another's.
 */
export async function importGallery(
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

  const { isRestored, numbers, notes } = store.write(() => beginning(store, file))
  for (const [there, here] of renamed)
    notes.push(
      `The retrained model ${there} comes from another release: it was built anew of its numbers, and is ${here} here.`,
    )
  const imported: Imported = {
    kind: 'imported',
    people: 0,
    photographs: 0,
    skipped: [],
    models: 0,
    strangers: 0,
    notes,
    cancelled: false,
  }
  // Reports name people by their numbers: where these change, models wait for them.
  const addModels = () =>
    store.write(() => {
      imported.models = file.models.filter((model) => importModel(store, model, numbers, isRestored)).length
      if (isRestored) restoreInUse(store, file.rest.modelInUse, file.rest.modelEvents)
    })
  if (numbers.areKept) addModels()
  const total = file.strangers.length + file.people.length
  let done = 0
  const step = async () => {
    onProgress?.(++done, total)
    await sleep(1) // the lock is free for as long, so that another process gets its turn
  }
  for (const each of file.strangers) {
    if (signal?.aborted) return { ...imported, cancelled: true }
    const hash = await cropHashOf(each.crop)
    if (store.write(() => importStranger(store, each, hash, numbers)).kind === 'added') imported.strangers++
    await step()
  }
  let notTheirs = 0
  const unchecked = { photographs: 0, people: 0 }
  for (const each of file.people) {
    if (signal?.aborted) return { ...imported, cancelled: true }
    const hashes = await Promise.all(each.hardExamples.map(({ crop }) => cropHashOf(crop)))
    const isTaken = personByName(store, each.name) !== null
    const shown = await asTheirCropsShow(each, isTaken || !looker ? nobodyLooks : looker.look)
    const { person } = shown
    if (store.write(() => importPerson(store, person, hashes, numbers)).kind === 'refused')
      imported.skipped.push(each.name)
    else {
      imported.people += 1
      imported.photographs += each.photographs.length
      notTheirs += shown.changed
      unchecked.photographs += shown.unchecked
      if (shown.unchecked > 0) unchecked.people += 1
    }
    await step()
  }
  if (notTheirs > 0)
    imported.notes.push(
      `What the file said of ${notTheirs} ${notTheirs === 1 ? 'photograph' : 'photographs'} was not what the crops show here: it was computed anew from them.`,
    )
  if (unchecked.photographs > 0) imported.notes.push(uncheckedInWords(unchecked))
  store.write(() => markPairs(store, file, numbers))
  if (!numbers.areKept) addModels()
  store.write(() => recordWhoTrained(store)) // a file of an older version does not say
  return imported
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

/** Of the pixels, as the pipeline tells a photograph; of the file where they cannot be read. */
async function cropHashOf(png: Uint8Array): Promise<string> {
  // Loads the image library: an import without strangers does without it.
  const { cropFromPng, cropHash } = await import('../vision/kept-crop.ts')
  try {
    return cropHash(await cropFromPng(png))
  } catch {
    return createHash('sha256').update(png).digest('hex') // it is shown as unreadable when somebody looks at it
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
