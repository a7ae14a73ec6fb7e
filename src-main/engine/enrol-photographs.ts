import type { EnrolmentWarning, PersonId, PhotographId, Refusal } from '../contract.ts'
import { formOf } from '../evaluation/form.ts'
import type { NewPhotograph } from '../gallery/records.ts'
import { distance } from '../vision/embedding.ts'
import { cropHash } from '../vision/kept-crop.ts'
import type { ReadPicture } from '../vision/read-picture.ts'
import { acceptable } from './enrolment.ts'
import { nearAnother, otherTemplates, samePhotographDistance } from './enrolment-warnings.ts'
import { captureOf, newPhotograph } from './new-photograph.ts'
import { settingsOf, type Parts } from './parts.ts'
import { refused } from './refusal.ts'
import { thresholdFromCard } from './threshold.ts'

/** What became of one photograph of many; a stored one is on disk already. */
export type Enrolled =
  | {
      kind: 'stored'
      path: string
      person: PersonId
      photograph: PhotographId
      note: string | null
      warnings: EnrolmentWarning[]
    }
  | { kind: 'refused'; path: string; refusal: Refusal }

/**
 * Enrols a stream of photographs one by one, each on disk before the next is looked at, so that memory stays flat and
 * an interruption loses nothing that was acknowledged. A person not known yet is made with the first photograph that
 * can be used. Ends early, with a refusal, where the gallery refuses the person or the limit is reached.
 */
export async function* enrolPhotographs(
  parts: Parts,
  who: { name: string } | { person: PersonId },
  photographs: AsyncIterable<{ path: string; read: ReadPicture | Refusal }>,
  most = settingsOf(parts).photographsPerPerson,
): AsyncGenerator<Enrolled> {
  const { gallery, model, now } = parts
  const { keepCrops } = settingsOf(parts)
  const consentAt = now()
  let person = 'person' in who ? who.person : null
  const known = person === null ? [] : gallery.photographs(person)
  const hashes = new Set(known.map((photograph) => photograph.cropHash))
  const others = otherTemplates(parts, person)
  const own = person === null ? [] : gallery.embeddings(model.version, person)

  const store = (photograph: NewPhotograph) => {
    if (person !== null) return gallery.addPhotograph(person, photograph)
    const newcomer = { name: (who as { name: string }).name, consentAt, skippedViews: [] }
    const enrolled = gallery.enrol(newcomer, [photograph])
    if (enrolled.kind === 'refused') {
      // Another process may have made this very person a moment ago.
      const meanwhile = enrolled.reason === 'name-taken' ? gallery.personByName(newcomer.name) : null
      if (!meanwhile) return enrolled
      person = meanwhile.person
      return gallery.addPhotograph(person, photograph)
    }
    person = enrolled.person
    return { kind: 'added' as const, photograph: enrolled.photographs[0]! }
  }

  for await (const { path, read } of photographs) {
    if (hashes.size >= most) {
      yield { kind: 'refused', path, refusal: tooMany(most) }
      return
    }
    const refusal = (refusal: Refusal): Enrolled => ({ kind: 'refused', path, refusal })
    if (read.kind === 'refused') {
      yield refusal(read)
      continue
    }
    const faces = await (await parts.vision).faces(read.picture, { source: 'file', embed: 'first' })
    const accepted = acceptable(faces)
    if (accepted.kind === 'refused') {
      yield refusal(accepted)
      continue
    }
    const { face } = accepted
    const hash = cropHash(face.crop)
    if (hashes.has(hash)) {
      yield refusal(refused('same-photograph', 'This photograph is enrolled already.'))
      continue
    }
    const given = { face, source: 'file' as const, view: null, ...captureOf(read.taken, now()) }
    const stored = store(await newPhotograph(given, model.version, keepCrops))
    if (stored.kind === 'refused') {
      yield refusal(stored)
      return
    }
    hashes.add(hash)
    const near = nearAnother(parts, others, stored.photograph, face.embedding)
    const like = own.find(({ embedding }) => distance(embedding, face.embedding) <= samePhotographDistance)
    own.push({ photograph: stored.photograph, person: person!, embedding: face.embedding })
    const twice = {
      kind: 'same-photograph-twice' as const,
      photograph: stored.photograph,
      other: like?.photograph ?? 0,
    }
    const several = {
      kind: 'more-than-one-face' as const,
      photograph: stored.photograph,
      faces: faces.length,
    }
    const warnings = [
      ...(near ? [near] : []),
      ...(like ? [twice] : []),
      ...(faces.length > 1 ? [several] : []),
    ]
    yield {
      kind: 'stored',
      path,
      person: person!,
      photograph: stored.photograph,
      note: read.note,
      warnings,
    }
  }
}

/**
 * Photographs of a person that do not seem to show who the others show: beyond the loosest threshold (FMR 1e-2) of
 * photograph × template. The template holds the photograph itself, which only lets doubtful ones pass.
 */
export function outliersOf({ gallery, model, card }: Parts, person: PersonId): PhotographId[] {
  const own = gallery.embeddings(model.version, person)
  const found = gallery.template(person, model.version)
  if (own.length < 3 || found.kind !== 'template') return []
  const counts = { template: own.length, burst: 1 }
  const { form } = formOf(counts.template, counts.burst)
  const loosest = thresholdFromCard(card, form, counts, 1e-2).distance
  return own
    .filter(({ embedding }) => distance(embedding, found.template.embedding) > loosest)
    .map(({ photograph }) => photograph)
}

function tooMany(most: number): Refusal {
  return refused(
    'too-many-photographs',
    `${most} photographs per person are the limit; the rest was not looked at. Raise it with --at-most.`,
  )
}
