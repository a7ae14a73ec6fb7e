import type { AttemptId, AttemptOutcome, ComparisonForm, PersonId } from '../contract.ts'
import { nameTag } from './people.ts'
import type { NewAttempt, RecentFailures, StoredAttempt } from './records.ts'
import type { Row, Store } from './store.ts'

/** Inside `store.write`. An attempt against someone who was forgotten meanwhile becomes nobody's. */
export function addAttempt(store: Store, attempt: NewAttempt): AttemptId {
  const id = store.nextId('attempt')
  const known = attempt.person !== null && store.get('SELECT id FROM person WHERE id = ?', attempt.person)
  const person = known ? attempt.person : null
  const forgotten = attempt.person !== null && !known
  const claim = forgotten ? `person ${attempt.person}` : attempt.claim
  store.run(
    `INSERT INTO attempt (id, at, person, claim, claim_tag, outcome, distance, threshold, form, model_version)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    id,
    Math.round(attempt.at),
    person,
    store.seal.sealText(claim, place(id, person)),
    forgotten ? null : nameTag(store, claim),
    attempt.outcome,
    attempt.distance,
    attempt.threshold,
    attempt.form,
    attempt.modelVersion,
  )
  return id
}

export function attempts(
  store: Store,
  { limit, before, person }: { limit: number; before?: AttemptId; person?: PersonId },
): StoredAttempt[] {
  return store
    .all(
      // By time, not by number: imported attempts are older than their numbers.
      `SELECT * FROM attempt
       WHERE (?1 IS NULL OR (at, id) < (SELECT at, id FROM attempt WHERE id = ?1)) AND (?2 IS NULL OR person = ?2)
       ORDER BY at DESC, id DESC LIMIT ?3`,
      before ?? null,
      person ?? null,
      limit,
    )
    .map((row) => asAttempt(store, row))
}

/** Attempts that had a picture before them, and those that gave no usable face: failures to acquire (ISO/IEC 19795-1). */
export function acquisition(store: Store): { failures: number; of: number } {
  const row = store.get(
    `SELECT count(*) AS of, count(*) FILTER (WHERE outcome NOT IN ('match', 'no-match')) AS failures
     FROM attempt WHERE outcome IN ('match', 'no-match', 'no-face', 'several-faces', 'poor-quality')`,
  )!
  return { failures: Number(row.failures), of: Number(row.of) }
}

/**
 * Only 'no-match' is a failure, and only 'match' ends a row of them: a dark frame or a locked door counts as neither. Where
 * the clock was set back after the last failure, its time is the earliest that was logged since: the lock it began ends.
 */
export function recentFailures(store: Store, person: PersonId): RecentFailures {
  const row = store.get(
    `WITH failure AS (SELECT id FROM attempt
       WHERE person = ?1 AND outcome = 'no-match' AND id >
         coalesce((SELECT max(id) FROM attempt WHERE person = ?1 AND outcome = 'match'), 0))
     SELECT (SELECT count(*) FROM failure) AS failures,
       (SELECT min(at) FROM attempt WHERE person = ?1 AND id >= (SELECT max(id) FROM failure)) AS last_at`,
    person,
  )!
  return {
    failures: Number(row.failures),
    lastAt: row.last_at === null ? null : Number(row.last_at),
  }
}

function place(id: AttemptId, person: PersonId | null) {
  return { table: 'attempt', row: id, column: 'claim', person }
}

function asAttempt(store: Store, row: Row): StoredAttempt {
  const id = Number(row.id)
  const person = row.person === null ? null : Number(row.person)
  return {
    attempt: id,
    at: Number(row.at),
    person,
    claim: store.seal.openText(row.claim as Uint8Array, place(id, person)),
    outcome: row.outcome as AttemptOutcome,
    distance: row.distance as number | null,
    threshold: row.threshold as number | null,
    form: row.form as ComparisonForm,
    modelVersion: String(row.model_version),
  }
}
