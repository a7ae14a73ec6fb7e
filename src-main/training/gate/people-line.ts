import type { Line } from './line.ts'
import { atEqualRate, errorsByPerson, supportedRate, type Paired } from './paired.ts'

/** Own errors of one person, held-out photographs against their own template. */
export interface PersonChange {
  person: number
  comparisons: number
  before: number
  after: number
}

/** Everybody's own errors, those who lose most first. */
export function changesOfPeople(parts: readonly Paired[], wantedFmr: number): PersonChange[] {
  const judged = parts.filter(
    ({ genuine, impostor }) => genuine.people.length > 0 && impostor.people.length > 0,
  )
  const rates = judged.map((paired) => atEqualRate(paired, supportedRate(paired, wantedFmr)))
  const errors = errorsByPerson(
    judged.map(({ genuine }, i) => ({
      distances: genuine,
      wrong: (side, distance) => !(distance <= rates[i]![side]),
    })),
  )
  return [...errors]
    .map(([person, own]) => ({ person, ...own }))
    .sort((a, b) => b.after - b.before - (a.after - a.before) || a.person - b.person)
}

/** Nobody may be lost: a person who was recognised more often than not and now is not. */
export function peopleLine(changes: readonly PersonChange[]): Line {
  const lost = changes.filter(
    ({ comparisons, before, after }) =>
      after - before >= fewestErrors && before < comparisons / 2 && after >= comparisons / 2,
  )
  const [gained, worse] = [
    changes.filter(({ before, after }) => after < before).length,
    changes.filter(({ before, after }) => after > before).length,
  ]
  return {
    id: 'people',
    title: 'Each person',
    outcome: changes.length === 0 ? 'not-judged' : lost.length > 0 ? 'worse' : 'not-worse',
    sentence:
      lost.length > 0
        ? `${lost.length === 1 ? 'One person is' : `${lost.length} people are`} no longer recognised in half of their own held-out photographs.`
        : `Of ${changes.length} people ${gained} are rejected less often, ${worse} more often; nobody is lost.`,
    before: null,
    after: null,
  }
}

const fewestErrors = 2 // one photograph may be a bad one
