import { SvelteMap, SvelteSet } from 'svelte/reactivity'
import type {
  DraftId,
  DraftPhotograph,
  EnrolmentReview,
  PersonId,
  PersonSummary,
  Refusal,
  View,
} from '../../src-main/contract.ts'
import type { Engine } from '../engine.ts'
import { countWords, views, viewWords } from '../wording.ts'
import type { Announcer } from './announcer.svelte.ts'
import type { Camera } from './camera.svelte.ts'
import { FileIntake } from './file-intake.svelte.ts'
import { fitOf } from './guided-view.ts'
import type { LivePreview, SeenFrame } from './live-preview.svelte.ts'
import { failureWords } from './notices.svelte.ts'

const holdMs = 900 // how long a view is held: three or four frames to choose the best from
const sendEveryMs = 220
const fadeMs = 700 // a lost pose empties its arc this fast

export type Step = 'who' | 'collect' | 'review' | 'saved'

/** One enrolment from the name to the saved template; it is kept when the view is left. */
export class Enrolment {
  readonly #engine: Engine
  readonly #camera: Camera
  readonly #preview: LivePreview
  readonly #announcer: Announcer
  readonly files = new FileIntake()

  step = $state<Step>('who')
  name = $state('')
  consent = $state(false)
  source = $state<'camera' | 'files'>('camera')
  /** Set when photographs are added to someone who is enrolled already. */
  addTo = $state.raw<PersonSummary | null>(null)
  nameProblem = $state<string | null>(null)
  /** Whether somebody else has taken the name since this enrolment began. */
  nameTaken = $state(false)
  problem = $state<string | null>(null)
  busy = $state(false)
  kept = $state.raw<DraftPhotograph[]>([])
  readonly skipped = new SvelteSet<View>()
  /** How full each view's arc is, 0–1. */
  readonly held = new SvelteMap<View, number>()
  review = $state.raw<EnrolmentReview | null>(null)
  saved = $state.raw<{ person: PersonId; photographs: number } | null>(null)
  #draft: DraftId | null = null
  /** The asked view's best frame so far, not yet held long enough. */
  #best: DraftPhotograph | null = null
  #refusedHint = $state<string | null>(null)
  #sending = false
  #sentAt = 0
  #seenAt = 0

  /** The view that is asked for now; null once every view is kept or skipped. */
  readonly asked: View | null = $derived(
    views.find((view) => !this.skipped.has(view) && !this.keptOf(view)) ?? null,
  )
  readonly hint = $derived.by(() => {
    if (this.step !== 'collect' || !this.asked) return null
    const fit = fitOf(this.asked, this.#preview.latest)
    return fit.kind === 'fits' ? (this.#refusedHint ?? 'Hold still') : fit.hint
  })
  readonly fileNamesKept = $derived(this.kept.filter((photograph) => photograph.source === 'file'))

  constructor(engine: Engine, camera: Camera, preview: LivePreview, announcer: Announcer) {
    this.#engine = engine
    this.#camera = camera
    this.#preview = preview
    this.#announcer = announcer
    preview.watch((seen) => this.#guide(seen))
  }

  keptOf(view: View): DraftPhotograph | undefined {
    return this.kept.find((photograph) => photograph.view === view)
  }

  async begin() {
    this.nameProblem = null
    await this.#working(async () => {
      const gives = await this.#engine.call('enrol.begin', {
        name: this.name,
        consent: true,
        person: this.addTo?.person,
      })
      if (gives.kind === 'refused') {
        this.nameProblem = gives.message
        return
      }
      this.#draft = gives.draft
      this.step = 'collect'
      this.#say()
    })
  }

  async addFiles(files: File[]) {
    const draft = this.#draft
    if (!draft || files.length === 0) return
    await this.files.run(
      files,
      (fileName, bytes) => this.#engine.call('enrol.file', { draft, fileName, bytes }),
      (photograph) => (this.kept = [...this.kept, photograph]),
    )
    if (draft === this.#draft) this.#announcer.say(this.files.summary())
  }

  async skip(view: View) {
    const draft = this.#draft
    if (!draft) return
    await this.#working(async () => {
      const gives = await this.#engine.call('enrol.skip', { draft, view })
      if (this.#refused(gives)) return
      this.#best = null
      this.skipped.add(view)
      this.held.delete(view)
      this.#say()
    })
  }

  /** A dropped camera view is asked for again, or recorded as skipped where it was dropped before saving. */
  async drop(photograph: DraftPhotograph) {
    const draft = this.#draft
    if (!draft) return
    await this.#working(async () => {
      const gives = await this.#engine.call('enrol.drop', { draft, photograph: photograph.photograph })
      if (this.#refused(gives)) return
      this.kept = this.kept.filter((other) => other.photograph !== photograph.photograph)
      if (photograph.view) this.held.delete(photograph.view)
      if (this.step !== 'review') return
      if (
        photograph.view &&
        !this.#refused(await this.#engine.call('enrol.skip', { draft, view: photograph.view }))
      )
        this.skipped.add(photograph.view)
      await this.#refreshReview(draft)
    })
  }

  async retake(view: View) {
    const kept = this.keptOf(view)
    if (kept) await this.drop(kept)
    this.skipped.delete(view)
    this.held.delete(view)
    this.source = 'camera'
    this.step = 'collect'
  }

  async startReview() {
    const draft = this.#draft
    if (!draft) return
    await this.#working(async () => {
      // Whatever was not kept by now is recorded as skipped, not silently missing.
      if (this.source === 'camera')
        for (const view of views)
          if (!this.keptOf(view) && !this.skipped.has(view)) {
            if (this.#refused(await this.#engine.call('enrol.skip', { draft, view }))) return
            this.skipped.add(view)
          }
      await this.#refreshReview(draft)
    })
  }

  backToCollecting() {
    this.review = null
    this.step = 'collect'
  }

  async save() {
    const draft = this.#draft
    if (!draft) return
    await this.#working(async () => {
      const gives = await this.#engine.call('enrol.save', { draft })
      if (gives.kind === 'refused' && gives.reason === 'name-taken') {
        this.nameTaken = true
        return
      }
      if (this.#refused(gives)) return
      this.#draft = null
      this.saved = gives
      this.step = 'saved'
      this.#announcer.say(
        `${this.name} is enrolled with ${countWords(gives.photographs, 'photograph', 'photographs')}.`,
      )
    })
  }

  /** Saves under another name what was to be saved under one that is taken by now. */
  async saveAs(name: string) {
    const draft = this.#draft
    if (!draft) return
    let renamed = false
    await this.#working(async () => {
      const gives = await this.#engine.call('enrol.rename', { draft, name })
      this.nameProblem = gives.kind === 'refused' ? gives.message : null
      if (gives.kind === 'refused') return
      this.name = gives.name
      this.nameTaken = false
      renamed = true
    })
    if (renamed) await this.save()
  }

  /** Adds what was kept to whoever has the name by now; it is looked through once more before it is saved. */
  async addToNamesake() {
    const draft = this.#draft
    if (!draft) return
    await this.#working(async () => {
      const gives = await this.#engine.call('enrol.rename', { draft, name: this.name, add: true })
      if (this.#refused(gives)) return
      const people = await this.#engine.call('people', {})
      this.addTo = people.find(({ person }) => person === gives.person) ?? null
      this.name = gives.name
      this.nameTaken = false
      await this.#refreshReview(draft)
    })
  }

  async discard() {
    const draft = this.#draft
    this.reset()
    if (draft) await this.#engine.call('enrol.discard', { draft }).catch(() => {}) // a lost engine has lost the draft too
  }

  /** Ready for the next person, or to add photographs to one. */
  reset(addTo: PersonSummary | null = null) {
    this.#draft = null
    this.#best = null
    this.step = 'who'
    this.addTo = addTo
    this.name = addTo?.name ?? ''
    this.consent = false
    this.nameProblem = null
    this.nameTaken = false
    this.problem = null
    this.kept = []
    this.skipped.clear()
    this.held.clear()
    this.review = null
    this.saved = null
    this.files.clear()
  }

  #guide({ frame, preview, at }: SeenFrame) {
    const elapsedMs = Math.min(200, at - this.#seenAt)
    this.#seenAt = at
    const view = this.asked
    if (this.step !== 'collect' || this.source !== 'camera' || !view) return
    const held = this.held.get(view) ?? 0
    if (fitOf(view, preview).kind !== 'fits') {
      if (held > 0) this.held.set(view, Math.max(0, held - elapsedMs / fadeMs))
      return
    }
    // The arc closes only once the engine has kept a frame of it.
    this.held.set(view, Math.min(0.96, held + elapsedMs / holdMs))
    if (!this.#sending && at - this.#sentAt >= sendEveryMs) {
      this.#sentAt = at
      void this.#send(view, frame, (this.held.get(view) ?? 0) >= 0.6)
    }
  }

  /** The engine keeps the best frame of a view; the view is done when it was held long enough. */
  async #send(view: View, frame: SeenFrame['frame'], heldLongEnough: boolean) {
    const draft = this.#draft
    if (!draft) return
    this.#sending = true
    try {
      const gives = await this.#engine.call('enrol.frame', { draft, view, frame })
      if (draft !== this.#draft || view !== this.asked) return
      if (gives.kind === 'refused') {
        this.#refusedHint = gives.message
        if (this.#best?.view !== view) this.held.set(view, 0)
        return
      }
      this.#refusedHint = null
      if (gives.kind === 'kept') this.#best = gives.kept
      if (this.#best?.view === view && heldLongEnough) {
        this.kept = [...this.kept, this.#best]
        this.#best = null
        this.held.set(view, 1)
        this.#say(`${viewWords[view].word} kept.`)
      }
    } catch (error) {
      this.#refusedHint = failureWords(error)
    } finally {
      this.#sending = false
    }
  }

  async #refreshReview(draft: DraftId) {
    const gives = await this.#engine.call('enrol.review', { draft })
    if (this.#refused(gives)) return
    this.review = gives
    this.kept = gives.photographs
    this.step = 'review'
    if (gives.warnings.length > 0)
      this.#announcer.say(`${countWords(gives.warnings.length, 'warning', 'warnings')} before saving.`)
  }

  #refused(gives: { kind: string } | Refusal): gives is Refusal {
    if (gives.kind !== 'refused') return false
    this.problem = (gives as Refusal).message
    return true
  }

  async #working(work: () => Promise<void>) {
    if (this.busy) return
    this.busy = true
    this.problem = null
    try {
      await work()
    } catch (error) {
      this.problem = failureWords(error)
    } finally {
      this.busy = false
    }
  }

  #say(before = '') {
    const next = this.asked ? viewWords[this.asked].ask : 'Every view is done. Check and save.'
    this.#announcer.say(`${before} ${next}.`.trim())
  }
}
