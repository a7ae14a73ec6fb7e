import type {
  Attempt,
  AttemptOutcome,
  CallName,
  DraftPhotograph,
  EnrolmentWarning,
  EventName,
  Events,
  Gives,
  PersonSummary,
  PhotographSummary,
  Preview,
  QualityMeasure,
  Settings,
  Status,
  Takes,
  Verdict,
  View,
} from '../../src-main/contract.ts'
import { defaultSettings } from '../../src-main/contract.ts'
import { drawnCrop, drawnLandmarks, type Drawn } from './drawn-face.ts'
import { ScriptedRetraining } from './scripted-retraining.ts'
import { ScriptedTuning } from './scripted-tuning.ts'

const day = 86_400_000
const views: View[] = ['front', 'left', 'right', 'up', 'down']
const drawnPeople: (Drawn & { name: string })[] = [
  { name: 'Ada Example', skin: '#e0b092', hair: '#4a2f22', shirt: '#3d5a73' },
  { name: 'Bo Sample', skin: '#8d5a3b', hair: '#17110f', shirt: '#7a4a3a' },
  { name: 'Chen Muster', skin: '#eac4a2', hair: '#221d1c', shirt: '#4d6b57' },
  { name: 'Dalia Прімер', skin: '#c98f6a', hair: '#6b2d1c', shirt: '#6a5a86' },
  { name: 'Emil Příklad', skin: '#f0cdb2', hair: '#b58a4a', shirt: '#2f4858' },
]

const measure = (
  component: QualityMeasure['component'],
  value: number,
  limit: number,
  unit: string,
  sentence = '',
): QualityMeasure => ({
  component,
  value,
  limit,
  unit,
  passes: sentence === '',
  sentence,
})

export const goodQuality: QualityMeasure[] = [
  measure('SingleFacePresent', 1, 1, ''),
  measure('InterEyeDistance', 74, 60, 'px'),
  measure('HeadPose', 6, 25, '°'),
  measure('Luminance', 0.48, 0.2, ''),
  measure('Sharpness', 31, 12, ''),
]
export const tooFar = measure(
  'InterEyeDistance',
  31,
  60,
  'px',
  'Move closer: your eyes are 31 px apart, 60 are needed',
)

/** Answers the contract from a script that a test writes: what the camera shows, what is decided, who is enrolled. */
export class ScriptedEngine {
  sees: Preview = {
    faces: 1,
    box: { left: 236, top: 106, width: 168, height: 224 },
    landmarks: drawnLandmarks(),
    pose: { roll: 0, yaw: 0, pitch: 0 },
    quality: goodQuality,
    hint: null,
  }
  decides: AttemptOutcome = 'match'
  warnings: EnrolmentWarning[] = []
  people: PersonSummary[] = []
  attemptList: Attempt[] = []
  /** Attempts whose best frame is still held, and until when, ms since 1970. */
  readonly pictureUntil = new Map<number, number>()
  settings: Settings = { ...defaultSettings }
  readonly tuning = new ScriptedTuning((event, body) => this.tell(event, body))
  readonly retraining = new ScriptedRetraining((event, body) => this.tell(event, body), this.tuning.cancelled)
  keyKeeper: Status['keyKeeper'] = 'safe-storage'
  notice: string | null = null
  /** File names that are refused, with the reason. */
  refusedFiles: Record<string, string> = {}
  /** Names that somebody takes while an enrolment is under way. */
  takenMeanwhile: string[] = []
  perFileMs = 20
  previewMs = 15
  verifyMs = 120
  previewsWhileDeciding = 0
  previews = 0
  mostPreviewsAtOnce = 0
  #previewing = 0
  readonly heard: { name: CallName; takes: unknown }[] = []
  tell: <E extends EventName>(event: E, body: Events[E]) => void = () => {}
  #crops = new Map<number, Uint8Array>()
  #files = 0
  #verdicts = 0
  #burst = { person: 0, frames: 0, previewsBefore: 0 }
  #draft: { name: string; photographs: DraftPhotograph[]; skipped: View[] } | null = null

  static async withPeople(count = drawnPeople.length, now = Date.now()): Promise<ScriptedEngine> {
    const engine = new ScriptedEngine()
    await engine.#enrolDrawn(count, now)
    return engine
  }

  async call<N extends CallName>(name: N, takes: Takes<N>): Promise<Gives<N>> {
    if (name !== 'preview') this.heard.push({ name, takes })
    const answer = (this.#answers[name] ?? this.tuning.answers[name] ?? this.retraining.answers[name]) as
      ((takes: Takes<N>) => Gives<N> | Promise<Gives<N>>) | undefined
    if (!answer) throw new Error(`The script has no answer to ${name}`)
    return answer(takes)
  }

  status(): Status {
    return {
      home: '~/.local/share/semblance',
      gallery: {
        people: this.people.length,
        photographs: this.people.reduce((sum, person) => sum + person.photographs, 0),
      },
      model: { name: 'FaceRecognitionNet', version: '1' },
      processor: 'ONNX Runtime · CPU',
      keyKeeper: this.keyKeeper,
      notice: this.notice,
      threshold: {
        form: 'burst-template',
        distance: 0.871,
        wantedFmr: this.settings.wantedFmr,
        origin: { kind: 'card', people: 2423, impostorPairs: 2_900_000, note: '' },
      },
      ready: true,
    }
  }

  readonly #answers: { [N in CallName]?: (takes: Takes<N>) => Gives<N> | Promise<Gives<N>> } = {
    status: () => this.status(),
    'settings.get': () => this.settings,
    'settings.set': (change) => (this.settings = { ...this.settings, ...change }),
    preview: async () => {
      this.previews++
      this.mostPreviewsAtOnce = Math.max(this.mostPreviewsAtOnce, ++this.#previewing)
      await new Promise((resolve) => setTimeout(resolve, this.previewMs))
      this.#previewing--
      return this.sees
    },
    'verify.begin': ({ person }) => {
      this.#burst = { person, frames: 0, previewsBefore: this.previews }
      const atOnce = this.decides === 'locked-out' || this.decides === 'not-enrolled'
      return atOnce ? this.#verdict(person, 0) : { kind: 'begun', burst: 'burst' }
    },
    'verify.frame': () => {
      this.#burst.frames++
      return { kind: 'taken' }
    },
    'verify.decide': async () => {
      const { person, frames, previewsBefore } = this.#burst
      await new Promise((resolve) => setTimeout(resolve, this.verifyMs))
      this.previewsWhileDeciding = this.previews - previewsBefore
      return this.#verdict(person, frames)
    },
    people: () => this.people,
    person: ({ person }) => {
      const summary = this.people.find((one) => one.person === person)
      if (!summary)
        return {
          kind: 'refused',
          reason: 'unknown-person',
          message: 'There is nobody with this number any more.',
        }
      return {
        ...summary,
        photographList: Array.from({ length: summary.photographs }, (_, i): PhotographSummary => ({
          photograph: person * 10 + i,
          capturedAt: summary.enrolledAt,
          source: i < 3 ? 'camera' : 'file',
          view: i < 3 ? (['front', 'left', 'right'] as const)[i]! : null,
          quality: i === 2 ? [...goodQuality.slice(1), tooFar] : goodQuality,
          distanceToOthers: 0.31 + i * 0.04,
        })),
        skippedViews: ['up', 'down'],
        nearest: this.people
          .filter((one) => one.person !== person)
          .map((one, i) => ({ person: one.person, name: one.name, distance: 0.98 + i * 0.06 })),
        genuineOverTime: this.attemptList
          .filter((attempt) => attempt.person === person && attempt.distance !== null)
          .map(({ at, distance, outcome }) => ({ at, distance: distance ?? 0, outcome })),
      }
    },
    'person.rename': ({ person, name }) => {
      this.people = this.people.map((one) => (one.person === person ? { ...one, name } : one))
      return { kind: 'renamed' }
    },
    'person.forget': ({ person }) => {
      this.people = this.people.filter((one) => one.person !== person)
      return { kind: 'forgotten' }
    },
    photograph: ({ photograph }) => ({
      kind: 'jpeg',
      // Five people are drawn; the others borrow their pictures.
      jpeg: this.#crops.get(((Math.floor(photograph / 10) - 1) % 5) + 1) ?? new Uint8Array(),
    }),
    'photograph.drop': () => ({ kind: 'dropped' }),
    'enrol.begin': ({ name }) => {
      if (this.people.some((one) => one.name === name))
        return {
          kind: 'refused',
          reason: 'name-taken',
          message: 'Somebody of this name is enrolled. Add something that tells the two apart.',
        }
      this.#draft = { name, photographs: [], skipped: [] }
      return { kind: 'draft', draft: 'draft-1' }
    },
    'enrol.frame': async ({ view }) => ({
      kind: 'kept',
      kept: await this.#keep({ view, source: 'camera', fileName: null }),
    }),
    'enrol.file': async ({ fileName }) => {
      await new Promise((resolve) => setTimeout(resolve, this.perFileMs))
      const reason = this.refusedFiles[fileName]
      if (reason) return { kind: 'refused', reason: 'no-face', message: reason }
      return { kind: 'kept', kept: await this.#keep({ view: null, source: 'file', fileName }) }
    },
    'enrol.skip': ({ view }) => {
      this.#draft?.skipped.push(view)
      return { kind: 'skipped' }
    },
    'enrol.drop': ({ photograph }) => {
      if (this.#draft)
        this.#draft.photographs = this.#draft.photographs.filter((one) => one.photograph !== photograph)
      this.warnings = this.warnings.filter((warning) => warning.photograph !== photograph)
      return { kind: 'dropped' }
    },
    'enrol.review': () => ({
      kind: 'review',
      name: this.#draft?.name ?? '',
      photographs: this.#draft?.photographs ?? [],
      skippedViews: this.#draft?.skipped ?? [],
      warnings: this.warnings,
    }),
    'enrol.rename': ({ name, add }) => {
      if (
        add !== true &&
        (this.takenMeanwhile.includes(name) || this.people.some((one) => one.name === name))
      )
        return {
          kind: 'refused',
          reason: 'name-taken',
          message: 'Somebody of this name is already enrolled.',
        }
      if (add === true) this.takenMeanwhile = []
      if (this.#draft) this.#draft.name = name
      return {
        kind: 'renamed',
        name,
        person: add === true ? 1 : null,
        left: this.#draft?.photographs.length ?? 0,
      }
    },
    'enrol.save': () => {
      if (this.takenMeanwhile.includes(this.#draft?.name ?? ''))
        return {
          kind: 'refused',
          reason: 'name-taken',
          message: 'Somebody of this name is already enrolled.',
        }
      return { kind: 'saved', person: 1, photographs: this.#draft?.photographs.length ?? 0 }
    },
    'enrol.discard': () => ({ kind: 'discarded' }),
    attempts: ({ limit, before }) =>
      this.attemptList
        .filter((attempt) => before === undefined || attempt.attempt < before)
        .slice(0, limit)
        .map((attempt) => ({ ...attempt, pictureUntil: this.pictureUntil.get(attempt.attempt) ?? null })),
    'attempts.csv': () => ({ kind: 'csv', csv: 'time,claim,outcome\n' }),
    'gallery.export': async ({ job }) => {
      for (let done = 1; done <= 3; done++) {
        if (job)
          this.tell('progress', {
            job,
            done,
            total: 3,
            remainingMs: (3 - done) * 100,
            what: 'Sealing photographs',
          })
        await new Promise((resolve) => setTimeout(resolve, 60))
      }
      return { kind: 'exported', bytes: new Uint8Array([1, 2, 3]) }
    },
    'gallery.import': ({ passphrase }) =>
      passphrase === 'the right one'
        ? {
            kind: 'imported',
            people: 2,
            photographs: 9,
            skipped: ['Ada Example is enrolled here already.'],
            models: 1,
            strangers: 0,
            notes: ['The settings stay as they are here: those of the file were not taken.'],
          }
        : {
            kind: 'refused',
            reason: 'wrong-passphrase',
            message: 'This passphrase does not open the file. Nothing was changed.',
          },
    'job.cancel': ({ job }) => {
      this.tuning.cancelled.add(job)
      return { kind: 'cancelled' }
    },
  }

  #verdict(person: number, framesUsed: number): Verdict {
    const evidence = (distance: number) => ({
      distance,
      threshold: this.status().threshold,
      margin: 0.871 - distance,
      nearestPhotograph: person * 10 + 1,
      bestFrame: this.#crops.get(1) ?? new Uint8Array(),
      framesUsed,
      attempt: ++this.#verdicts,
    })
    switch (this.decides) {
      case 'match':
        return { kind: 'match', ...evidence(0.512) }
      case 'no-match':
        return {
          kind: 'no-match',
          ...evidence(1.214),
          why: 'The face is farther from the enrolled photographs than the threshold allows.',
          failuresLeft: 3,
        }
      case 'poor-quality':
        return { kind: 'poor-quality', measure: tooFar, message: `${tooFar.sentence}.` }
      case 'several-faces':
        return {
          kind: 'several-faces',
          faces: 2,
          message: 'There are 2 faces in the picture. One person at a time, please.',
        }
      case 'no-face':
        return {
          kind: 'no-face',
          message: 'No face was found. Look into the camera, with light on your face.',
        }
      case 'not-enrolled':
        return { kind: 'not-enrolled', message: 'Nobody is enrolled under this name any more.' }
      case 'locked-out':
        return {
          kind: 'locked-out',
          until: Date.now() + 30_000,
          message: 'Five failures in a row: wait until the lock opens, or ask the owner.',
        }
    }
  }

  async #keep(one: Pick<DraftPhotograph, 'view' | 'source' | 'fileName'>): Promise<DraftPhotograph> {
    const draft = this.#draft
    if (!draft) throw new Error('no draft')
    const kept = {
      ...one,
      photograph: one.view ? views.indexOf(one.view) + 1 : 5 + ++this.#files,
      quality: goodQuality,
      jpeg: this.#crops.get(1) ?? (await drawnCrop(drawnPeople[0]!)),
    }
    draft.photographs = [
      ...draft.photographs.filter((other) => other.view === null || other.view !== one.view),
      kept,
    ]
    return kept
  }

  async #enrolDrawn(count: number, now: number) {
    this.tuning.gallery = {
      ...this.tuning.gallery,
      names: drawnPeople.slice(0, count).map(({ name }) => name),
    }
    this.retraining.names = drawnPeople.slice(0, count).map(({ name }) => name)
    for (const [i, drawn] of drawnPeople.slice(0, count).entries()) {
      this.#crops.set(i + 1, await drawnCrop(drawn))
      this.people.push({
        person: i + 1,
        name: drawn.name,
        photographs: 5 - (i % 2),
        bestPhotograph: (i + 1) * 10,
        enrolledAt: now - (40 - i) * day,
        lastVerifiedAt: i < 3 ? now - i * 0.4 * day - 200_000 : null,
        quality: [1, 0.96, 0.8, 1, 0.6][i] ?? 1,
        confusableWith: i === 1 ? { person: 4, name: drawnPeople[3]?.name ?? '', distance: 0.91 } : null,
      })
    }
    this.retraining.crop = this.#crops.get(1) ?? new Uint8Array()
    const outcomes: AttemptOutcome[] = [
      'match',
      'match',
      'no-match',
      'match',
      'poor-quality',
      'match',
      'several-faces',
      'locked-out',
      'match',
    ]
    this.attemptList =
      count === 0
        ? []
        : Array.from({ length: 24 }, (_, i): Attempt => {
            const outcome = outcomes[i % outcomes.length] ?? 'match'
            const person = (i % count) + 1
            const compared = outcome === 'match' || outcome === 'no-match'
            return {
              attempt: 24 - i,
              at: now - i * 0.21 * day - 200_000,
              claim: i === 7 ? 'person 7' : (drawnPeople[person - 1]?.name ?? ''),
              person: i === 7 ? null : person,
              outcome,
              distance: compared ? (outcome === 'match' ? 0.42 + 0.03 * (i % 8) : 1.18 + 0.01 * i) : null,
              threshold: compared ? 0.871 : null,
              model: 'FaceRecognitionNet 1',
            }
          })
  }
}
