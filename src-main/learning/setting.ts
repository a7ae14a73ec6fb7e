/** A number, switch or choice that someone may set: why its default is what it is stands beside it. */
export interface Setting {
  default: number | boolean | string
  /** 'distance', 'radians', 'cosine', … or '' where it has none. */
  unit: string
  /** Where the default comes from. */
  reason: string
  /** The words that a choice may take. */
  choices?: readonly string[]
}

export type Settings = Record<string, Setting>

/** The values that belong to described settings. */
export type SettingValues<S extends Settings> = {
  [Name in keyof S]: S[Name]['default'] extends number
    ? number
    : S[Name]['default'] extends boolean
      ? boolean
      : string
}

/** Values as they come from outside: by name, some left out. */
export type GivenSettings = Record<string, number | boolean | string>

/** Fills in the defaults. Throws for an unknown name, a value of another type, a number that is not finite or a word that is no choice. */
export function resolveSettings(
  owner: string,
  settings: Settings,
  given: GivenSettings = {},
): SettingValues<Settings> {
  for (const [name, value] of Object.entries(given)) {
    const setting = settings[name]
    const known = Object.keys(settings).join(', ') || 'none'
    if (!setting) throw new Error(`${owner} has no setting ${name}; it has: ${known}`)
    if (typeof value !== typeof setting.default || (typeof value === 'number' && Number.isNaN(value))) {
      throw new Error(`${owner}: ${name} must be a ${typeof setting.default}, not ${String(value)}`)
    }
    if (setting.choices && !setting.choices.includes(String(value))) {
      throw new Error(`${owner}: ${name} must be one of ${setting.choices.join(', ')}, not ${String(value)}`)
    }
  }
  const defaults = Object.fromEntries(
    Object.entries(settings).map(([name, setting]) => [name, setting.default]),
  )
  return { ...defaults, ...given } as SettingValues<Settings>
}
