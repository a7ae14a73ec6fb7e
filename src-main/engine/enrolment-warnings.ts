import type { EnrolmentWarning, PersonId } from '../contract.ts'
import { formOf } from '../evaluation/form.ts'
import type { Template } from '../gallery/records.ts'
import { distance, fuse } from '../vision/embedding.ts'
import type { DraftFace } from './enrolment.ts'
import type { ModelCard } from './model-card.ts'
import type { Parts } from './parts.ts'
import { thresholdFromCard } from './threshold.ts'
import { thresholdsInForce } from './tuning/in-force.ts'

/**
 * Two files nearer than this are one photograph saved twice. Measured: re-encoding, scaling and brightening one moved its
 * embedding by 0.045 at most; no two photographs of one person in LFW were nearer than 0.12.
 */
export const samePhotographDistance = 0.06

/** What the user should look at before a draft is saved. None of it keeps them from saving. */
export function warningsAbout(parts: Parts, faces: DraftFace[], person: PersonId | null): EnrolmentWarning[] {
  const own = person === null ? [] : parts.gallery.embeddings(parts.model.version, person)
  const others = otherTemplates(parts, person)
  return [
    ...faces.flatMap(({ number, face }) => nearAnother(parts, others, number, face.embedding) ?? []),
    ...outliers(
      parts.card,
      faces.map(({ number, face }) => ({ number, embedding: face.embedding })),
      own.map(({ embedding }) => embedding),
    ),
    ...sameTwice(faces),
    ...faces
      .filter(({ facesInPicture }) => facesInPicture > 1)
      .map(({ number, facesInPicture }) => ({
        kind: 'more-than-one-face' as const,
        photograph: number,
        faces: facesInPicture,
      })),
  ]
}

/** Everybody's but one person's. */
export function otherTemplates({ gallery, model }: Parts, person: PersonId | null): Template[] {
  return gallery.templates(model.version).filter((template) => template.person !== person)
}

/** The nearest other person, where verification would take this photograph for one of theirs. */
export function nearAnother(
  parts: Parts,
  others: Template[],
  photograph: number,
  embedding: Float32Array,
): Extract<EnrolmentWarning, { kind: 'near-another-person' }> | null {
  const { gallery, model } = parts
  const inForce = thresholdsInForce(parts)
  const near = others
    .map((template) => {
      const counts = { template: template.photographs, burst: 1 }
      const { form } = formOf(counts.template, counts.burst)
      return {
        person: template.person,
        apart: distance(embedding, template.embedding),
        threshold: inForce(form, counts, template.person).distance,
      }
    })
    .filter(({ apart, threshold }) => apart <= threshold)
    .sort((a, b) => a.apart - b.apart)[0]
  const other = near && gallery.person(near.person)
  if (!near || !other) return null
  const nearest = gallery
    .embeddings(model.version, near.person)
    .map((own) => ({ photograph: own.photograph, apart: distance(embedding, own.embedding) }))
    .sort((a, b) => a.apart - b.apart)[0]!
  return {
    kind: 'near-another-person',
    photograph,
    person: near.person,
    name: other.name,
    nearest: nearest.photograph,
    distance: near.apart,
  }
}

/** Photographs that do not seem to show the person the others show: beyond the loosest threshold of their form. */
function outliers(
  card: ModelCard,
  faces: { number: number; embedding: Float32Array }[],
  enrolled: Float32Array[],
): EnrolmentWarning[] {
  return faces.flatMap(({ number, embedding }) => {
    const others = [
      ...faces.filter((other) => other.number !== number).map((other) => other.embedding),
      ...enrolled,
    ]
    if (others.length === 0) return []
    const apart = distance(embedding, fuse(others))
    const counts = { template: others.length, burst: 1 }
    const { form } = formOf(counts.template, counts.burst)
    const loosest = thresholdFromCard(card, form, counts, 1e-2).distance
    return apart > loosest ? [{ kind: 'outlier' as const, photograph: number, distance: apart }] : []
  })
}

function sameTwice(faces: DraftFace[]): EnrolmentWarning[] {
  return faces.flatMap((face, i) => {
    const earlier = faces.slice(0, i).find((other) => isSamePhotograph(other, face))
    return earlier
      ? [{ kind: 'same-photograph-twice' as const, photograph: face.number, other: earlier.number }]
      : []
  })
}

/** Frames of one camera may be as near and still be two views: of those only the very same picture counts. */
function isSamePhotograph(a: DraftFace, b: DraftFace): boolean {
  if (a.cropHash === b.cropHash) return true
  const areFiles = a.source === 'file' && b.source === 'file'
  return areFiles && distance(a.face.embedding, b.face.embedding) <= samePhotographDistance
}
