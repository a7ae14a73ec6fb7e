import { resolve } from 'node:path'
import type { EngineStart } from '../engine-child.ts'

/** The folder of the gallery: `--home`, else `SEMBLANCE_HOME`, else the platform's place for data. */
export async function homeFolder(option: string | undefined): Promise<string> {
  const said = option ?? process.env.SEMBLANCE_HOME
  if (said) return resolve(said)
  const { default: envPaths } = await import('env-paths')
  return envPaths('semblance', { suffix: '' }).data
}

/**
 * A passphrase from the environment, else the key file: the system's key store belongs to the desktop. The passphrase is
 * taken out of the environment, so that no process started from here inherits it: to be asked once.
 */
export function keyFromEnvironment(): Exclude<EngineStart['key'], { kind: 'safe-storage' }> {
  const passphrase = process.env.SEMBLANCE_PASSPHRASE
  delete process.env.SEMBLANCE_PASSPHRASE
  return passphrase ? { kind: 'passphrase', passphrase } : { kind: 'key-file' }
}
