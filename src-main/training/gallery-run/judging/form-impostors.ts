import type { Ascending } from './equal-threshold.ts'
import { ascending } from './equal-threshold.ts'
import { meanOf } from './pairing.ts'

/** Photographs under both models, and the rows of each person. */
export interface PeopleUnderBoth {
  before: Float32Array // photographs × dimension, unit length
  after: Float32Array
  dimension: number
  rows: readonly (readonly number[])[]
}

/** Impostor distances in a form, of so many photographs in a template and fused into a probe; null where there are too few. */
export type FormImpostors = (template: number, burst: number) => Ascending | null

/**
 * Templates of some people against probes of others, fused in any form: a network moves the distances of one photograph
 * and those of a mean of ten by another measure. Templates and probes are made of as many of a person's photographs as
 * the form has, photographs enough for several of them giving several.
 * @param probes null: the same people probe each other
 */
export function formImpostors(references: PeopleUnderBoth, probes: PeopleUnderBoth | null): FormImpostors {
  const known = new Map<string, Ascending | null>()
  return (template, burst) => {
    const form = `${template} ${burst}`
    if (!known.has(form)) known.set(form, compared(references, probes, template, burst))
    return known.get(form)!
  }
}

const fewestPeople = 5 // on each side
const fewestPairs = 200 // comparisons: the tenth nearest is then among the nearest twentieth
const mostOfOne = 5 // templates, or probes, of one person
const mostPairs = 200_000

function compared(
  references: PeopleUnderBoth,
  others: PeopleUnderBoth | null,
  template: number,
  burst: number,
): Ascending | null {
  const templates = fused(references, template)
  const probes = fused(others ?? references, burst)
  if (new Set(templates.map(({ person }) => person)).size < fewestPeople) return null
  if (new Set(probes.map(({ person }) => person)).size < fewestPeople) return null
  const every = Math.max(1, Math.ceil((templates.length * probes.length) / mostPairs))
  const found: { before: number[]; after: number[] } = { before: [], after: [] }
  for (const [i, probe] of probes.entries()) {
    if (i % every !== 0) continue
    for (const reference of templates) {
      if (!others && reference.person === probe.person) continue
      found.before.push(apart(probe.before, reference.before))
      found.after.push(apart(probe.after, reference.after))
    }
  }
  if (found.before.length < fewestPairs) return null
  return ascending({ before: Float32Array.from(found.before), after: Float32Array.from(found.after) })
}

function fused({ before, after, dimension, rows }: PeopleUnderBoth, photographs: number) {
  return rows.flatMap((own, person) =>
    Array.from({ length: Math.min(mostOfOne, Math.floor(own.length / photographs)) }, (_, i) => {
      const group = own.slice(i * photographs, (i + 1) * photographs)
      return {
        person,
        before: meanOf(before, dimension, group),
        after: meanOf(after, dimension, group),
      }
    }),
  )
}

function apart(a: Float32Array, b: Float32Array): number {
  let squares = 0
  for (let k = 0; k < a.length; k++) squares += (a[k]! - b[k]!) ** 2
  return Math.sqrt(squares)
}

/** Rows of each person, of a list that says whose each row is. */
export function rowsByPerson(people: Int32Array): number[][] {
  const rows = new Map<number, number[]>()
  for (const [row, person] of people.entries()) {
    const own = rows.get(person)
    if (own) own.push(row)
    else rows.set(person, [row])
  }
  return [...rows.values()]
}
