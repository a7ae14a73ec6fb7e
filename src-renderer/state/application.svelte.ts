import { createContext } from 'svelte'
import type { Engine } from '../engine.ts'
import { Activity } from './activity.svelte.ts'
import { Announcer } from './announcer.svelte.ts'
import { Camera } from './camera.svelte.ts'
import { Enrolment } from './enrolment.svelte.ts'
import { LivePreview } from './live-preview.svelte.ts'
import { Models } from './models.svelte.ts'
import { ModelsCompared } from './models-compared.svelte.ts'
import { Notices } from './notices.svelte.ts'
import { People } from './people.svelte.ts'
import { PersonPage } from './person-page.svelte.ts'
import { Photographs } from './photographs.svelte.ts'
import { HardExamples } from './retraining-hard-examples.svelte.ts'
import { Retraining } from './retraining.svelte.ts'
import { Router } from './router.svelte.ts'
import { SettingsState } from './settings.svelte.ts'
import { StatusState } from './status.svelte.ts'
import { Tuning } from './tuning.svelte.ts'
import { Verification } from './verification.svelte.ts'

/** Every subject's state, made once: a view that is left finds itself as it was. */
export class Application {
  readonly router = new Router()
  readonly announcer = new Announcer()
  readonly notices = new Notices()
  readonly status: StatusState
  readonly settings: SettingsState
  readonly camera: Camera
  readonly preview: LivePreview
  readonly photographs: Photographs
  readonly people: People
  readonly person: PersonPage
  readonly verification: Verification
  readonly enrolment: Enrolment
  readonly activity: Activity
  readonly tuning: Tuning
  readonly models: Models
  readonly compared: ModelsCompared
  readonly hardExamples: HardExamples
  readonly retraining: Retraining
  #told: string | null = null

  constructor(engine: Engine) {
    this.status = new StatusState(engine)
    this.settings = new SettingsState(engine, this.notices)
    this.camera = new Camera()
    this.preview = new LivePreview(engine, this.camera)
    this.photographs = new Photographs(engine)
    this.people = new People(engine)
    this.person = new PersonPage(engine, this.people, this.photographs, this.notices)
    this.verification = new Verification(engine, this.camera, this.preview, this.people, this.announcer)
    this.enrolment = new Enrolment(engine, this.camera, this.preview, this.announcer)
    this.activity = new Activity(engine, this.notices)
    this.tuning = new Tuning(
      engine,
      this.people,
      this.photographs,
      this.status,
      this.notices,
      this.announcer,
      () => this.settings.now?.failuresBeforeLockOut ?? 1,
    )
    this.models = new Models(engine, this.status, this.notices)
    this.compared = new ModelsCompared(engine, this.models, this.people, this.notices)
    this.hardExamples = new HardExamples(engine, this.notices)
    this.retraining = new Retraining(engine, this.models, this.hardExamples, this.notices, this.announcer)

    engine.on('gallery-changed', () => void this.#refresh())
    engine.watch((connection) => {
      if (connection.kind === 'open') void this.#refresh()
    })
  }

  async #refresh() {
    await Promise.allSettled([
      this.status.refresh(),
      this.settings.refresh(),
      this.people.refresh(),
      this.person.refresh(),
      this.activity.refresh(),
      this.retraining.refresh(),
    ])
    this.#tell(this.status.now?.notice ?? null)
  }

  /** Once: whoever dismissed it has read it. */
  #tell(notice: string | null) {
    if (notice !== null && notice !== this.#told) this.notices.problem(notice)
    this.#told = notice
  }
}

const [application, provideApplication] = createContext<Application>()
export { application, provideApplication }
