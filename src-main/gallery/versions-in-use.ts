import type { Refusal, ThresholdChoice } from '../contract.ts'
import { choices, forgetChoices, setChoice } from './choices.ts'
import { putStrangerEmbedding } from './cohorts.ts'
import { embeddings, features } from './embeddings.ts'
import { putEmbedding } from './photographs.ts'
import type { Store } from './store.ts'
import { modelVersion, noSuchModel, pretrainedUnder, type ModelVersion } from './versions.ts'

/** What stands in force, and the ways back. */
export interface ModelInUse {
  /** Null: the pre-trained one. */
  inUse: string | null
  /** What each promotion replaced, the newest last; null the pre-trained one. */
  replaced: (string | null)[]
}

/** What one model made of a photograph. */
export interface Seen {
  modelVersion: string
  features: Float32Array | null // of its network; kept of enrolled people only
  embedding: Float32Array // unit length
}

/** Which photograph it is: of an enrolled person, or of a stranger in a cohort. */
export type SeenPhotograph = { of: 'person' | 'stranger'; photograph: number }

/** What the model `version` (null: the pre-trained one) makes of a photograph, from what others made of it or from what was computed of its crop beforehand; null where neither says, 'unreadable' where its crop was looked at in vain. */
export type Embed = (
  version: string | null,
  seen: readonly Seen[],
  photograph: SeenPhotograph,
) => Seen | 'unreadable' | null

export interface Promoted {
  kind: 'promoted'
  version: string
  photographs: number // embedded
  without: number // photographs that it cannot compare: nobody kept their crops
  evenThoughRejected: boolean
  /** Another model than the one it replaced, where its report compares it with that; null where it does not. */
  evenThoughJudgedAgainst: string | null
}

/** For experts: what is used all the same, and stands in the log. */
export interface PromoteOptions {
  evenIfRejected: boolean
  /** Also where its report compares it with another model than the one in use. */
  evenIfJudgedAgainstAnother?: boolean
}

export interface RolledBack {
  kind: 'rolled-back'
  from: string
  to: string | null
  /** People enrolled meanwhile whom it cannot compare, and will not: no crop of them was kept that it could look at. */
  lost: number
}

/** A line of the audit log of models. */
export type ModelEvent = { at: number } & Happened

type Happened =
  | {
      kind: 'promoted'
      version: string
      replaced: string | null
      evenThoughRejected: boolean
      evenThoughJudgedAgainst?: string | null // older lines have none
    }
  | { kind: 'rolled-back'; from: string; to: string | null; lost?: number } // older lines have none

export const modelEventKinds = ['promoted', 'rolled-back'] as const satisfies Happened['kind'][]

/** All that is kept about what is in use, as an exported gallery carries it. */
export interface InUseRecord extends ModelInUse {
  /** The thresholds that were chosen when a model went out of use: they come back with it. */
  choicesOf: Record<string, ThresholdChoice[]>
}

export function modelInUse(store: Store): ModelInUse {
  const { inUse, replaced } = stored(store)
  return { inUse, replaced }
}

/**
 * Why a model cannot be put in use, before any photograph is looked at; null where it can. Refuses with 'no-such-model',
 * 'in-use', 'rejected' and 'judged-against-another' (its report says nothing about the model in use).
 */
export function promotionRefusal(
  store: Store,
  version: string,
  { evenIfRejected, evenIfJudgedAgainstAnother = false }: PromoteOptions,
): Refusal | null {
  const candidate = modelVersion(store, version)
  if (!candidate) return noSuchModel
  const { inUse, replaced } = stored(store)
  if (inUse === version)
    return { kind: 'refused', reason: 'in-use', message: 'This model is in use already.' }
  if (candidate.verdict === 'reject' && !evenIfRejected)
    return {
      kind: 'refused',
      reason: 'rejected',
      message: 'This candidate was rejected by its report: it is not used.',
    }
  const other = judgedAgainstAnother(store, candidate)
  if (other === null || evenIfJudgedAgainstAnother) return null
  const called = (each: string) =>
    modelVersion(store, each)?.name ??
    (each === pretrainedUnder(store, version) ? 'the pre-trained model' : 'a model that is gone')
  const isWayBack = inUse !== null && (replaced.at(-1) ?? pretrainedUnder(store, version)) === other
  return {
    kind: 'refused',
    reason: 'judged-against-another',
    message:
      `It was judged against ${called(other)}, and ${called(decidingNow(store, candidate))} is in use: its report says nothing about that one. ` +
      (isWayBack ? `Roll back to ${called(other)} first, or retrain` : 'Retrain') +
      ' from the model in use: a candidate of that one is judged against it.',
  }
}

/** The model that a candidate's report compares it with, where another one decides now; null where it is that one. */
function judgedAgainstAnother(store: Store, candidate: ModelVersion): string | null {
  const against = candidate.judgedAgainst ?? candidate.parent
  return against === decidingNow(store, candidate) ? null : against
}

/** The model in use, as a version; what goes over the network of another release decides nothing. */
function decidingNow(store: Store, { version }: ModelVersion): string {
  const { inUse } = stored(store)
  const base = pretrainedUnder(store, version)
  return inUse !== null && pretrainedUnder(store, inUse) === base ? inUse : base
}

/**
 * Inside `store.write`: every photograph that was embedded before is embedded by the new model, templates follow, and
 * what the old one made is kept. Thresholds chosen for the old one stay where they are, stale. Refuses as
 * `promotionRefusal` does, and with 'no-crops' (somebody could not be verified any more).
 */
export function promote(
  store: Store,
  version: string,
  embed: Embed,
  options: PromoteOptions,
): Promoted | Refusal {
  const refusal = promotionRefusal(store, version, options)
  if (refusal) return refusal
  const candidate = modelVersion(store, version)!
  const before = stored(store)
  const evenThoughRejected = candidate.verdict === 'reject'
  const evenThoughJudgedAgainst = judgedAgainstAnother(store, candidate)
  const { photographs, without, unreadable } = embedAll(store, version, embed)
  const lost = peopleLost(store, before.inUse ?? pretrainedUnder(store, version), version, unreadable)
  if (lost > 0)
    return {
      kind: 'refused',
      reason: 'no-crops',
      message:
        `Of ${lost === 1 ? 'one person' : `${lost} people`} no crop was kept that this model could look at: they could not be ` +
        'verified any more. Enrol them again with crops kept (Settings), or forget them; then it can be used.',
    }
  put(store, {
    inUse: version,
    replaced: [...before.replaced, before.inUse],
    choicesOf: { ...before.choicesOf, [nameOf(before.inUse)]: choices(store) },
  })
  bringBack(store, before.choicesOf[version])
  const forced = { evenThoughRejected, evenThoughJudgedAgainst }
  log(store, { kind: 'promoted', version, replaced: before.inUse, ...forced })
  return { kind: 'promoted', version, photographs, without, ...forced }
}

/**
 * Inside `store.write`: the model before the last promotion is in force again, with the thresholds that were chosen for
 * it; what it made of photographs was never touched. Whom it cannot compare is counted and does not keep anybody from
 * going back. Refuses with 'no-way-back'.
 */
export function rollBack(store: Store, embed: Embed): RolledBack | Refusal {
  const { inUse, replaced, choicesOf } = stored(store)
  if (inUse === null || replaced.length === 0)
    return {
      kind: 'refused',
      reason: 'no-way-back',
      message: 'The pre-trained model is in use: there is nothing to go back to.',
    }
  const to = replaced.at(-1)!
  const { unreadable } = embedAll(store, to, embed) // photographs that came meanwhile
  const lost = peopleLost(store, inUse, to ?? pretrainedUnder(store, inUse), unreadable)
  put(store, {
    inUse: to,
    replaced: replaced.slice(0, -1),
    choicesOf: { ...choicesOf, [inUse]: choices(store) },
  })
  bringBack(store, choicesOf[nameOf(to)])
  log(store, { kind: 'rolled-back', from: inUse, to, lost })
  return { kind: 'rolled-back', from: inUse, to, lost }
}

/** Inside `store.write`: a model that was deleted is no way back any more. */
export function forgetWayBack(store: Store, version: string): void {
  const { inUse, replaced, choicesOf } = stored(store)
  const { [version]: _gone, ...others } = choicesOf
  put(store, { inUse, replaced: replaced.filter((each) => each !== version), choicesOf: others })
}

export function modelEvents(store: Store): ModelEvent[] {
  return store.all('SELECT id, at, event FROM model_event ORDER BY id DESC').map(
    ({ id, at, event }) =>
      ({
        at: Number(at),
        ...JSON.parse(store.seal.openText(event as Uint8Array, eventPlace(Number(id)))),
      }) as ModelEvent,
  )
}

/** Photographs of people and of strangers that `version` has not seen yet. */
function embedAll(store: Store, version: string | null, embed: Embed) {
  const seen = new Map<number, Seen[]>()
  for (const { model_version } of store.all('SELECT DISTINCT model_version FROM embedding ORDER BY 1')) {
    const modelVersion = String(model_version)
    const theirs = features(store, modelVersion)
    for (const [i, { photograph, embedding }] of embeddings(store, modelVersion).entries())
      seen.set(photograph, [
        ...(seen.get(photograph) ?? []),
        { modelVersion, features: theirs[i]!.features, embedding },
      ])
  }
  let photographs = 0
  let without = 0
  const unreadable = new Set<number>()
  for (const [photograph, by] of seen) {
    const made = embed(version, by, { of: 'person', photograph })
    if (!made || made === 'unreadable') without++
    if (made === 'unreadable') unreadable.add(photograph)
    if (!made || made === 'unreadable' || by.some(({ modelVersion }) => modelVersion === made.modelVersion))
      continue
    putEmbedding(store, photograph, made.modelVersion, made.features!, made.embedding)
    photographs++
  }
  for (const [photograph, by] of strangersSeen(store)) {
    const made = embed(version, by, { of: 'stranger', photograph })
    if (made && made !== 'unreadable' && !by.some(({ modelVersion }) => modelVersion === made.modelVersion))
      putStrangerEmbedding(store, photograph, made.modelVersion, made.embedding)
  }
  return { photographs, without, unreadable }
}

/** People whom one model can compare and the other cannot, and will not: no crop was kept that it could look at. */
function peopleLost(store: Store, before: string, after: string, unreadable: ReadonlySet<number>): number {
  const hoped = store
    .all('SELECT id, person FROM photograph JOIN crop ON crop.photograph = photograph.id')
    .filter(({ id }) => !unreadable.has(Number(id)))
  const compared = (version: string) =>
    store.all('SELECT person FROM template WHERE model_version = ?', version)
  const kept = new Set([...hoped, ...compared(after)].map(({ person }) => Number(person)))
  return compared(before).filter(({ person }) => !kept.has(Number(person))).length
}

function strangersSeen(store: Store): Map<number, Seen[]> {
  const seen = new Map<number, Seen[]>()
  // Those that no model has looked at, too.
  for (const { id } of store.all('SELECT id FROM cohort_photograph ORDER BY id')) seen.set(Number(id), [])
  for (const row of store.all('SELECT photograph, model_version, embedding FROM cohort_embedding')) {
    const [photograph, modelVersion] = [Number(row.photograph), String(row.model_version)]
    const embedding = store.seal.openVector(row.embedding as Uint8Array, {
      table: 'cohort_embedding',
      row: `${photograph} ${modelVersion}`,
      column: 'embedding',
      person: null,
    })
    seen.set(photograph, [...(seen.get(photograph) ?? []), { modelVersion, features: null, embedding }])
  }
  return seen
}

/** Exactly these choices, where the model was in use before. */
function bringBack(store: Store, chosen: ThresholdChoice[] | undefined): void {
  if (!chosen) return
  forgetChoices(store)
  for (const choice of chosen) setChoice(store, choice)
}

/** What is in use, and what comes back with what was before. */
export function stored(store: Store): InUseRecord {
  const row = store.get('SELECT in_use FROM model_in_use WHERE id = 1')
  return row
    ? (JSON.parse(store.seal.openText(row.in_use as Uint8Array, inUsePlace)) as InUseRecord)
    : { inUse: null, replaced: [], choicesOf: {} }
}

/** Inside `store.write`: as it was in another gallery, its audit log first to last. */
export function restoreInUse(store: Store, inUse: InUseRecord, events: readonly ModelEvent[]): void {
  put(store, inUse)
  for (const { at, ...event } of events) log(store, event, at)
}

function put(store: Store, now: InUseRecord): void {
  store.run(
    'INSERT OR REPLACE INTO model_in_use (id, in_use) VALUES (1, ?)',
    store.seal.sealText(JSON.stringify(now), inUsePlace),
  )
}

function log(store: Store, event: Happened, at = store.now()): void {
  const id = store.nextId('model_event')
  store.run(
    'INSERT INTO model_event (id, at, event) VALUES (?, ?, ?)',
    id,
    Math.round(at),
    store.seal.sealText(JSON.stringify(event), eventPlace(id)),
  )
}

const nameOf = (version: string | null) => version ?? 'pre-trained'

const inUsePlace = { table: 'model_in_use', row: 1, column: 'in_use', person: null }

function eventPlace(id: number) {
  return { table: 'model_event', row: id, column: 'event', person: null }
}
