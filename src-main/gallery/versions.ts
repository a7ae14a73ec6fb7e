import { createHash } from 'node:crypto'
import type { PersonId, Refusal } from '../contract.ts'
import type { Row, Store } from './store.ts'
import { putPeopleOfDeleted, putStrangersThatTrained, strangersThatTrained } from './trained-on.ts'
import { runThatMade } from './training-runs.ts'
import { forgetWayBack, modelEvents, modelInUse } from './versions-in-use.ts'

/** What a run leaves: a head over a network's embedding, or a whole network, and all there is to know about it. */
export interface NewModelVersion {
  /** The version whose network makes the embedding that a head maps; of a network, the pre-trained one it descends from. */
  base: string
  /** The version it was trained from. */
  parent: string
  /** The model in use that its report compares it with; the parent where that is left out. */
  judgedAgainst?: string
  /** What the run was told, so that it can be run again: JSON. */
  recipe: unknown
  processor: string
  seconds: number
  trainedOn: {
    people: PersonId[]
    photographs: number
    /** In words: "2,000 virtual strangers". */
    others: string
    /** SHA-256 over the training photographs' crops and owners. */
    hash: string
  }
  verdict: 'promote' | 'reject'
  /** Before and after, as the gate saw it: JSON. */
  report: unknown
  /** What thresholds it is used with until they are tuned: JSON. */
  card: unknown
  /** Row by row, embedding × head. Sealed, as a network is: it was made from faces. */
  head?: Float32Array
  /** A standalone ONNX file, in place of a head. */
  network?: Uint8Array
  /** Crops of strangers that trained it (`trained-on.ts`), besides those of the models that it descends from. */
  strangers?: readonly string[]
}

export interface ModelVersion extends Omit<NewModelVersion, 'head' | 'network' | 'strangers'> {
  /** Of the base and of its very numbers, so that no two models of two galleries have one version. */
  version: string
  kind: 'head' | 'network'
  name: string // "retrained 3"
  madeAt: number // ms since 1970
  bytes: number // of its numbers, sealed
}

/** Inside `store.write`. Refuses with 'same-model'. */
export function addModelVersion(
  store: Store,
  { head, network, strangers = [], ...described }: NewModelVersion,
): { kind: 'added'; version: string } | Refusal {
  if (!head === !network) throw new Error('a model is either a head or a network')
  if (head && !head.every(Number.isFinite)) throw new Error('a head holds finite numbers only')
  const version = network ? networkVersionOf(described.base, network) : versionOf(described.base, head!)
  if (store.get('SELECT id FROM model_version WHERE version = ?', version))
    return {
      kind: 'refused',
      reason: 'same-model',
      message: `This very model is there already, as ${version}.`,
    }
  const id = store.nextId('model_version')
  store.run(
    'INSERT INTO model_version (id, version, made_at, description, head, network) VALUES (?, ?, ?, ?, ?, ?)',
    id,
    version,
    Math.round(store.now()),
    store.seal.sealText(JSON.stringify(described), place(version, 'description')),
    store.seal.sealVector(head ?? new Float32Array(0), place(version, 'head')),
    network ? store.seal.seal(network, place(version, 'network')) : null,
  )
  putWhoTrained(store, version, { ...described, strangers })
  return { kind: 'added', version }
}

/**
 * Inside `store.write`: what a run made. Where these very numbers are here already, what was known of them gives way to
 * what this run says: others judge now than did then. Who trained them then stays known besides. Refuses with 'in-use'
 * and 'way-back' where they are or were in force: no threshold of theirs is touched.
 */
export function keepCandidate(
  store: Store,
  candidate: NewModelVersion,
): { kind: 'added' | 'judged-anew'; version: string } | Refusal {
  const added = addModelVersion(store, candidate)
  if (added.kind === 'added') return added
  const { head, network, strangers = [], ...described } = candidate
  const version = network ? networkVersionOf(described.base, network) : versionOf(described.base, head!)
  const { inUse, replaced } = modelInUse(store)
  if (inUse === version)
    return {
      kind: 'refused',
      reason: 'in-use',
      message: `The run gave the model in use again (${version}), number by number: nothing was changed, and there is no candidate.`,
    }
  if (replaced.includes(version))
    return {
      kind: 'refused',
      reason: 'way-back',
      message: `The run gave a model again that was in use before (${version}): roll back to it instead. Nothing was changed.`,
    }
  const before = modelVersion(store, version)!
  const { trainedOn } = described
  const people = [...new Set([...before.trainedOn.people, ...trainedOn.people])]
  store.run(
    'UPDATE model_version SET made_at = ?, description = ? WHERE version = ?',
    Math.round(store.now()),
    store.seal.sealText(
      JSON.stringify({ ...described, trainedOn: { ...trainedOn, people } }),
      place(version, 'description'),
    ),
    version,
  )
  putWhoTrained(store, version, { ...described, strangers })
  return { kind: 'judged-anew', version }
}

/** What is said of a candidate when it is judged again, its numbers being what they were. */
export type Judgement = Pick<NewModelVersion, 'verdict' | 'report' | 'card'> & { judgedAgainst: string }

/**
 * Inside `store.write`: what was said of a candidate gives way to what those who judge now say. Refuses with
 * 'no-such-model', and with 'in-use' and 'way-back' where it is or was in force: no threshold of theirs is touched.
 */
export function putJudgement(
  store: Store,
  version: string,
  judgement: Judgement,
): { kind: 'judged-anew'; version: string } | Refusal {
  const before = modelVersion(store, version)
  if (!before) return noSuchModel
  const { inUse, replaced } = modelInUse(store)
  if (inUse === version)
    return { kind: 'refused', reason: 'in-use', message: 'This model is in use: roll back first.' }
  if (replaced.includes(version))
    return {
      kind: 'refused',
      reason: 'way-back',
      message: 'This model was in use before: what it was judged by then stays with the way back.',
    }
  const { version: _version, kind: _kind, name: _name, madeAt: _madeAt, bytes: _bytes, ...described } = before
  store.run(
    'UPDATE model_version SET description = ? WHERE version = ?',
    store.seal.sealText(JSON.stringify({ ...described, ...judgement }), place(version, 'description')),
    version,
  )
  return { kind: 'judged-anew', version }
}

/** Strangers that trained it, and those that trained what it descends from. */
function putWhoTrained(
  store: Store,
  version: string,
  { parent, base, strangers }: Pick<NewModelVersion, 'parent' | 'base'> & { strangers: readonly string[] },
): void {
  const inherited = [parent, base].map((each) => strangersThatTrained(store, each))
  putStrangersThatTrained(store, version, [...strangers, ...inherited.flatMap((each) => [...each])])
}

/** "1-3fa2b81c90de": the base and what the head's bytes hash to. */
export function versionOf(base: string, head: Float32Array): string {
  return `${base}-${hashOf(new Uint8Array(head.buffer, head.byteOffset, head.byteLength)).slice(0, 12)}`
}

/** "1-net-3fa2b81c90de57a1": the pre-trained version and the file's SHA-256, cut to 64 bits. */
export function networkVersionOf(base: string, network: Uint8Array): string {
  return `${base}-net-${hashOf(network).slice(0, 16)}`
}

export function modelVersions(store: Store): ModelVersion[] {
  return store
    .all(
      `SELECT id, version, made_at, description, network IS NOT NULL AS whole,
         coalesce(length(network), length(head)) AS bytes FROM model_version ORDER BY id`,
    )
    .map((row) => asModelVersion(store, row))
}

export function modelVersion(store: Store, version: string): ModelVersion | null {
  const row = store.get(
    `SELECT id, version, made_at, description, network IS NOT NULL AS whole,
       coalesce(length(network), length(head)) AS bytes FROM model_version WHERE version = ?`,
    version,
  )
  return row ? asModelVersion(store, row) : null
}

/** The head's numbers; null where there is no such version, or it is a whole network. */
export function modelHead(store: Store, version: string): Float32Array | null {
  const row = store.get('SELECT head FROM model_version WHERE version = ? AND network IS NULL', version)
  return row ? store.seal.openVector(row.head as Uint8Array, place(version, 'head')) : null
}

/**
 * The network's ONNX file; null where there is no such version, or it is a head. Throws where the bytes are not those its
 * version names: a changed network could let anybody in.
 */
export function modelNetwork(store: Store, version: string): Uint8Array | null {
  const row = store.get(
    'SELECT network FROM model_version WHERE version = ? AND network IS NOT NULL',
    version,
  )
  if (!row) return null
  const network = store.seal.open(row.network as Uint8Array, place(version, 'network'))
  if (!version.endsWith(`-net-${hashOf(network).slice(0, 16)}`))
    throw new Error(`The network of model ${version} is not the one its version names: it is not used.`)
  return network
}

/** The version whose network makes the embeddings of `version`: its own, or the one that its head goes over. */
export function networkUnder(store: Store, version: string): string {
  const row = modelVersion(store, version)
  return row?.kind === 'head' ? row.base : version
}

/** The pre-trained version that everything under `version` descends from. */
export function pretrainedUnder(store: Store, version: string): string {
  const row = modelVersion(store, version)
  return row ? pretrainedUnder(store, row.base) : version
}

/**
 * Inside `store.write`: with what it made of every photograph. Refuses with 'no-such-model', 'in-use', 'way-back' (what
 * a rollback would give), 'goes-over' (a head needs this network) and 'only-features' (a photograph without a crop that
 * no other model has seen).
 */
export function removeModelVersion(store: Store, version: string): { kind: 'removed' } | Refusal {
  const { inUse, replaced } = modelInUse(store)
  if (inUse === version)
    return { kind: 'refused', reason: 'in-use', message: 'This model is in use: roll back first.' }
  if (replaced.at(-1) === version)
    return {
      kind: 'refused',
      reason: 'way-back',
      message: 'This model is the way back from the one in use: it stays.',
    }
  const isNetwork = modelVersion(store, version)?.kind === 'network'
  const over = isNetwork && modelVersions(store).find(({ base }) => base === version)
  if (over)
    return {
      kind: 'refused',
      reason: 'goes-over',
      message: `${over.name} (${over.version}) goes over this network: delete that one first.`,
    }
  const only = store.get(
    `SELECT count(*) AS n FROM photograph WHERE id IN (SELECT photograph FROM embedding WHERE model_version = ?1)
     AND id NOT IN (SELECT photograph FROM embedding WHERE model_version <> ?1)
     AND id NOT IN (SELECT photograph FROM crop)`,
    version,
  )!
  if (Number(only.n) > 0)
    return {
      kind: 'refused',
      reason: 'only-features',
      message: 'Some photographs were kept by this model alone, without their crops: they would be lost.',
    }
  putPeopleOfDeleted(store, version, modelVersion(store, version)?.trainedOn?.people ?? [])
  if (store.run('DELETE FROM model_version WHERE version = ?', version) === 0) return noSuchModel
  for (const table of ['embedding', 'template', 'cohort_embedding', 'hard_example_embedding'])
    store.run(`DELETE FROM ${table} WHERE model_version = ?`, version)
  forgetWayBack(store, version)
  return { kind: 'removed' }
}

/**
 * Whether a model is here to be looked at alone: a whole network, of 22 MB, that a run here made, that its report rejected
 * and that was never used. The next candidate takes its place. Whoever had one judged again is not done with it: that one
 * stays.
 */
export function isKeptUntilNextRun(store: Store, version: string): boolean {
  const model = modelVersion(store, version)
  return (
    model?.kind === 'network' &&
    model.verdict === 'reject' &&
    (model.report as { judgedAgainAt?: unknown } | null)?.judgedAgainAt === undefined &&
    runThatMade(store, version) !== null &&
    !modelEvents(store).some((event) => event.kind === 'promoted' && event.version === version)
  )
}

/** Inside `store.write`, with a new candidate: others that were only looked at go. Gives their versions. */
export function dropLookedAt(store: Store, candidate: string): string[] {
  return modelVersions(store)
    .map(({ version }) => version)
    .filter((version) => version !== candidate && isKeptUntilNextRun(store, version))
    .filter((version) => removeModelVersion(store, version).kind === 'removed')
}

export const noSuchModel: Refusal = {
  kind: 'refused',
  reason: 'no-such-model',
  message: 'There is no such model (any more): semblance models lists them.',
}

function asModelVersion(store: Store, row: Row): ModelVersion {
  const version = String(row.version)
  return {
    ...(JSON.parse(store.seal.openText(row.description as Uint8Array, place(version, 'description'))) as Omit<
      NewModelVersion,
      'head' | 'network' | 'strangers'
    >),
    version,
    kind: row.whole === 1 ? 'network' : 'head',
    name: `retrained ${row.id}`,
    madeAt: Number(row.made_at),
    bytes: Number(row.bytes),
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function place(version: string, column: string) {
  return { table: 'model_version', row: version, column, person: null }
}
