import type { ExportedGallery, ExportedModel } from './export-records.ts'
import { networkVersionOf, versionOf } from './versions.ts'

/**
 * An exported gallery whose networks are those that were built here of their numbers. What another release wrote in another
 * way has another name then, as a version is of the file's very bytes: so have the heads over it, wherever they are named.
 * @param networks by the version that the file gives them
 * @returns and the new name of each network and head that got one, by its old one
 */
export function withNetworks(
  file: ExportedGallery,
  networks: ReadonlyMap<string, Uint8Array>,
): { file: ExportedGallery; renamed: ReadonlyMap<string, string> } {
  const named = new Map(file.models.map((model) => [model.version, nameHere(model, networks)]))
  const renamed = new Map([...named].filter(([old, now]) => old !== now))
  const models = file.models.map((model) => ({
    ...model,
    network: networks.get(model.version) ?? model.network,
  }))
  const built = { ...file, models }
  return { file: renamed.size > 0 ? (inNewNames(built, renamed) as ExportedGallery) : built, renamed }
}

function nameHere(
  { version, description: { base }, head }: ExportedModel,
  networks: ReadonlyMap<string, Uint8Array>,
): string {
  const own = networks.get(version)
  if (own) return networkVersionOf(base, own)
  const under = networks.get(base)
  return head && under ? versionOf(networkVersionOf(withoutHash(base), under), head) : version
}

/** Of a network's version, the pre-trained one it descends from. */
const withoutHash = (network: string) => network.slice(0, network.lastIndexOf('-net-'))

/** Every text that is an old name, as a value or as a key. */
function inNewNames(value: unknown, renamed: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return renamed.get(value) ?? value
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  if (Array.isArray(value)) return value.map((each) => inNewNames(each, renamed))
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [renamed.get(key) ?? key, inNewNames(each, renamed)]),
  )
}
