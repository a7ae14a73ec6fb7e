import { distanceBetween, fuseRows, type Embeddings } from '../../../evaluation/embeddings.ts'
import { limitBetween } from '../../gate/mixed-people.ts'
import type { Strangers } from './strangers.ts'

/** A probe that somebody at the machine said was decided wrongly. */
export interface SaidWrong {
  /** 'them': refused though it was them. 'not-them': accepted though it was somebody else. */
  kind: 'them' | 'not-them'
  /** Place of the person who was claimed. */
  person: number
  vector: Float32Array // unit length
}

/** Why a probe does not train; `like` is the place of the enrolled person it looks like. */
export type LeftOut = { why: 'unlike' | 'stranger'; like: null } | { why: 'enrolled'; like: number }

/** Everybody whom a probe may show, as the model in use embeds them. */
export interface Known {
  embeddings: Embeddings
  /** Rows of each enrolled person's photographs. */
  rows: readonly number[][]
  /** People of cohorts who are in no training. */
  strangers: Strangers | null
  /** Photograph × template, as it decides now. */
  threshold: number
}

/**
 * Why each probe is left out of a training; null where it trains. Who sits at the machine says what a probe shows, and
 * may be an impostor: a word is believed only where the model in use sees nothing against it. A probe is 'them' where it
 * is to their template as near as their own photographs are, and to nobody else's nearer; and a stranger where it is
 * nobody else who is enrolled, for it would be pushed from that person's own photographs.
 */
export function hardExamplesUsed(probes: readonly SaidWrong[], known: Known): (LeftOut | null)[] {
  if (probes.length === 0) return []
  const { embeddings, rows, strangers, threshold } = known
  const { dimension } = embeddings
  const enrolled = rows.map((own) => fuseRows(embeddings, own))
  const others = strangers ? templatesOf(strangers, dimension) : []
  const apart = limitBetween(embeddings, rows) ?? threshold
  // Nobody gains by what is accepted anyway; an odd photograph among their own opens no door to other people.
  const limits = rows.map((own) => Math.max(threshold, Math.min(farthestOwn(embeddings, own), apart)))
  return probes.map(({ kind, person, vector }) => {
    const to = (template: Float32Array) => distanceBetween(vector, 0, template, 0, dimension)
    const another = nearest(enrolled, to, person)
    if (kind === 'not-them')
      return another.distance <= threshold ? { why: 'enrolled', like: another.place } : null
    const own = to(enrolled[person]!)
    if (another.distance <= own) return { why: 'enrolled', like: another.place }
    if (nearest(others, to).distance <= own) return { why: 'stranger', like: null }
    return own <= limits[person]! ? null : { why: 'unlike', like: null }
  })
}

/**
 * Which probes were said to be somebody else although they are as near to the person's template as their own photographs
 * are: a mistake or a lie about a true match, which would push the person from themselves, or their double. Whoever owns
 * the gallery has to look. Where there is one photograph, everybody else's say how near own ones are.
 */
export function likeThemselves(
  probes: readonly SaidWrong[],
  { embeddings, rows }: Pick<Known, 'embeddings' | 'rows'>,
): boolean[] {
  if (!probes.some(({ kind }) => kind === 'not-them')) return probes.map(() => false)
  const { dimension } = embeddings
  const farthest = rows.map((own) => farthestOwn(embeddings, own))
  const known = farthest.filter((distance) => distance > 0).sort((a, b) => a - b)
  const usual = known[known.length >> 1] ?? 0
  return probes.map(({ kind, person, vector }) => {
    if (kind !== 'not-them') return false
    const template = fuseRows(embeddings, rows[person]!)
    return distanceBetween(vector, 0, template, 0, dimension) <= (farthest[person]! || usual)
  })
}

/** From the template of the others, as a probe is compared; 0 where there are none. */
function farthestOwn(embeddings: Embeddings, own: readonly number[]): number {
  if (own.length < 2) return 0
  const { vectors, dimension } = embeddings
  const distances = own.map((row) => {
    const others = own.filter((other) => other !== row)
    return distanceBetween(vectors, row, fuseRows(embeddings, others), 0, dimension)
  })
  return Math.max(...distances)
}

function nearest(
  templates: readonly Float32Array[],
  to: (template: Float32Array) => number,
  except?: number,
): { place: number; distance: number } {
  let found = { place: -1, distance: Infinity }
  for (const [place, template] of templates.entries()) {
    const distance = place === except ? Infinity : to(template)
    if (distance < found.distance) found = { place, distance }
  }
  return found
}

function templatesOf({ vectors, people }: Strangers, dimension: number): Float32Array[] {
  const rows = new Map<number, number[]>()
  for (const [row, person] of people.entries()) rows.set(person, [...(rows.get(person) ?? []), row])
  return [...rows.values()].map((own) => fuseRows({ vectors, dimension, people }, own))
}
