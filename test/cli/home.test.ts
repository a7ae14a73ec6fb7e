import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterEach, expect, test, vi } from 'vitest'
import { keyFromEnvironment } from '../../src-main/cli/home.ts'
import { runProcess } from '../../src-main/cli/train-run.ts'
import { probeProcess } from '../../src-main/engine/retraining/processors.ts'

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

test.skipIf(process.platform !== 'linux')(
  'commands that open no gallery leave the passphrase where it is, and start nothing that is told it',
  () => {
    vi.stubEnv('SEMBLANCE_PASSPHRASE', 'correct horse')
    const nowhere = new URL('./no-such-entry.ts', import.meta.url)
    for (const child of [runProcess(), probeProcess(nowhere)('cpu')]) {
      const environment = readFileSync(`/proc/${child.pid}/environ`, 'utf8')
      child.kill('SIGKILL')
      expect(environment).toContain('PATH=')
      expect(environment).not.toContain('correct horse')
    }
  },
)
