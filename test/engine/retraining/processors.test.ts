import { fork } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  processorFor,
  triedProcessors,
  tryProcessors,
} from '../../../src-main/engine/retraining/processors.ts'
import { withFallback } from '../../../src-main/engine/retraining/processor-fallback.ts'
import { withoutSecrets } from '../../../src-main/engine/retraining/trainer.ts'
import type { StartProbe } from '../../../src-main/training/processors.ts'
import type { OpenRunner } from '../../../src-main/training/step-runner.ts'

const odd = new URL('../../training/fixtures/odd-processor.ts', import.meta.url)
const behaviour = { cpu: 'right', webgpu: 'fast', dml: 'unavailable', cuda: 'wrong', tensorflow: 'crash' }
const start: StartProbe = (name) =>
  fork(odd, [behaviour[name]], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })

const newHome = () => mkdtempSync(join(tmpdir(), 'semblance-processors-'))
const job = () => ({ signal: new AbortController().signal, progress: () => {} })

test('what was found is remembered for this machine, with the exact reason of what does not work', async () => {
  const home = newHome()
  expect(await triedProcessors(home)).toEqual([])
  const steps: number[] = []
  const tried = await tryProcessors(home, start, { ...job(), progress: (done) => steps.push(done) })
  expect(steps).toEqual([0, 1, 2, 3, 4])
  expect(tried.map(({ processor, chosen }) => [processor, chosen])).toEqual([
    ['cpu', false],
    ['webgpu', true],
    ['dml', false],
    ['cuda', false],
    ['tensorflow', false],
  ])
  const troubleOf = (name: string) => tried.find(({ processor }) => processor === name)!.trouble
  expect(troubleOf('webgpu')).toBeNull()
  expect(troubleOf('dml')).toBe('no adapter was found')
  expect(troubleOf('cuda')).toContain('differ from the CPU’s (4.0e-2)')
  expect(troubleOf('tensorflow')).toContain('driver: out of luck')
  expect(await triedProcessors(home)).toEqual(tried)

  // In a folder that was carried to another machine it says nothing; nor where it is damaged.
  const file = join(home, 'processors.json')
  const kept = JSON.parse(readFileSync(file, 'utf8')) as object
  writeFileSync(file, JSON.stringify({ ...kept, machine: 'another' }))
  expect(await triedProcessors(home)).toEqual([])
  writeFileSync(file, '{')
  expect(await triedProcessors(home)).toEqual([])
}, 30_000)

test('cancelled, nothing is remembered', async () => {
  const home = newHome()
  const controller = new AbortController()
  const hanging: StartProbe = () => {
    setTimeout(() => controller.abort(), 100)
    return fork(odd, ['hang'], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  }
  expect(await tryProcessors(home, hanging, { ...job(), signal: controller.signal })).toEqual([])
  expect(await triedProcessors(home)).toEqual([])
}, 30_000)

test('a run takes the fastest that is right, and says why', async () => {
  const tried = await tryProcessors(newHome(), start, job())
  expect(processorFor({ depth: 'all', processor: 'fastest' }, tried)).toMatchObject({
    name: 'webgpu',
    why: 'It is 5.0 times as fast as the CPU and gives its numbers.',
  })
  expect(processorFor({ depth: 'head', processor: 'fastest' }, tried).name).toBe('cpu')
  expect(processorFor({ depth: 'all', processor: 'fastest' }, []).why).toContain('not tried')
  const wrong = processorFor({ depth: 'all', processor: 'cuda' }, tried)
  expect(wrong.name).toBe('cpu')
  expect(wrong.why).toContain('does not work here')
}, 30_000)

test('a processor that does not open is told of, and the CPU takes every step', async () => {
  const said: string[] = []
  const opened: string[] = []
  const runner = {} as Awaited<ReturnType<OpenRunner>>
  const open = withFallback(
    () => Promise.reject(new Error('device lost')),
    async () => async () => {
      opened.push('cpu')
      return runner
    },
    (reason) => said.push(reason),
  )
  expect(await open({} as never, 1, {})).toBe(runner)
  await open({} as never, 1, {})
  expect({ said, opened }).toEqual({ said: ['device lost'], opened: ['cpu', 'cpu'] })
})

test('a child’s environment holds nothing of ours, however it is written', () => {
  const environment = { PATH: '/bin', SEMBLANCE_PASSPHRASE: 'secret', semblance_export_passphrase: 'secret' }
  expect(withoutSecrets(environment)).toEqual({ PATH: '/bin' })
})
