import type { PersonId, Refusal, View } from '../contract.ts'
import { forgetPersonalChoices } from './choices.ts'
import { comparableName, nameRefusal, refuse } from './person-name.ts'
import type { NewPerson, Person } from './records.ts'
import { notEnrolled } from './refusals.ts'
import type { Row, Store } from './store.ts'

const columns = `
  SELECT id, name, enrolled_at, consent_at, skipped_views,
    (SELECT count(*) FROM photograph WHERE person = person.id) AS photographs,
    (SELECT max(at) FROM attempt WHERE person = person.id AND outcome = 'match') AS last_verified_at
  FROM person`

export function people(store: Store): Person[] {
  return store.all(`${columns} ORDER BY id`).map((row) => asPerson(store, row))
}

export function person(store: Store, id: PersonId): Person | null {
  const row = store.get(`${columns} WHERE id = ?`, id)
  return row ? asPerson(store, row) : null
}

export function personByName(store: Store, name: string): Person | null {
  const row = store.get(`${columns} WHERE name_tag = ?`, nameTag(store, name))
  return row ? asPerson(store, row) : null
}

/** Inside `store.write`. */
export function addPerson(
  store: Store,
  { name, consentAt, skippedViews }: NewPerson,
  enrolledAt = store.now(),
): { kind: 'added'; person: PersonId } | Refusal {
  const refusal = nameRefusal(name)
  if (refusal) return refusal
  if (personByName(store, name)) return refuse('taken')
  const id = store.nextId('person')
  store.run(
    'INSERT INTO person (id, name, name_tag, enrolled_at, consent_at, skipped_views) VALUES (?, ?, ?, ?, ?, ?)',
    id,
    store.seal.sealText(name, namePlace(id)),
    nameTag(store, name),
    Math.round(enrolledAt),
    Math.round(consentAt),
    skippedViews.join(' '),
  )
  return { kind: 'added', person: id }
}

/** Inside `store.write`. */
export function rename(store: Store, id: PersonId, name: string): { kind: 'renamed' } | Refusal {
  const refusal = nameRefusal(name)
  if (refusal) return refusal
  if (!person(store, id)) return notEnrolled
  const holder = personByName(store, name)
  if (holder && holder.person !== id) return refuse('taken')
  store.run(
    'INSERT OR IGNORE INTO former_name (person, name_tag) SELECT id, name_tag FROM person WHERE id = ?',
    id,
  )
  store.run(
    'UPDATE person SET name = ?, name_tag = ? WHERE id = ?',
    store.seal.sealText(name, namePlace(id)),
    nameTag(store, name),
    id,
  )
  return { kind: 'renamed' }
}

/**
 * Inside `store.write`. The audit log keeps its lines, but "person 7" stands where the name stood: in the attempts
 * against this person, and in those nobody's that claimed a name of theirs.
 */
export function forget(store: Store, id: PersonId): { kind: 'forgotten' } | Refusal {
  if (!store.get('SELECT id FROM person WHERE id = ?', id)) return notEnrolled
  const attempts = store.all(
    `SELECT id FROM attempt WHERE person = ?1 OR person IS NULL AND claim_tag IN
       (SELECT name_tag FROM person WHERE id = ?1 UNION SELECT name_tag FROM former_name WHERE person = ?1)`,
    id,
  )
  for (const attempt of attempts) {
    const place = { table: 'attempt', row: Number(attempt.id), column: 'claim', person: null }
    store.run(
      'UPDATE attempt SET person = NULL, claim = ?, claim_tag = NULL WHERE id = ?',
      store.seal.sealText(`person ${id}`, place),
      attempt.id!,
    )
  }
  forgetPersonalChoices(store, id)
  store.run('DELETE FROM person WHERE id = ?', id)
  return { kind: 'forgotten' }
}

export function nameTag(store: Store, name: string): Uint8Array {
  return store.seal.tag(comparableName(name))
}

function namePlace(id: PersonId) {
  return { table: 'person', row: id, column: 'name', person: id }
}

function asPerson(store: Store, row: Row): Person {
  const id = Number(row.id)
  return {
    person: id,
    name: store.seal.openText(row.name as Uint8Array, namePlace(id)),
    enrolledAt: Number(row.enrolled_at),
    consentAt: Number(row.consent_at),
    skippedViews: String(row.skipped_views).split(' ').filter(Boolean) as View[],
    photographs: Number(row.photographs),
    lastVerifiedAt: row.last_verified_at === null ? null : Number(row.last_verified_at),
  }
}
