import type { CardEvidence } from '../../gate/card-line.ts'
import type { Strangers } from '../people/strangers.ts'
import type { Card } from './candidate-card.ts'

/** A cohort that a model's card was measured on, and what the card says of one photograph against one. */
export interface CardCohort<P = Strangers> extends Omit<CardEvidence, 'paired'> {
  people: P
}

/** The cohorts that a card names, with the card's own rate; null where the user has none of them, or the card no such form. */
export function cardCohortOf<P = Strangers>(
  card: Card,
  named: (isNamed: (cohort: string) => boolean) => P | null,
): CardCohort<P> | null {
  const one = card.forms.find(({ template, burst }) => template === 1 && burst === 1)
  const point = one?.operatingPoints.find((point) => point.fmr === wantedFmr)
  if (point?.tmr === undefined) return null
  const people = named((cohort) => isNamedBy(card.measuredOn, cohort))
  return people && { people, inWords: 'the cohort the card was measured on', fmr: wantedFmr, tar: point.tmr }
}

const wantedFmr = 1e-3

/** "LFW development" is a cohort of "Labeled Faces in the Wild, …": the set's name, or its capitals, stands in the cohort's. */
export function isNamedBy(measuredOn: string, cohort: string): boolean {
  const set = measuredOn.split(',')[0]!.trim()
  const capitals = set.replace(/[^A-Z]/g, '')
  const words = cohort.split(/[^\p{L}\p{N}]+/u)
  return (
    cohort.toLowerCase().includes(set.toLowerCase()) ||
    (capitals.length >= 3 && words.some((word) => word.toUpperCase() === capitals))
  )
}
