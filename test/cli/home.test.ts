import { spawnSync } from 'node:child_process'
import { afterEach, expect, test, vi } from 'vitest'
import { keyFromEnvironment } from '../../src-main/cli/home.ts'

afterEach(() => vi.unstubAllEnvs())

test('a passphrase is taken out of the environment: no process started from here inherits it', () => {
  vi.stubEnv('SEMBLANCE_PASSPHRASE', 'correct horse')
  expect(keyFromEnvironment()).toEqual({ kind: 'passphrase', passphrase: 'correct horse' })
  const child = spawnSync(process.execPath, ['-p', 'process.env.SEMBLANCE_PASSPHRASE'], { encoding: 'utf8' })
  expect(child.stdout.trim()).toBe('undefined')
})

test('without one, the key file is asked', () => {
  vi.stubEnv('SEMBLANCE_PASSPHRASE', undefined)
  expect(keyFromEnvironment()).toEqual({ kind: 'key-file' })
})
