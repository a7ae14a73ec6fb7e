import type { PersonId, Refusal } from '../contract.ts'
import { addAttempt } from './attempts.ts'
import { setPersonalChoice } from './choices.ts'
import { insertEmbedding } from './embeddings.ts'
import type { ExportedHardExample, ExportedPerson } from './export-records.ts'
import { addHardExampleUnseen } from './hard-examples.ts'
import { withCohort, withNumber, type Numbers } from './import-numbers.ts'
import { addPerson } from './people.ts'
import { addPhotographs } from './photographs.ts'
import type { Store } from './store.ts'
import { refreshTemplates } from './templates.ts'

/** Names were checked with the file, so that a refusal means: taken. */
export function importPerson(
  store: Store,
  person: ExportedPerson,
  hashes: string[],
  numbers: Numbers,
): { kind: 'imported' } | Refusal {
  const added = withNumber(store, 'person', person.number, numbers, () =>
    addPerson(store, person, person.enrolledAt),
  )
  if (added.kind === 'refused') return added
  const here = added.person
  for (const run of runsOf(person.photographs)) importPhotographs(store, here, run, numbers)
  refreshTemplates(store, here)
  for (const attempt of person.attempts) addAttempt(store, { ...attempt, person: here })
  for (const choice of person.personalChoices)
    setPersonalChoice(store, { ...withCohort(choice, numbers), person: here })
  for (const [i, example] of person.hardExamples.entries())
    importHardExample(store, here, example, hashes[i]!)
  if (person.number !== undefined) numbers.people.set(person.number, here)
  return { kind: 'imported' }
}

/** Photographs whose numbers follow on each other, which are inserted at once. */
function runsOf(photographs: ExportedPerson['photographs']): ExportedPerson['photographs'][] {
  const runs: ExportedPerson['photographs'][] = []
  for (const photograph of photographs) {
    const run = runs.at(-1)
    const before = run?.at(-1)?.number
    if (run && (before === undefined ? photograph.number === undefined : photograph.number === before + 1))
      run.push(photograph)
    else runs.push([photograph])
  }
  return runs
}

function importPhotographs(
  store: Store,
  person: PersonId,
  run: ExportedPerson['photographs'],
  numbers: Numbers,
): void {
  const firsts = run.map(({ embeddings, ...photograph }) => ({ ...photograph, ...embeddings[0]! }))
  const kept = withNumber(store, 'photograph', run[0]!.number, numbers, () =>
    addPhotographs(store, person, firsts),
  )
  if (kept.kind === 'refused') throw new Error(kept.message) // the person was added a moment ago
  run.forEach(({ number, embeddings }, i) => {
    const here = kept.photographs[i]!
    if (number !== undefined) numbers.photographs.set(number, here)
    for (const { modelVersion, features, embedding } of embeddings.slice(1))
      insertEmbedding(store, here, person, modelVersion, features, embedding)
  })
}

/** One that is kept here already, of whomever, stays as it is; a run looks at its crop before it trains, as at a stranger's. */
function importHardExample(
  store: Store,
  person: PersonId,
  { kind, keptAt, distance, crop }: ExportedHardExample,
  cropHash: string,
): void {
  const kept = addHardExampleUnseen(store, { kind, person, distance, crop, cropHash })
  if (kept.kind === 'refused') return
  store.run('UPDATE hard_example SET kept_at = ? WHERE id = ?', keptAt, kept.id)
}
