export const sections = ['verify', 'enrol', 'people', 'tune', 'retrain', 'activity', 'settings'] as const
export type Section = (typeof sections)[number]

/** Where the page is: `#/people/7` is the section `people` with the id 7. */
export class Router {
  address = $state(window.location.hash || '#/verify')

  readonly #parts = $derived(this.address.replace(/^#\/?/, '').split('/'))
  readonly section: Section = $derived(sections.find((section) => section === this.#parts[0]) ?? 'verify')
  /** The person an address names; null where it names none. */
  readonly person: number | null = $derived(positiveInteger(this.#parts[1]))

  constructor() {
    window.addEventListener('hashchange', () => (this.address = window.location.hash || '#/verify'))
  }

  go(section: Section, person?: number) {
    window.location.hash = addressOf(section, person)
  }
}

export const addressOf = (section: Section, person?: number) =>
  person === undefined ? `#/${section}` : `#/${section}/${person}`

function positiveInteger(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d{0,15}$/.test(text) ? Number(text) : null
}
