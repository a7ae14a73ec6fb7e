import type {
  DraftId,
  DraftPhotograph,
  EnrolmentReview,
  Frame,
  PersonId,
  QualityMeasure,
  Refusal,
  View,
} from '../contract.ts'
import { nameRefusal, refuse } from '../gallery/person-name.ts'
import type { Face } from '../vision/face.ts'
import { pictureFromFrame } from '../vision/frame.ts'
import { cropHash } from '../vision/kept-crop.ts'
import { holdsView } from '../vision/pose.ts'
import { firstFailing, qualityScore } from '../vision/quality/quality.ts'
import { readPicture } from '../vision/read-picture.ts'
import { severalFaces } from './burst.ts'
import { warningsAbout } from './enrolment-warnings.ts'
import { jpegOf } from './jpeg.ts'
import { captureOf, newPhotograph, type Capture } from './new-photograph.ts'
import { settingsOf, type Parts } from './parts.ts'
import { refused } from './refusal.ts'

/** A photograph of a draft, before anything of it is stored. */
export interface DraftFace extends Capture {
  number: number
  view: View | null
  source: 'camera' | 'file'
  fileName: string | null
  face: Face
  /** Whose features and embedding the face holds. */
  modelVersion: string
  cropHash: string
  facesInPicture: number
}

interface Draft {
  draft: DraftId
  name: string
  person: PersonId | null // somebody already enrolled, to whom photographs are added
  consentAt: number // ms since 1970
  touchedAt: number // ms since 1970
  lastNumber: number
  faces: DraftFace[]
  skipped: Set<View>
}

const limits = {
  drafts: 8, // abandoned pages leave drafts behind; the one untouched for longest makes room
  pages: 60 * 60_000, // ms; faces of a page that was left are not kept in memory for ever
}

/** Enrolments that are not saved yet: in memory only, so that closing the page leaves nothing of them. */
export class Enrolments {
  readonly #parts: Parts
  readonly #drafts = new Map<DraftId, Draft>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  begin(name: string, person: PersonId | undefined): { kind: 'draft'; draft: DraftId } | Refusal {
    const { gallery, now, randomId } = this.#parts
    const known = person === undefined ? null : gallery.person(person)
    if (person !== undefined && !known)
      return refused('not-enrolled', 'This person is not enrolled (any more).')
    if (!known) {
      const wrong = nameRefusal(name)
      if (wrong) return wrong
      if (gallery.personByName(name)) return refuse('taken')
    }
    this.#makeRoom()
    const draft: Draft = {
      draft: randomId(),
      name: known?.name ?? name,
      person: known?.person ?? null,
      consentAt: now(),
      touchedAt: now(),
      lastNumber: 0,
      faces: [],
      skipped: new Set(),
    }
    this.#drafts.set(draft.draft, draft)
    return { kind: 'draft', draft: draft.draft }
  }

  /** Keeps a camera frame if it is the best of its view so far; quality and pose must hold. */
  async frame(
    id: DraftId,
    view: View,
    frame: Frame,
  ): Promise<{ kind: 'kept'; kept: DraftPhotograph } | { kind: 'not-better' } | Refusal> {
    const { vision, model } = { ...this.#parts }
    const faces = await (await vision).faces(pictureFromFrame(frame), { source: 'camera', embed: 'first' })
    const draft = this.#find(id)
    if (!draft) return unknownDraft
    const [face] = faces
    if (!face) return refused('no-face', 'No face was found: look at the camera.')
    const several = severalFaces(face)
    if (several)
      return refused('several-faces', `${several.faces} faces are in the picture: one is enrolled.`)
    const failing = firstFailing(exceptPose(face.quality, view))
    if (failing) return refused('poor-quality', failing.sentence)
    if (!holdsView(face.pose, view)) return refused('pose', turn[view])
    const before = draft.faces.find((kept) => kept.view === view)
    if (before && qualityScore(before.face.quality) >= qualityScore(face.quality))
      return { kind: 'not-better' }
    if (!before && this.#isFull(draft)) return this.#full(draft)
    draft.faces = draft.faces.filter((kept) => kept !== before)
    draft.skipped.delete(view)
    const seen = { view, source: 'camera' as const, fileName: null, facesInPicture: faces.length }
    return this.#keep(draft, { ...seen, capturedAt: this.#parts.now(), face, modelVersion: model.version })
  }

  /** Keeps the most prominent face of a photograph. */
  async file(
    id: DraftId,
    fileName: string,
    bytes: Uint8Array,
  ): Promise<{ kind: 'kept'; kept: DraftPhotograph } | Refusal> {
    if (!this.#drafts.has(id)) return unknownDraft
    const read = await readPicture(bytes, fileName)
    if (read.kind === 'refused') return read
    const { vision, model } = { ...this.#parts }
    const faces = await (await vision).faces(read.picture, { source: 'file', embed: 'first' })
    const draft = this.#find(id)
    if (!draft) return unknownDraft
    const accepted = acceptable(faces)
    if (accepted.kind === 'refused') return accepted
    if (this.#isFull(draft)) return this.#full(draft)
    const { face } = accepted
    const twice = this.#storedTwice(draft, face)
    if (twice) return twice
    const given = { view: null, source: 'file' as const, fileName, facesInPicture: faces.length }
    const capture = captureOf(read.taken, this.#parts.now())
    return this.#keep(draft, { ...given, ...capture, face, modelVersion: model.version })
  }

  skip(id: DraftId, view: View): { kind: 'skipped' } | Refusal {
    const draft = this.#find(id)
    if (!draft) return unknownDraft
    draft.skipped.add(view)
    return { kind: 'skipped' }
  }

  drop(id: DraftId, number: number): { kind: 'dropped' } | Refusal {
    const draft = this.#find(id)
    if (!draft) return unknownDraft
    const left = draft.faces.filter((kept) => kept.number !== number)
    if (left.length === draft.faces.length)
      return refused('no-such-photograph', 'This photograph is not in the draft (any more).')
    draft.faces = left
    return { kind: 'dropped' }
  }

  /**
   * Another name for a draft, or with `add` the person who has this name by now: somebody else may have taken it since
   * the draft was begun. Photographs that this person has already are left out; `left` says how many stay.
   */
  rename(
    id: DraftId,
    name: string,
    add: boolean,
  ): { kind: 'renamed'; name: string; person: PersonId | null; left: number } | Refusal {
    const { gallery } = this.#parts
    const draft = this.#find(id)
    if (!draft) return unknownDraft
    const namesake = gallery.personByName(name)
    if (!add) {
      const wrong = nameRefusal(name) ?? (namesake ? refuse('taken') : null)
      if (wrong) return wrong
      draft.name = name
      draft.person = null
      return { kind: 'renamed', name, person: null, left: draft.faces.length }
    }
    if (!namesake) return refused('not-enrolled', 'Nobody of this name is enrolled (any more).')
    const { person } = namesake
    const known = new Set(gallery.photographs(person).map(({ cropHash }) => cropHash))
    const fresh = draft.faces.filter((kept) => !known.has(kept.cropHash))
    const most = settingsOf(this.#parts).photographsPerPerson
    if (known.size + fresh.length > most)
      return refused(
        'too-many-photographs',
        `${most} photographs per person are the limit (Settings); ${known.size} are enrolled already and ${fresh.length} are kept here: drop some of them first.`,
      )
    draft.faces = fresh
    draft.name = namesake.name
    draft.person = person
    return { kind: 'renamed', name: namesake.name, person, left: fresh.length }
  }

  async review(id: DraftId): Promise<({ kind: 'review' } & EnrolmentReview) | Refusal> {
    const draft = this.#find(id)
    if (!draft) return unknownDraft
    const parts = await this.#underModelInUse(draft)
    return {
      kind: 'review',
      name: draft.name,
      photographs: await Promise.all(draft.faces.map(toBeLookedAt)),
      skippedViews: this.#skipped(draft),
      warnings: warningsAbout(parts, draft.faces, draft.person),
    }
  }

  /** Stores the whole draft or nothing of it; the draft is gone only when it is stored. */
  async save(id: DraftId): Promise<{ kind: 'saved'; person: PersonId; photographs: number } | Refusal> {
    const { gallery } = this.#parts
    const draft = this.#find(id)
    if (!draft) return unknownDraft
    const { model } = await this.#underModelInUse(draft)
    if (draft.faces.length === 0)
      return refused('no-photographs', 'There is no photograph to save: take or add at least one.')
    const { keepCrops } = settingsOf(this.#parts)
    const photographs = await Promise.all(
      draft.faces.map((kept) => newPhotograph(kept, kept.modelVersion, keepCrops)),
    )
    if (this.#drafts.get(id) !== draft) return unknownDraft // discarded, or saved by a second click, meanwhile
    if (this.#parts.model.version !== model.version) return this.save(id) // another model came into use meanwhile
    const who = draft.person ?? {
      name: draft.name,
      consentAt: draft.consentAt,
      skippedViews: this.#skipped(draft),
    }
    const enrolled = gallery.enrol(who, photographs)
    if (enrolled.kind === 'refused') return enrolled
    this.#drafts.delete(id)
    return { kind: 'saved', person: enrolled.person, photographs: enrolled.photographs.length }
  }

  discard(id: DraftId): { kind: 'discarded' } {
    this.#drafts.delete(id)
    return { kind: 'discarded' }
  }

  /** Faces that were kept before another model came into use are read with that one from their crops. */
  async #underModelInUse(draft: Draft): Promise<Parts> {
    const parts = { ...this.#parts }
    const { version } = parts.model
    const faces = draft.faces.filter(({ modelVersion }) => modelVersion !== version)
    for (const kept of faces) {
      const embedded = await (await parts.vision).embed(kept.face.crop)
      kept.face = { ...kept.face, ...embedded }
      kept.modelVersion = version
    }
    const isMeanwhile = [this.#parts.model.version, ...draft.faces.map((kept) => kept.modelVersion)].some(
      (each) => each !== version,
    )
    return isMeanwhile ? this.#underModelInUse(draft) : parts
  }

  async #keep(
    draft: Draft,
    kept: Omit<DraftFace, 'number' | 'cropHash'>,
  ): Promise<{ kind: 'kept'; kept: DraftPhotograph }> {
    const face = {
      ...kept,
      number: ++draft.lastNumber,
      cropHash: cropHash(kept.face.crop),
    }
    draft.faces.push(face)
    return { kind: 'kept', kept: await toBeLookedAt(face) }
  }

  #find(id: DraftId): Draft | null {
    const draft = this.#drafts.get(id)
    if (draft) draft.touchedAt = this.#parts.now()
    return draft ?? null
  }

  #makeRoom() {
    const byAge = [...this.#drafts.values()].sort((a, b) => a.touchedAt - b.touchedAt)
    const tooOld = this.#parts.now() - limits.pages
    for (const [i, draft] of byAge.entries())
      if (draft.touchedAt < tooOld || byAge.length - i >= limits.drafts) this.#drafts.delete(draft.draft)
  }

  #isFull(draft: Draft): boolean {
    return draft.faces.length + this.#alreadyEnrolled(draft) >= settingsOf(this.#parts).photographsPerPerson
  }

  #full(draft: Draft): Refusal {
    const most = settingsOf(this.#parts).photographsPerPerson
    return refused(
      'too-many-photographs',
      `${most} photographs per person are the limit (Settings); ${this.#alreadyEnrolled(draft)} are enrolled already.`,
    )
  }

  #alreadyEnrolled({ person }: Draft): number {
    return person === null ? 0 : (this.#parts.gallery.person(person)?.photographs ?? 0)
  }

  #storedTwice({ person }: Draft, face: Face): Refusal | null {
    if (person === null) return null
    const hash = cropHash(face.crop)
    const stored = this.#parts.gallery.photographs(person).some((photograph) => photograph.cropHash === hash)
    return stored ? refused('same-photograph', 'This photograph is enrolled already.') : null
  }

  #skipped(draft: Draft): View[] {
    return [...draft.skipped].filter((view) => !draft.faces.some((kept) => kept.view === view))
  }
}

/** The face of a file that may be enrolled: the most prominent one, if its quality holds. */
export function acceptable(faces: Face[]): { kind: 'accepted'; face: Face } | Refusal {
  const [face] = faces
  if (!face)
    return refused('no-face', 'No face was found in it. Use a photograph that shows the face larger.')
  // Others in the picture are warned about, not refused: the most prominent face is the one that is meant.
  const failing = firstFailing(face.quality.filter(({ component }) => component !== 'SingleFacePresent'))
  return failing ? refused('poor-quality', failing.sentence) : { kind: 'accepted', face }
}

const unknownDraft = refused('unknown-draft', 'This enrolment was discarded or has been saved. Begin again.')

const turn: Record<View, string> = {
  front: 'Look straight at the camera.',
  left: 'Turn your head slightly to your left.',
  right: 'Turn your head slightly to your right.',
  up: 'Raise your chin slightly.',
  down: 'Lower your chin slightly.',
}

/** A turned head is what the side views ask for. */
function exceptPose(quality: QualityMeasure[], view: View): QualityMeasure[] {
  return view === 'front' ? quality : quality.filter(({ component }) => component !== 'HeadPose')
}

async function toBeLookedAt(kept: DraftFace): Promise<DraftPhotograph> {
  return {
    photograph: kept.number,
    view: kept.view,
    source: kept.source,
    fileName: kept.fileName,
    quality: kept.face.quality,
    jpeg: await jpegOf(kept.face.crop),
  }
}
