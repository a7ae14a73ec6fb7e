import type {
  AttemptOutcome,
  ComparisonForm,
  Evidence,
  PersonId,
  PhotographId,
  Verdict,
} from '../contract.ts'
import { formOf } from '../evaluation/form.ts'
import type { Template } from '../gallery/records.ts'
import { distance, fuse } from '../vision/embedding.ts'
import type { Face, Picture } from '../vision/face.ts'
import { jpegOf } from './jpeg.ts'
import { BurstLook, type Burst } from './burst.ts'
import { failuresLeft, lockedUntil } from './lock-out.ts'
import type { ModelCard } from './model-card.ts'
import { settingsOf, type Parts } from './parts.ts'
import type { Probe } from './retraining/recent-probes.ts'
import { reembed } from './re-embedding.ts'
import { decide, distanceBetween, thresholdFromCard, type Counts, type Threshold } from './threshold.ts'
import { shownInForce, thresholdInForce } from './tuning/in-force.ts'

/**
 * One transaction: a claim, a burst of frames, a decision, and the attempt in the audit log. Whatever the outcome, it is
 * logged; a lock is looked up before the frames are, and again at the decision, where two transactions may have raced.
 */
export async function verify(
  parts: Parts,
  claim: { person: PersonId } | { unknownName: string },
  pictures: Iterable<Picture> | AsyncIterable<Picture>,
  source: 'camera' | 'file' = 'camera',
  remember?: (probe: Probe) => void,
): Promise<Verdict> {
  if ('unknownName' in claim) return notEnrolled(parts, null, [...claim.unknownName].slice(0, 200).join(''))
  const refused = refusedAtOnce(parts, claim.person)
  if (refused) return refused
  const look = await lookThrough(parts, source)
  for await (const picture of pictures) {
    await look.add(picture)
    if (look.settled) break
  }
  return decideOn(parts, claim.person, look.seen(), remember)
}

/** What needs no frame: nobody of this number, or a lock. It is logged; null where frames have to be looked at. */
export function refusedAtOnce(parts: Parts, person: PersonId): Verdict | null {
  return parts.gallery.person(person) ? lockOf(parts, person) : notEnrolled(parts, null, `person ${person}`)
}

/** To look at a burst with the networks in use. */
export async function lookThrough(parts: Parts, source: 'camera' | 'file'): Promise<BurstLook> {
  return new BurstLook(await parts.vision, source, loosestPhotographThreshold(parts.card))
}

/** The end of a transaction: the claim judged by what the burst showed, and the one entry in the audit log. */
export async function decideOn(
  parts: Parts,
  person: PersonId,
  burst: Burst,
  remember?: (probe: Probe) => void,
): Promise<Verdict> {
  await reembed(parts, person)
  const best = burst.kind === 'faces' ? sharpest(burst.faces) : null
  const bestFrame = best && (await jpegOf(best.crop))
  // Nothing waits in here, and no other process writes: the lock, the template and the attempt belong to one moment.
  return parts.gallery.atOneMoment(() => {
    const enrolled = parts.gallery.person(person)
    if (!enrolled) return notEnrolled(parts, null, `person ${person}`)
    const lockedMeanwhile = lockOf(parts, person)
    if (lockedMeanwhile) return lockedMeanwhile
    if (burst.kind !== 'faces') {
      log(parts, person, enrolled.name, burst.kind === 'different-faces' ? 'several-faces' : burst.kind)
      return refusalOf(burst)
    }
    const found = parts.gallery.template(person, parts.model.version)
    if (found.kind !== 'template') return notEnrolled(parts, person, enrolled.name)

    const { outcome, reached, threshold } = compare(parts, found.template, burst.faces)
    const evidence: Evidence = {
      distance: reached,
      threshold: shownInForce(threshold),
      margin: threshold.distance - reached,
      nearestPhotograph: nearestPhotograph(parts, person, burst.faces),
      bestFrame: bestFrame!,
      framesUsed: burst.faces.length,
      attempt: log(parts, person, enrolled.name, outcome, reached, threshold),
    }
    const { attempt } = evidence
    remember?.({
      attempt,
      person,
      outcome,
      distance: reached,
      modelVersion: parts.model.version,
      face: best!,
    })
    if (outcome === 'match') return { kind: 'match', ...evidence }
    const { failures } = parts.gallery.attempts.recentFailures(person)
    return {
      kind: 'no-match',
      why: whyNot(reached - threshold.distance),
      failuresLeft: failuresLeft(failures, settingsOf(parts)),
      ...evidence,
    }
  })
}

/** The fused probe against the template, judged by the threshold of exactly this form. */
export function compare(parts: Pick<Parts, 'gallery' | 'card' | 'model'>, template: Template, faces: Face[]) {
  const counts: Counts = { template: template.photographs, burst: faces.length }
  const { form } = formOf(counts.template, counts.burst)
  const probe = fuse(faces.map((face) => face.embedding))
  const reached = distanceBetween(form, probe, template.embedding)
  const threshold = thresholdInForce(parts, form, counts, template.person)
  return { outcome: decide(reached, threshold), reached: reached.value, threshold }
}

/** Frames farther apart than the loosest measured operating point (FMR 1e-2) are not of one face. */
function loosestPhotographThreshold(card: ModelCard): number {
  const one = { template: 1, burst: 1 }
  const loosest = card.forms
    .filter((row) => row.form === 'photograph-photograph')
    .flatMap((row) => row.operatingPoints.map((point) => point.fmr))
  return thresholdFromCard(card, 'photograph-photograph', one, Math.max(...loosest)).distance
}

function lockOf(parts: Parts, person: PersonId): Verdict | null {
  const settings = settingsOf(parts)
  const now = parts.now()
  const until = lockedUntil(parts.gallery.attempts.recentFailures(person), settings, now)
  if (until === null) return null
  log(parts, person, parts.gallery.person(person)?.name ?? `person ${person}`, 'locked-out')
  const seconds = Math.ceil((until - now) / 1000)
  return {
    kind: 'locked-out',
    until,
    message: `Too many failures in a row. Verification of this person opens again in ${inWords(seconds)}.`,
  }
}

function inWords(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  return seconds < 7200 ? `${Math.ceil(seconds / 60)} minutes` : `${Math.ceil(seconds / 3600)} hours`
}

function notEnrolled(parts: Parts, person: PersonId | null, claim: string): Verdict {
  log(parts, person, claim, 'not-enrolled')
  const message =
    person === null
      ? 'Nobody of this name is enrolled. Enrol them first.'
      : 'There is no photograph of this person that the model in use can compare. Enrol them again.'
  return { kind: 'not-enrolled', message }
}

function refusalOf(burst: Exclude<Burst, { kind: 'faces' }>): Verdict {
  switch (burst.kind) {
    case 'no-face':
      return { kind: 'no-face', message: 'No face was found. Look at the camera, with light on your face.' }
    case 'several-faces':
      return {
        kind: 'several-faces',
        faces: burst.faces,
        message: `${burst.faces} faces are in the picture. Only the person to be verified may be in it.`,
      }
    case 'different-faces':
      return {
        kind: 'several-faces',
        faces: 1,
        message: 'The pictures do not show one and the same face. Take them again, of one person.',
      }
    case 'poor-quality':
      return { kind: 'poor-quality', measure: burst.measure, message: burst.measure.sentence }
  }
}

function log(
  { gallery, model, now }: Parts,
  person: PersonId | null,
  claim: string,
  outcome: AttemptOutcome,
  distance: number | null = null,
  threshold: Threshold<ComparisonForm> | null = null,
) {
  return gallery.attempts.add({
    at: now(),
    person,
    claim,
    outcome,
    distance,
    threshold: threshold?.distance ?? null,
    form: threshold?.form ?? 'burst-template',
    modelVersion: model.version,
  })
}

function nearestPhotograph({ gallery, model }: Parts, person: PersonId, faces: Face[]): PhotographId | null {
  const probe = fuse(faces.map((face) => face.embedding))
  let nearest: { photograph: PhotographId; distance: number } | null = null
  for (const { photograph, embedding } of gallery.embeddings(model.version, person)) {
    const apart = distance(probe, embedding)
    if (!nearest || apart < nearest.distance) nearest = { photograph, distance: apart }
  }
  return nearest?.photograph ?? null
}

function sharpest(faces: Face[]): Face {
  const sharpness = (face: Face) =>
    face.quality.find((measure) => measure.component === 'Sharpness')?.value ?? 0
  return faces.reduce((a, b) => (sharpness(b) > sharpness(a) ? b : a))
}

function whyNot(beyond: number): string {
  return beyond < 0.05
    ? 'Nearly: the face is just beyond the threshold. Better light or a look straight at the camera may settle it.'
    : 'The face is too far from the enrolled photographs of this person.'
}
