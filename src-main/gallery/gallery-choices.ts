import type { ComparisonForm, PersonalChoice, PersonId, ThresholdChoice } from '../contract.ts'
import {
  choices,
  forgetChoice,
  forgetPersonalChoices,
  personalChoices,
  setChoice,
  setPersonalChoice,
} from './choices.ts'
import type { Store } from './store.ts'

/** The thresholds that were chosen for a gallery: one for each form of comparison, and stricter ones of single people. */
export class GalleryChoices {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** The threshold that was chosen for each form, with its evidence. */
  all(): ThresholdChoice[] {
    return choices(this.#store)
  }

  /** In place of what was chosen for the same form before. */
  set(choice: ThresholdChoice): void {
    this.#store.write(() => setChoice(this.#store, choice))
  }

  /** Whether there was one. */
  forget(form: ComparisonForm): boolean {
    return this.#store.write(() => forgetChoice(this.#store, form))
  }

  /** The stricter thresholds of single people, of every model. */
  personal(): PersonalChoice[] {
    return personalChoices(this.#store)
  }

  /** In place of what this person had in the same form under the same model. */
  setPersonal(choice: PersonalChoice): void {
    this.#store.write(() => setPersonalChoice(this.#store, choice))
  }

  /** Whether there was one. */
  forgetPersonal(person: PersonId, form: ComparisonForm): boolean {
    return this.#store.write(() => forgetPersonalChoices(this.#store, person, form))
  }
}
