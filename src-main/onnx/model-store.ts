import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What `models/manifest.json` says of one network. */
export interface ModelDescription {
  sha256: string
  version: string
  source: { package: string; version: string; weights: string }
  inputs: ModelValue[]
  outputs: (ModelValue & { holds: string })[]
  preprocessing: string
  licence: string
  /** What the source does not say, and a user may ask. */
  unstated: string[]
}

/** An input or output: its name, and its shape with a name where the size is free. */
export interface ModelValue {
  name: string
  type: string
  shape: (number | string)[]
}

export type Manifest = Record<string, ModelDescription>

/** A model that is not what the manifest says, or not there at all; the message names it and the way out. */
export class ModelRefused extends Error {}

export async function readManifest(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Manifest
}

/**
 * The bytes of one network, checked against the manifest: a changed network could let anybody in.
 * Throws `ModelRefused` when it is missing, unknown or altered.
 */
export async function loadModel(
  folder: string,
  name: string,
): Promise<{ bytes: Uint8Array; description: ModelDescription }> {
  const description = (await readManifest(folder))[name]
  if (!description) throw new ModelRefused(`The manifest knows no model "${name}".`)
  const bytes = await readFile(join(folder, `${name}.onnx`)).catch(() => {
    throw new ModelRefused(`The model "${name}" is missing: run "npm run build:models".`)
  })
  if (sha256(bytes) !== description.sha256) {
    throw new ModelRefused(
      `The model "${name}" is not the one the manifest describes (its SHA-256 differs), so it is not used. ` +
        `If you did not change it, delete models/${name}.onnx and run "npm run build:models".`,
    )
  }
  return { bytes, description }
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
