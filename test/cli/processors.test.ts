import { expect, test } from 'vitest'
import { inWords } from '../../src-main/cli/processors.ts'
import { processorNames, type ProcessorReport } from '../../src-main/training/processors.ts'
import { freshFolder, semblance } from './command-line.ts'

test('semblance processors runs a step on each, and says exactly why one cannot', async () => {
  const { code, json, stderr } = await semblance(['processors', '--json'], { home: freshFolder() })
  expect(code, stderr).toBe(0)
  const { processors, chosen } = json as { processors: ProcessorReport[]; chosen: string }
  expect(processors.map(({ name }) => name)).toEqual([...processorNames])
  for (const report of processors)
    if (report.kind === 'failed') expect(report.reason.length, report.name).toBeGreaterThan(10)
    else expect(report.msPerStep, report.name).toBeGreaterThan(0)
  const cpu = processors.find(({ name }) => name === 'cpu')!
  expect(cpu).toMatchObject({ kind: 'works', difference: 0, device: expect.stringContaining('threads') })
  const fastest = processors
    .filter((report) => report.kind === 'works')
    .sort((a, b) => a.msPerStep - b.msPerStep)[0]!
  expect(chosen).toBe(fastest.name)
}, 200_000)

test('the table names the device or the reason, and what training would take', () => {
  const lines = inWords([
    { name: 'cpu', kind: 'works', device: 'two cores', msPerStep: 12.34, openMs: 1, difference: 0 },
    { name: 'webgpu', kind: 'works', device: 'a card', msPerStep: 3.21, openMs: 1, difference: 2e-4 },
    { name: 'dml', kind: 'wrong', device: 'another card', msPerStep: 1, difference: NaN },
    { name: 'cuda', kind: 'failed', reason: 'no\n  driver' },
  ])
  const row = (name: string) => lines.find((line) => line.startsWith(name))!.replaceAll(/\s{2,}/g, ' | ')
  expect(row('cpu')).toBe('cpu | 12.3 | 0.0e+0 | two cores')
  expect(row('webgpu')).toBe('webgpu | 3.2 | 2.0e-4 | a card')
  expect(row('dml')).toBe('dml | 1.0 | not a number | another card: its numbers are wrong')
  expect(row('cuda')).toBe('cuda | – | – | no driver')
  expect(lines.at(-1)).toBe('Training runs on webgpu: the fastest that gives the CPU’s numbers.')
})

test('where nothing ran a step, nothing is chosen', () => {
  const lines = inWords([{ name: 'cpu', kind: 'failed', reason: 'no memory' }])
  expect(lines.at(-1)).toBe('No processor ran the step: training is not possible here.')
})
