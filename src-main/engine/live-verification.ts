import type { BurstId, Frame, PersonId, Refusal, Verdict } from '../contract.ts'
import { pictureFromFrame } from '../vision/frame.ts'
import type { BurstLook } from './burst.ts'
import type { Parts } from './parts.ts'
import { refused } from './refusal.ts'
import type { Probe } from './retraining/recent-probes.ts'
import { decideOn, lookThrough, refusedAtOnce } from './verification.ts'

interface Burst {
  /** As they were when it began, so that no burst is seen by one model and judged by another. */
  parts: Parts
  person: PersonId
  begunAt: number // ms since 1970
  frames: number
  look: Promise<BurstLook>
  /** Ends when every frame so far was looked at; fails when looking at one failed. */
  looked: Promise<void>
  /** Whether the end was asked for: then every frame that was given counts, however long the machine takes. */
  isDeciding: boolean
}

const limits = {
  open: 8, // pages that went away leave bursts behind; the oldest makes room
  lastsMs: 20_000, // frames of one moment: longer than the slowest machine needs, too short to come back to
  frames: 12, // as many as `verify` takes
}

/**
 * Verifications whose frames come while the burst is still being taken. Nothing is said of the frames, and nothing
 * decided or logged, before the end is asked for; each burst is decided once. One whose page goes away is forgotten.
 */
export class LiveVerifications {
  readonly #parts: Parts
  readonly #remember: (probe: Probe) => void
  readonly #bursts = new Map<BurstId, Burst>()

  constructor(parts: Parts, remember: (probe: Probe) => void) {
    this.#parts = parts
    this.#remember = remember
  }

  /** A verdict where no frame is needed for it: that ends the transaction, and it is logged. */
  begin(person: PersonId): { kind: 'begun'; burst: BurstId } | Verdict {
    const parts = { ...this.#parts }
    const verdict = refusedAtOnce(parts, person)
    if (verdict) return verdict
    this.#makeRoom()
    const burst = parts.randomId()
    const look = lookThrough(parts, 'camera')
    const looked = look.then(() => {})
    looked.catch(() => {}) // told to whoever gives a frame or asks for the decision
    const begunAt = parts.now()
    this.#bursts.set(burst, { parts, person, begunAt, frames: 0, look, looked, isDeciding: false })
    return { kind: 'begun', burst }
  }

  /** Looks at the frame after those before it. */
  async frame(id: BurstId, frame: Frame): Promise<{ kind: 'taken' } | Refusal> {
    const burst = this.#find(id)
    if (!burst) return notOpen
    if (++burst.frames > limits.frames)
      return refused('too-many-frames', `A burst holds ${limits.frames} frames at most.`)
    burst.looked = burst.looked.then(async () => {
      // One that was forgotten meanwhile costs nothing more; one that is being decided waits for its frames.
      const look = await burst.look
      if (burst.isDeciding || this.#find(id)) await look.add(pictureFromFrame(frame))
    })
    await burst.looked
    return { kind: 'taken' }
  }

  /** Waits for the frames that were given, then decides; the burst is gone. */
  async decide(id: BurstId): Promise<Verdict | Refusal> {
    const burst = this.#find(id)
    if (!burst) return notOpen
    this.#bursts.delete(id)
    burst.isDeciding = true
    await burst.looked
    return decideOn(burst.parts, burst.person, (await burst.look).seen(), this.#remember)
  }

  #find(id: BurstId): Burst | null {
    this.#forgetOld()
    return this.#bursts.get(id) ?? null
  }

  #forgetOld() {
    const now = this.#parts.now()
    for (const [id, { begunAt }] of this.#bursts) if (now - begunAt > limits.lastsMs) this.#bursts.delete(id)
  }

  #makeRoom() {
    this.#forgetOld()
    const [oldest] = this.#bursts.keys()
    if (oldest !== undefined && this.#bursts.size >= limits.open) this.#bursts.delete(oldest)
  }
}

const notOpen = refused(
  'no-such-burst',
  'This verification took too long, or is decided already. Verify again.',
)
