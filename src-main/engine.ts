import {
  type CallName,
  type EnginePort,
  type EventName,
  type Events,
  type Gives,
  type Settings,
  type Status,
  type Takes,
  type Verdict,
} from './contract.ts'
import { activityCsv } from './engine/activity-csv.ts'
import { allAttempts, attemptOf } from './engine/attempts.ts'
import { Enrolments } from './engine/enrolment.ts'
import { Jobs } from './engine/jobs.ts'
import { jpegOfStored } from './engine/jpeg.ts'
import { lookAt } from './engine/look-at.ts'
import { LiveVerifications } from './engine/live-verification.ts'
import { liveParts, upToDate } from './engine/model-in-use.ts'
import { settingsOf, type Parts } from './engine/parts.ts'
import { modelEvents } from './engine/retraining/model-events.ts'
import { RecentProbes, type Probe } from './engine/retraining/recent-probes.ts'
import { details, summaries } from './engine/people.ts'
import { reembed } from './engine/re-embedding.ts'
import { reembedStrangers } from './engine/tuning/cohort-photographs.ts'
import { refused } from './engine/refusal.ts'
import { inForceFor } from './engine/tuning/in-force.ts'
import { verify } from './engine/verification.ts'
import { comparableName } from './gallery/person-name.ts'
import { storageTrouble } from './gallery/storage-trouble.ts'
import { pictureFromFrame } from './vision/frame.ts'

/** The contract, implemented. `call` trusts its arguments; what comes from outside goes through `dispatch`. */
export interface Engine extends EnginePort {
  close(): void
}

/** What each call does. The compiler holds every entry to the contract. */
export type Handlers<N extends CallName = CallName> = {
  [M in N]: (takes: Takes<M>) => Gives<M> | Promise<Gives<M>>
}

/** Rooms of their own answer these; what `createEngine` is given of them it answers too. */
type CallsElsewhere = Extract<
  CallName,
  `${'tune' | 'cohort' | 'retrain' | 'models' | 'hard-example'}.${string}`
>
type CallsHere = Exclude<CallName, CallsElsewhere>

const reembedding = 're-embedding' // the engine's own job
const pollMs = 1000 // how soon a change made on the command line is seen in the window

/** What a room of the engine may use besides the parts. */
export interface Shared {
  jobs: Jobs
  /** Tells everybody that the gallery, or what verification is judged by, changed. */
  changed: () => void
  /** Tells everybody of what is the room's own. */
  tell: <E extends EventName>(name: E, event: Events[E]) => void
  /** Looks again and again, as the engine does after changes made elsewhere, until the engine closes. */
  everySecond: (look: () => void) => void
  /** What the last transactions showed, to be kept where somebody says that one was decided wrongly. */
  probes: RecentProbes
  onClose: (end: () => void) => void
}

/**
 * Everything the engine needs is passed in; it owns nothing but drafts, jobs and listeners. A model that is promoted or
 * rolled back, here or in another process, is in use from the next call on; a call under way ends under its own.
 * @param rooms are given parts that change with the model (`liveParts`); makes the handlers of further calls; a call that no room answers is a fault
 */
export function createEngine(
  opened: Parts,
  rooms: (parts: Parts, shared: Shared) => Partial<Handlers<CallsElsewhere>> = () => ({}),
): Engine {
  const { parts, follow } = liveParts(opened)
  const hearers = new Map<EventName, Set<(event: never) => void>>()
  const tell = <E extends EventName>(name: E, event: Events[E]) =>
    hearers.get(name)?.forEach((hear) => hear(event as never))
  const jobs = new Jobs((event) => tell('progress', event), parts.now)
  const enrolments = new Enrolments(parts)
  let ready = false
  let closed = false

  const changed = () => {
    followModel()
    tell('gallery-changed', {})
    tell('status-changed', status(parts, ready))
  }
  const followModel = () => {
    try {
      if (!follow()) return
    } catch (error) {
      if (!storageTrouble(error)) throw error // whoever next asks the gallery for something is told of the trouble
      return
    }
    tell('status-changed', status(parts, ready))
    jobs.cancel(reembedding) // what was left to read for the model before
    whenLoaded()
  }
  const whenLoaded = () => {
    const now = { ...parts }
    now.vision.then(
      () => {
        if (closed) return
        if (!ready) {
          ready = true
          tell('status-changed', status(parts, ready))
        }
        void reembedEverybody(now, jobs, changed)
      },
      () => {}, // every call that needs the networks says why they did not load
    )
  }
  const settingsChanged = (settings: Settings) => {
    tell('settings-changed', settings)
    tell('status-changed', status(parts, ready))
  }
  const probes = new RecentProbes(parts.now)
  const looks: (() => void)[] = [changesElsewhere(parts, changed)]
  const ends: (() => void)[] = []
  const shared: Shared = {
    jobs,
    changed,
    tell,
    probes,
    everySecond: (look) => looks.push(look),
    onClose: (end) => ends.push(end),
  }
  const handlers: Partial<Handlers> = {
    ...rooms(parts, shared),
    ...handle(parts, enrolments, jobs, () => ready, changed, settingsChanged, probes),
  }

  const stopPolling = poll(looks)
  whenLoaded()

  return {
    async call<N extends CallName>(name: N, takes: Takes<N>) {
      const handler: Handlers[N] | undefined = handlers[name]
      if (!handler) throw new Error(`this engine has no room for "${name}"`)
      followModel()
      return handler(takes)
    },
    on(name, hear) {
      const heard = hearers.get(name) ?? new Set()
      hearers.set(name, heard.add(hear))
      return () => void heard.delete(hear)
    },
    close() {
      closed = true
      jobs.cancel(reembedding)
      stopPolling()
      for (const end of ends) end()
      hearers.clear()
    },
  }
}

/** After a change of the model: kept photographs are read anew before anybody is compared with anybody. */
async function reembedEverybody(parts: Parts, jobs: Jobs, changed: () => void): Promise<void> {
  try {
    const { embedded } = await jobs.run(reembedding, (job) => reembed(parts, undefined, job))
    if (embedded > 0) changed()
  } catch (error) {
    if (!storageTrouble(error)) throw error // each verification does it for its own person, and tells of the trouble
  }
}

function handle(
  parts: Parts,
  enrolments: Enrolments,
  jobs: Jobs,
  ready: () => boolean,
  changed: () => void,
  settingsChanged: (settings: Settings) => void,
  probes: RecentProbes,
): Handlers<CallsHere> {
  const { gallery } = parts
  /** Tells everybody that the gallery changed, unless it was refused. */
  const changing = <T extends { kind: string }>(outcome: T, kind: string): T => {
    if (outcome.kind === kind) changed()
    return outcome
  }
  const remember = (probe: Probe) => probes.keep(probe)
  const live = new LiveVerifications(parts, remember)
  const logged = (verdict: Verdict): Verdict => {
    changed() // the audit log has one attempt more
    return verdict
  }
  return {
    status: () => status(parts, ready()),
    'settings.get': () => settingsOf(parts),
    'settings.set': (settings) => {
      gallery.setSettings(settings)
      const now = settingsOf(parts)
      settingsChanged(now)
      return now
    },

    preview: async ({ frame }) => (await parts.vision).preview(pictureFromFrame(frame)),
    verify: async ({ person, frames }) => {
      const pictures = frames.map(pictureFromFrame)
      return logged(await verify({ ...parts }, { person }, pictures, 'camera', remember))
    },
    'verify.begin': ({ person }) => {
      const begun = live.begin(person)
      return begun.kind === 'begun' ? begun : logged(begun)
    },
    'verify.frame': ({ burst, frame }) => live.frame(burst, frame),
    'verify.decide': async ({ burst }) => {
      const outcome = await live.decide(burst)
      return outcome.kind === 'refused' ? outcome : logged(outcome)
    },

    people: () => summaries(parts),
    person: async ({ person }) => details(parts, person) ?? notEnrolled,
    'person.rename': ({ person, name }) => changing(gallery.rename(person, name), 'renamed'),
    'person.forget': ({ person, name }) => {
      const known = gallery.person(person)
      if (!known) return notEnrolled
      if (comparableName(known.name) !== comparableName(name))
        return refused('name-differs', 'The name typed is not this person’s. Nobody was forgotten.')
      const outcome = gallery.forget(person)
      return outcome.kind === 'refused' ? outcome : changing({ kind: 'forgotten' as const }, 'forgotten')
    },
    photograph: async ({ photograph }) => {
      const png = gallery.crop(photograph)
      if (png !== null) return jpegOfStored(png)
      return gallery.photograph(photograph)
        ? refused('no-crop', 'The crop of this photograph was not kept (Settings).')
        : noSuchPhotograph
    },
    'photograph.drop': ({ photograph }) => {
      const outcome = gallery.dropPhotograph(photograph)
      return outcome.kind === 'refused' ? outcome : changing({ kind: 'dropped' as const }, 'dropped')
    },

    'enrol.begin': ({ name, person }) => enrolments.begin(name, person),
    'enrol.frame': ({ draft, view, frame }) => enrolments.frame(draft, view, frame),
    'enrol.file': ({ draft, fileName, bytes }) => enrolments.file(draft, fileName, bytes),
    'enrol.skip': ({ draft, view }) => enrolments.skip(draft, view),
    'enrol.drop': ({ draft, photograph }) => enrolments.drop(draft, photograph),
    'enrol.rename': ({ draft, name, add }) => enrolments.rename(draft, name, add ?? false),
    'enrol.review': ({ draft }) => enrolments.review(draft),
    'enrol.save': async ({ draft }) => changing(await enrolments.save(draft), 'saved'),
    'enrol.discard': ({ draft }) => enrolments.discard(draft),

    attempts: (page) =>
      gallery.attempts
        .newest(page)
        .map((attempt) => ({ ...attemptOf(attempt), pictureUntil: probes.until(attempt.attempt) })),
    'attempts.csv': () => ({ kind: 'csv', csv: activityCsv(allAttempts(parts), modelEvents(parts)) }),
    'gallery.export': ({ passphrase, job }) =>
      jobs.run(job, ({ signal, progress }) =>
        gallery.exportTo(passphrase, {
          signal,
          onProgress: (done, total) => progress(done, total, 'Writing the gallery to a file'),
        }),
      ),
    'gallery.import': async ({ passphrase, bytes, job }) => {
      const outcome = await jobs.run(job, ({ signal, progress }) =>
        gallery.importFrom(bytes, passphrase, {
          signal,
          looker: lookAt({ ...parts }),
          onProgress: (done, total) => progress(done, total, 'Adding people from the file'),
        }),
      )
      if (outcome.kind === 'refused') return outcome
      const now = upToDate({ ...parts }) // a restored gallery brings its model in use
      await reembed(now)
      await jobs.run(job, (running) => reembedStrangers(now, running))
      return changing(outcome, 'imported')
    },

    'job.cancel': ({ job }) =>
      jobs.cancel(job) ? { kind: 'cancelled' } : refused('no-such-job', 'This is not running (any more).'),
  }
}

function status({ home, gallery, model, processor, card }: Parts, ready: boolean): Status {
  const { people, photographs } = gallery.counts()
  return {
    home,
    gallery: { people, photographs },
    model,
    processor,
    keyKeeper: gallery.keyKeeper,
    notice: gallery.notice,
    threshold: inForceFor({ gallery, model, card }, 'burst-template'),
    ready,
  }
}

/** SQLite's data version moves when another process has written; the revision, when that is to be shown. */
function changesElsewhere({ gallery }: Parts, changed: () => void): () => void {
  let seen = gallery.dataVersion()
  let revision = gallery.revisionElsewhere()
  return () => {
    const version = gallery.dataVersion()
    if (version === seen) return
    seen = version
    const now = gallery.revisionElsewhere()
    if (now === revision) return
    revision = now
    changed()
  }
}

function poll(looks: readonly (() => void)[]): () => void {
  const timer = setInterval(() => {
    for (const look of looks)
      try {
        look()
      } catch (error) {
        if (!storageTrouble(error)) throw error // whoever next asks the gallery for something is told of the trouble
      }
  }, pollMs)
  timer.unref()
  return () => clearInterval(timer)
}

const notEnrolled = refused('not-enrolled', 'This person is not enrolled (any more).')
const noSuchPhotograph = refused('no-such-photograph', 'There is no such photograph (any more).')
