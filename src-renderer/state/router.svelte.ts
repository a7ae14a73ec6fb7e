export const sections = ['verify', 'enrol', 'people', 'tune', 'retrain', 'activity', 'settings'] as const
export type Section = (typeof sections)[number]

/** Where the page is: `#/people/7` is the section `people` with the id 7. */
export class Router {
  address = $state(window.location.hash || '#/verify')

  readonly #parts = $derived(this.address.replace(/^#\/?/, '').split('/'))
  readonly section: Section = $derived(sections.find((section) => section === this.#parts[0]) ?? 'verify')
  /** The person an address names; null where it names none. */
  readonly person: number | null = $derived(positiveInteger(this.#parts[1]))

  /** The versions of the model an address names: one to be looked at, or two to be compared. */
  readonly versions: string[] = $derived(
    this.section === 'retrain' ? this.#parts.slice(1).filter(Boolean).map(readable) : [],
  )

  constructor() {
    window.addEventListener('hashchange', () => (this.address = window.location.hash || '#/verify'))
  }

  go(section: Section, person?: number) {
    window.location.hash = addressOf(section, person)
  }
}

export const addressOf = (section: Section, person?: number) =>
  person === undefined ? `#/${section}` : `#/${section}/${person}`

/** One version beside its parent, or any two. */
export const addressOfVersions = (...versions: string[]) =>
  ['#/retrain', ...versions.map(encodeURIComponent)].join('/')

/** A part of an address as it was before it was made one; as it stands where somebody typed what is none. */
function readable(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function positiveInteger(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d{0,15}$/.test(text) ? Number(text) : null
}
