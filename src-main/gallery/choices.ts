import { createHash } from 'node:crypto'
import type {
  ComparisonForm,
  PersonalChoice,
  PersonId,
  PhotographId,
  Refusal,
  ThresholdChoice,
} from '../contract.ts'
import { noSuchPhotograph } from './refusals.ts'
import type { NotSame } from './records.ts'
import type { Store } from './store.ts'

/** The threshold that was chosen for each form, with its evidence. Sealed: nobody loosens it by editing the file. */
export function choices(store: Store): ThresholdChoice[] {
  return store
    .all(`SELECT form, choice FROM threshold_choice WHERE ${isEverybodys} ORDER BY form`)
    .map(
      ({ form, choice }) =>
        JSON.parse(store.seal.openText(choice as Uint8Array, place(String(form)))) as ThresholdChoice,
    )
}

/** Inside `store.write`. */
export function setChoice(store: Store, choice: ThresholdChoice): void {
  const { form } = choice.form
  store.run(
    'INSERT OR REPLACE INTO threshold_choice (form, choice) VALUES (?, ?)',
    form,
    store.seal.sealText(JSON.stringify(choice), place(form)),
  )
}

/** Inside `store.write`. Whether there was one. */
export function forgetChoice(store: Store, form: ComparisonForm): boolean {
  return store.run('DELETE FROM threshold_choice WHERE form = ?', form) > 0
}

// A person's own threshold lies beside everybody's, under a key that names them, the form and the model: what was chosen
// for a model that is put back holds again.
const isEverybodys = `form NOT LIKE 'personal %'`

/** The stricter thresholds of single people. */
export function personalChoices(store: Store): PersonalChoice[] {
  return store
    .all(`SELECT form AS key, choice FROM threshold_choice WHERE NOT ${isEverybodys} ORDER BY form`)
    .map(({ key, choice }) => {
      const person = Number(String(key).split(' ')[1])
      return JSON.parse(
        store.seal.openText(choice as Uint8Array, place(String(key), person)),
      ) as PersonalChoice
    })
}

/** Inside `store.write`. */
export function setPersonalChoice(store: Store, choice: PersonalChoice): void {
  const key = `personal ${choice.person} ${choice.form.form} ${choice.model.version}`
  store.run(
    'INSERT OR REPLACE INTO threshold_choice (form, choice) VALUES (?, ?)',
    key,
    store.seal.sealText(JSON.stringify(choice), place(key, choice.person)),
  )
}

/** Inside `store.write`. Whether there was one; without a form, all of this person's. */
export function forgetPersonalChoices(store: Store, person: PersonId, form?: ComparisonForm): boolean {
  const key = `personal ${person} ${form === undefined ? '' : `${form} `}`
  return store.run('DELETE FROM threshold_choice WHERE substr(form, 1, ?) = ?', key.length, key) > 0
}

/** Inside `store.write`: of everybody's, under whichever model. */
export function forgetChoices(store: Store): void {
  store.run(`DELETE FROM threshold_choice WHERE ${isEverybodys}`)
}

/** Changes whenever a photograph or a person comes, goes, or changes hands. */
export function fingerprint(store: Store): string {
  const { photographs, marks } = store.get(
    `SELECT
       (SELECT group_concat(id || ' ' || person, ',') FROM (SELECT id, person FROM photograph ORDER BY id)) AS photographs,
       (SELECT group_concat(a || ' ' || b, ',') FROM (SELECT a, b FROM not_same_photograph ORDER BY a, b)) AS marks`,
  )!
  return createHash('sha256')
    .update(`${photographs ?? ''};${marks ?? ''}`)
    .digest('hex')
    .slice(0, 32)
}

/**
 * Inside `store.write`. Of two people: the mark is theirs, whichever photographs they were shown with. Of one person's
 * photographs: it is about these two alone.
 */
export function markNotSame(
  store: Store,
  a: PhotographId,
  b: PhotographId,
  notSame: boolean,
): { kind: 'marked' } | Refusal {
  const person = (photograph: PhotographId) =>
    store.get('SELECT person FROM photograph WHERE id = ?', photograph)?.person
  const [first, second] = [person(a), person(b)]
  if (first === undefined || second === undefined) return noSuchPhotograph
  if (a === b)
    return {
      kind: 'refused',
      reason: 'same-photograph',
      message: 'A photograph shows the same person as itself. Two different ones are needed.',
    }
  const [table, x, y] =
    first === second ? ['not_same_photograph', a, b] : ['not_same_person', Number(first), Number(second)]
  const pair = [Math.min(Number(x), Number(y)), Math.max(Number(x), Number(y))]
  store.run(
    notSame
      ? `INSERT OR IGNORE INTO ${table} (a, b) VALUES (?, ?)`
      : `DELETE FROM ${table} WHERE a = ? AND b = ?`,
    ...pair,
  )
  return { kind: 'marked' }
}

export function notSame(store: Store): NotSame {
  const pairs = (table: string) =>
    store
      .all(`SELECT a, b FROM ${table} ORDER BY a, b`)
      .map(({ a, b }): [number, number] => [Number(a), Number(b)])
  return { people: pairs('not_same_person'), photographs: pairs('not_same_photograph') }
}

function place(key: string, person: PersonId | null = null) {
  return { table: 'threshold_choice', row: key, column: 'choice', person }
}
