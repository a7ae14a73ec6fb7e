import { fork } from 'node:child_process'
import * as tf from '@tensorflow/tfjs'
import { describe, expect, test } from 'vitest'
import { eagerRunner } from '../../src-main/training/eager-runner.ts'
import { openProcessor } from '../../src-main/training/open-processor.ts'
import { probe } from '../../src-main/training/processor-probe.ts'
import {
  fastest,
  proveProcessors,
  type ProcessorName,
  type ProcessorReport,
} from '../../src-main/training/processors.ts'
import { probeProcess } from '../../src-main/engine/retraining/processors.ts'
import { loadTensorflow } from '../../src-main/training/tensorflow-module.ts'

const odd = new URL('./fixtures/odd-processor.ts', import.meta.url)

/** Proves processors whose processes behave as told. */
async function prove(behaviour: Partial<Record<ProcessorName, string>>, timeoutMs = 20_000) {
  const reports = await proveProcessors({
    candidates: Object.keys(behaviour) as ProcessorName[],
    start: (name) => fork(odd, [behaviour[name]!], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] }),
    timeoutMs,
  })
  return Object.fromEntries(reports.map((report) => [report.name, report])) as Record<string, ProcessorReport>
}

describe('a processor', () => {
  test('that crashes takes its probe down and nothing else, and its last words are told', async () => {
    const reports = await prove({ cpu: 'right', cuda: 'crash', dml: 'quit', webgpu: 'fast' })
    expect(reports.cuda).toEqual({
      name: 'cuda',
      kind: 'failed',
      reason: 'its process was ended by SIGSEGV: driver: out of luck',
    })
    expect(reports.dml).toMatchObject({ kind: 'failed', reason: 'its process ended with code 3' })
    expect(reports.webgpu).toMatchObject({ kind: 'works', msPerStep: 2 })
    expect(fastest(Object.values(reports))!.name).toBe('webgpu')
  })

  test('that hangs is ended after its time, also when it is deaf to signals', async () => {
    const begun = performance.now()
    const reports = await prove({ cpu: 'right', webgpu: 'hang' }, 1500)
    expect(reports.webgpu).toMatchObject({ kind: 'failed', reason: 'no answer within 1.5 s' })
    expect(performance.now() - begun).toBeLessThan(10_000)
  })

  test('that hangs only after its answer is not waited for', async () => {
    expect((await prove({ cpu: 'right', webgpu: 'hang-after-answer' })).webgpu).toMatchObject({
      kind: 'works',
    })
  })

  test('that answers wrongly is never chosen, however fast', async () => {
    const reports = await prove({ cpu: 'right', webgpu: 'wrong', cuda: 'nan', dml: 'short' })
    expect(reports.webgpu).toMatchObject({ kind: 'wrong', difference: expect.closeTo(0.04, 5) })
    expect(reports.cuda!.kind).toBe('wrong')
    expect(reports.dml!.kind).toBe('wrong')
    expect(fastest(Object.values(reports))!.name).toBe('cpu')
  })

  test('that answers slowly works and is passed over', async () => {
    const reports = await prove({ cpu: 'right', webgpu: 'slow' })
    expect(reports.webgpu).toMatchObject({ kind: 'works', msPerStep: 900 })
    expect(fastest(Object.values(reports))!.name).toBe('cpu')
  })

  test('that is not there says why in its own words', async () => {
    expect((await prove({ cpu: 'right', webgpu: 'unavailable' })).webgpu).toEqual({
      name: 'webgpu',
      kind: 'failed',
      reason: 'no adapter was found',
    })
  })
})

test('nothing is chosen where nothing works, and without the CPU there is nothing to compare with', async () => {
  const reports = await prove({ cpu: 'quit', webgpu: 'fast' })
  expect(reports.webgpu).toMatchObject({
    kind: 'failed',
    reason: expect.stringContaining('nothing to compare'),
  })
  expect(fastest(Object.values(reports))).toBeNull()
})

test('the real probe: the CPU works, and what this machine lacks says what it lacks', async () => {
  const entry = new URL('../../src-main/training/processor-probe-process.ts', import.meta.url)
  const reports = await proveProcessors({
    candidates: ['cpu', 'dml', 'tensorflow'],
    start: probeProcess(entry),
  })
  const [cpu, dml, tensorflow] = reports
  expect(cpu).toMatchObject({ name: 'cpu', kind: 'works', difference: 0 })
  if (process.platform !== 'win32')
    expect(dml).toMatchObject({ kind: 'failed', reason: expect.stringMatching(/dml/i) })
  if (tensorflow?.kind === 'failed')
    expect(tensorflow.reason).toMatch(/@tensorflow\/tfjs-node-gpu: Cannot find module/)
})

describe('TensorFlow.js as a processor', () => {
  test("runs the step eagerly and gives the traced step's numbers (TensorFlow.js cpu in the native module's place)", async () => {
    await tf.setBackend('cpu')
    const { openRunner, device } = await openProcessor('tensorflow', {
      loadTensorflow: () => ({ kind: 'loaded', module: 'stand-in' }),
      tensorflowBackend: 'cpu',
    })
    expect(openRunner).toBe(eagerRunner)
    expect(device).toBe('TensorFlow by stand-in')
    const small = { sidePx: 16, batchSize: 4, steps: 3 }
    const cpu = await openProcessor('cpu', { threads: 1 })
    const [eager, traced] = [await probe(openRunner, '', small), await probe(cpu.openRunner, '', small)]
    if (eager.kind !== 'measured' || traced.kind !== 'measured') throw new Error('a probe gave no numbers')
    eager.result.forEach((value, i) =>
      expect(Math.abs(traced.result[i]! - value)).toBeLessThan(1e-3 * Math.max(Math.abs(value), 0.1)),
    )
  })

  test('prefers the module for CUDA, takes the other, and tells what each said when neither loads', () => {
    const asked: string[] = []
    const only = (wanted: string) => (module: string) => {
      asked.push(module)
      if (module !== wanted) throw new Error(`${module} is not here\nRequire stack: …`)
    }
    expect(loadTensorflow(only('@tensorflow/tfjs-node'))).toEqual({
      kind: 'loaded',
      module: '@tensorflow/tfjs-node',
    })
    expect(asked).toEqual(['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'])
    const missing = loadTensorflow(only('none'))
    expect(missing).toMatchObject({
      kind: 'missing',
      reason: expect.stringContaining('tfjs-node is not here'),
    })
    expect((missing as { reason: string }).reason).not.toContain('Require stack')
  })

  test('a backend that does not start is told', async () => {
    const opening = openProcessor('tensorflow', {
      loadTensorflow: () => ({ kind: 'loaded', module: 'stand-in' }),
      tensorflowBackend: 'none',
    })
    await expect(opening).rejects.toThrow()
  })
})
