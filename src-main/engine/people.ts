import type { PersonDetails, PersonId, PersonSummary, PhotographId, PhotographSummary } from '../contract.ts'
import { formOf } from '../evaluation/form.ts'
import type { Person, Photograph, StoredEmbedding, Template } from '../gallery/records.ts'
import { distance, fuse } from '../vision/embedding.ts'
import { qualityScore } from '../vision/quality/quality.ts'
import type { Parts } from './parts.ts'
import { thresholdsInForce } from './tuning/in-force.ts'

const attemptsShown = 1000 // the newest; a chart of distances over time needs no more
const nearestShown = 5

/** Everybody enrolled, in order of enrolment. */
export function summaries(parts: Parts): PersonSummary[] {
  const { gallery, model } = parts
  const people = gallery.people()
  const templates = gallery.templates(model.version)
  const names = new Map(people.map(({ person, name }) => [person, name]))
  const confusable = confusabilityOf(parts, templates)
  return people.map((person) => {
    const own = templates.find((template) => template.person === person.person)
    const nearest = own && confusable(own)
    return summary(
      person,
      gallery.photographs(person.person),
      nearest ? { ...nearest, name: names.get(nearest.person)! } : null,
    )
  })
}

/** One person with their photographs, who is near them, and how near their probes have been; null for nobody. */
export function details(parts: Parts, id: PersonId): PersonDetails | null {
  const { gallery, model } = parts
  const person = gallery.person(id)
  if (!person) return null
  const photographs = gallery.photographs(id)
  const embeddings = gallery.embeddings(model.version, id)
  const templates = gallery.templates(model.version)
  const own = templates.find((template) => template.person === id)
  const nearest = own ? nearestTo(own, templates).slice(0, nearestShown) : []
  const confusable = own ? confusabilityOf(parts, templates)(own) : null
  const named = (other: { person: PersonId; distance: number }) => {
    const { name } = gallery.person(other.person)!
    return { person: other.person, name, distance: other.distance }
  }
  return {
    ...summary(person, photographs, confusable && named(confusable)),
    photographList: photographs.map((photograph) => photographSummary(photograph, embeddings)),
    skippedViews: person.skippedViews,
    nearest: nearest.map(named),
    genuineOverTime: gallery.attempts
      .newest({ limit: attemptsShown, person: id })
      .flatMap(({ at, distance, outcome }) => (distance === null ? [] : [{ at, distance, outcome }]))
      .reverse(),
  }
}

function summary(
  person: Person,
  photographs: Photograph[],
  confusableWith: PersonSummary['confusableWith'],
): PersonSummary {
  return {
    person: person.person,
    name: person.name,
    photographs: photographs.length,
    bestPhotograph: bestOf(photographs),
    enrolledAt: person.enrolledAt,
    lastVerifiedAt: person.lastVerifiedAt,
    quality: mean(photographs.map(({ quality }) => passing(quality))),
    confusableWith,
  }
}

function photographSummary(photograph: Photograph, embeddings: StoredEmbedding[]): PhotographSummary {
  const own = embeddings.find((stored) => stored.photograph === photograph.photograph)
  const others = embeddings.filter((stored) => stored !== own).map(({ embedding }) => embedding)
  return {
    photograph: photograph.photograph,
    capturedAt: photograph.capturedAt,
    source: photograph.source,
    view: photograph.view,
    quality: photograph.quality,
    distanceToOthers: own && others.length > 0 ? distance(own.embedding, fuse(others)) : null,
  }
}

/** The photograph to show for a person: the front one, else the one of best quality. */
function bestOf(photographs: Photograph[]): PhotographId | null {
  const rank = ({ view, quality }: Photograph) => (view === 'front' ? 1 : 0) + qualityScore(quality)
  const [best] = photographs.filter(({ hasCrop }) => hasCrop).toSorted((a, b) => rank(b) - rank(a))
  return best?.photograph ?? null
}

/** A template is a fused set of photographs, so two of them compare in the form burst × template. */
function confusabilityOf(parts: Parts, templates: Template[]) {
  const inForce = thresholdsInForce(parts)
  return (own: Template) => {
    const [nearest] = nearestTo(own, templates)
    if (!nearest) return null
    const counts = { template: nearest.photographs, burst: own.photographs }
    const { form } = formOf(counts.template, counts.burst)
    const threshold = inForce(form, counts, nearest.person)
    return nearest.distance <= threshold.distance ? nearest : null
  }
}

function nearestTo(own: Template, templates: Template[]) {
  return templates
    .filter(({ person }) => person !== own.person)
    .map(({ person, photographs, embedding }) => ({
      person,
      photographs,
      distance: distance(own.embedding, embedding),
    }))
    .sort((a, b) => a.distance - b.distance)
}

function passing(quality: Photograph['quality']): number {
  return quality.length === 0 ? 0 : quality.filter(({ passes }) => passes).length / quality.length
}

function mean(numbers: number[]): number {
  return numbers.length === 0 ? 0 : numbers.reduce((sum, number) => sum + number, 0) / numbers.length
}
