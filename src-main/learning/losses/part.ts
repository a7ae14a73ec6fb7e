import type { GivenSettings } from '../setting.ts'

/** One part of the catalogue by name, with settings that differ from its defaults. */
export interface Choice {
  id: string
  settings?: GivenSettings
}

/** The same, looked up. */
export interface Part<Kind> {
  described: Kind
  settings: GivenSettings
}
