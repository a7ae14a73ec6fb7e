import type { Strangers } from './pairing.ts'

/** People of cohorts, and the photograph that each row is. */
export interface CohortPeople extends Strangers {
  photographs: number[]
}

/** People of a cohort that judges: from these on no folds are trained. */
export const fewestJudges = 20

/**
 * Who trains a network and who judges it. Folds would cost two more trainings of minutes each: where many may be trained
 * on and hardly anybody judges, every fifth of them judges instead, and is in no training.
 */
export function partedToJudge(
  mayTrain: CohortPeople | null,
  judging: CohortPeople | null,
): { mayTrain: CohortPeople | null; judging: CohortPeople | null } {
  const judges = judging ? new Set(judging.people).size : 0
  const trained = mayTrain ? new Set(mayTrain.people).size : 0
  if (!mayTrain || judges >= fewestJudges || trained < judgesShare * fewestJudges)
    return { mayTrain, judging }
  const isJudge = (person: number) => person % judgesShare === judgesShare - 1
  const [kept, spared] = [rowsOf(mayTrain, (person) => !isJudge(person)), rowsOf(mayTrain, isJudge)]
  return { mayTrain: kept, judging: judging ? joined(judging, spared) : spared }
}

const judgesShare = 5

function rowsOf({ vectors, people, photographs }: CohortPeople, wanted: (person: number) => boolean) {
  const rows = Array.from(people.keys()).filter((row) => wanted(people[row]!))
  const dimension = vectors.length / people.length
  const picked = new Float32Array(rows.length * dimension)
  for (const [i, row] of rows.entries())
    picked.set(vectors.subarray(row * dimension, (row + 1) * dimension), i * dimension)
  return {
    vectors: picked,
    people: Int32Array.from(rows, (row) => people[row]!),
    photographs: rows.map((row) => photographs[row]!),
  }
}

/** The second's people keep apart from the first's. */
function joined(first: CohortPeople, second: CohortPeople): CohortPeople {
  const vectors = new Float32Array(first.vectors.length + second.vectors.length)
  vectors.set(first.vectors)
  vectors.set(second.vectors, first.vectors.length)
  const after = 1 + first.people.reduce((most, person) => Math.max(most, person), -1)
  return {
    vectors,
    people: Int32Array.from([...first.people, ...second.people.map((person) => after + person)]),
    photographs: [...first.photographs, ...second.photographs],
  }
}
