import type { Settings } from '../contract.ts'
import type { Store } from './store.ts'

/** What was set, and only that. Sealed, so that nobody loosens the wanted FMR by editing the file. */
export function settings(store: Store): Partial<Settings> {
  const rows = store.all('SELECT name, value FROM setting ORDER BY name')
  return Object.fromEntries(
    rows.map(({ name, value }) => [
      name,
      JSON.parse(store.seal.openText(value as Uint8Array, place(String(name)))),
    ]),
  )
}

/** Inside `store.write`. */
export function setSettings(store: Store, changed: Partial<Settings>): void {
  for (const [name, value] of Object.entries(changed)) {
    if (value === undefined) continue
    const sealed = store.seal.sealText(JSON.stringify(value), place(name))
    store.run('INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)', name, sealed)
  }
}

function place(name: string) {
  return { table: 'setting', row: name, column: 'value', person: null }
}
