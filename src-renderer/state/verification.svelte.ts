import { SvelteMap } from 'svelte/reactivity'
import type { BurstId, Frame, Gives, PersonId, PersonSummary, Verdict } from '../../src-main/contract.ts'
import type { Engine } from '../engine.ts'
import { distanceWords, outcomes } from '../wording.ts'
import type { Announcer } from './announcer.svelte.ts'
import type { Camera } from './camera.svelte.ts'
import type { LivePreview } from './live-preview.svelte.ts'
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
      const verdict = await this.#preview.resting(() => this.#transact(person.person))
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

  /** Frames are looked at while later ones are still being taken, so that the decision follows the last one closely. */
  async #transact(person: PersonId): Promise<Verdict> {
    const begun = this.#engine.call('verify.begin', { person })
    const frames = this.#burst(begun)
    frames.catch(() => {}) // a refusal at the beginning is the answer, whatever becomes of the frames
    const opened = await begun
    if (opened.kind !== 'begun') return opened
    await frames
    const { burst } = opened
    const verdict = await this.#engine.call('verify.decide', { burst })
    if (verdict.kind === 'refused') throw new Error(verdict.message)
    return verdict
  }

  /** Gives what the camera sees at five moments to the engine; resolves when it has looked at them all. */
  async #burst(begun: Promise<Gives<'verify.begin'>>): Promise<void> {
    const startedAt = performance.now()
    const given: Promise<unknown>[] = []
    let picture = 0
    for (let i = 0; i < burstFrames; i++) {
      const waitMs = startedAt + (i * burstMs) / (burstFrames - 1) - performance.now()
      await new Promise((resolve) => setTimeout(resolve, waitMs))
      picture = await this.#camera.nextPicture(picture)
      const frame = this.#camera.frame()
      const opened = await begun
      if (opened.kind !== 'begun') return
      if (!frame) continue
      const giving = this.#give(opened.burst, frame)
      giving.catch(() => {}) // told when the burst ends
      given.push(giving)
    }
    this.phase = 'deciding'
    if (given.length === 0) throw new Error('The camera delivered no picture.')
    await Promise.all(given)
  }

  async #give(burst: BurstId, frame: Frame): Promise<void> {
    const taken = await this.#engine.call('verify.frame', { burst, frame })
    if (taken.kind === 'refused') throw new Error(taken.message)
  }
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
