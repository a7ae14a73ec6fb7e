import { SvelteMap } from 'svelte/reactivity'
import type { Frame, PersonId, PersonSummary, Preview, Verdict } from '../../src-main/contract.ts'
import type { Engine } from '../engine.ts'
import { distanceWords, outcomes } from '../wording.ts'
import type { Announcer } from './announcer.svelte.ts'
import type { Camera } from './camera.svelte.ts'
import type { LivePreview, SeenFrame } from './live-preview.svelte.ts'
import { failureWords } from './notices.svelte.ts'
import { matching } from './matching-people.ts'
import type { People } from './people.svelte.ts'

export const burstMs = 500 // long enough for five different frames, short enough to hold still
const burstFrames = 5

/** Whom to verify, the burst of frames, and what was decided. */
export class Verification {
  readonly #engine: Engine
  readonly #camera: Camera
  readonly #preview: LivePreview
  readonly #people: People
  readonly #announcer: Announcer
  readonly #lastUsed = new SvelteMap<PersonId, number>()
  readonly lockedUntil = new SvelteMap<PersonId, number>()

  search = $state('')
  claimed = $state<PersonId | null>(null)
  phase = $state<'idle' | 'capturing' | 'deciding'>('idle')
  verdict = $state.raw<Verdict | null>(null)
  /** The claim the verdict answers: the choice may have moved on since. */
  verdictFor = $state.raw<PersonSummary | null>(null)
  /** Click to decision. */
  tookMs = $state<number | null>(null)
  problem = $state<string | null>(null)

  readonly person = $derived.by(() => (this.claimed === null ? null : this.#people.one(this.claimed)))
  readonly choices = $derived.by(() => {
    const used = (person: PersonSummary) =>
      Math.max(this.#lastUsed.get(person.person) ?? 0, person.lastVerifiedAt ?? 0)
    return matching(this.#people.list ?? [], this.search).sort(
      (a, b) => used(b) - used(a) || a.name.localeCompare(b.name),
    )
  })

  constructor(engine: Engine, camera: Camera, preview: LivePreview, people: People, announcer: Announcer) {
    this.#engine = engine
    this.#camera = camera
    this.#preview = preview
    this.#people = people
    this.#announcer = announcer
  }

  claim(person: PersonId) {
    if (person !== this.claimed) this.clear()
    this.claimed = person
  }

  clear() {
    this.verdict = null
    this.verdictFor = null
    this.tookMs = null
    this.problem = null
  }

  async verify() {
    const person = this.person
    if (!person || this.phase !== 'idle' || this.#camera.condition !== 'live') return
    if ((this.lockedUntil.get(person.person) ?? 0) > Date.now()) return
    this.clear()
    const begun = performance.now()
    this.phase = 'capturing'
    try {
      const frames = await this.#burst()
      this.phase = 'deciding'
      const verdict = await this.#preview.resting(() =>
        this.#engine.call('verify', { person: person.person, frames }),
      )
      this.tookMs = performance.now() - begun
      this.verdict = verdict
      this.verdictFor = person
      this.#lastUsed.set(person.person, Date.now())
      if (verdict.kind === 'locked-out') this.lockedUntil.set(person.person, verdict.until)
      this.#announcer.interrupt(spoken(verdict, person.name))
    } catch (error) {
      this.problem = `Nothing was decided. ${failureWords(error)}`
      this.#announcer.interrupt(this.problem)
    } finally {
      this.phase = 'idle'
    }
  }

  /** What the camera sees now, then of each quarter of the burst the frame the preview liked best. */
  async #burst(): Promise<Frame[]> {
    const begun = performance.now()
    let seen: SeenFrame[] = []
    const unwatch = this.#preview.watch((frame) => seen.push(frame))
    const frames: Frame[] = []
    for (let i = 0; i < burstFrames; i++) {
      const endsInMs = begun + (i * burstMs) / (burstFrames - 1) - performance.now()
      await new Promise((resolve) => setTimeout(resolve, endsInMs))
      const best = seen.reduce<SeenFrame | null>(
        (best, rival) => (best && merit(best.preview) >= merit(rival.preview) ? best : rival),
        null,
      )
      const frame = best?.frame ?? this.#camera.frame()
      if (frame) frames.push(frame)
      seen = []
    }
    unwatch()
    if (frames.length === 0) throw new Error('The camera delivered no picture.')
    return frames
  }
}

/** More passing components first, then sharpness: good enough to choose among neighbours in time. */
function merit(preview: Preview): number {
  const passing = preview.quality.filter((measure) => measure.passes).length
  const sharpness = preview.quality.find((measure) => measure.component === 'Sharpness')?.value ?? 0
  return passing + sharpness / (1 + Math.abs(sharpness))
}

function spoken(verdict: Verdict, name: string): string {
  const { word } = outcomes[verdict.kind]
  switch (verdict.kind) {
    case 'match':
      return `${word}: ${name}. Distance ${distanceWords(verdict.distance)}, threshold ${distanceWords(verdict.threshold.distance)}.`
    case 'no-match':
      return `${word}: this is not ${name}. Distance ${distanceWords(verdict.distance)}, threshold ${distanceWords(verdict.threshold.distance)}. ${verdict.why}`
    default:
      return `${word}. ${verdict.message}`
  }
}
