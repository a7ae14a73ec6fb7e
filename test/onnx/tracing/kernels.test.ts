import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import { tracedKernels } from '../../../src-main/onnx/tracing/register.ts'
import { kernelCases, reachedByGradients } from './kernel-table.ts'
import { byFiniteDifferences, difference, eager, traced } from './parity.ts'

beforeAll(() => {
  tf.enableProdMode() // no banner
  return tf.setBackend('cpu')
})

const named = kernelCases.map((each) => ({
  ...each,
  title: [each.kernel, each.what].filter(Boolean).join(', '),
}))

describe('a traced kernel computes what TensorFlow.js computes', () => {
  test.each(named)('$title', async (kernelCase) => {
    const expected = eager(kernelCase, false)
    const actual = await traced(kernelCase, false)
    expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort())
    for (const [name, values] of Object.entries(expected)) {
      expect(difference(values, actual[name]!), name).toBeLessThan(2e-6)
    }
  })
})

describe('and so does its gradient', () => {
  const learned = named.filter(
    ({ inputs, gradient }) =>
      gradient !== 'none' && inputs.some(({ dtype = 'float32' }) => dtype === 'float32'),
  )
  test.each(learned)('$title', async (kernelCase) => {
    const byDifferences = kernelCase.gradient === 'finite-differences'
    const expected = byDifferences ? byFiniteDifferences(kernelCase) : eager(kernelCase, true)
    const actual = await traced(kernelCase, true)
    const gradients = Object.keys(expected).filter((name) => name.startsWith('gradient'))
    expect(gradients.length).toBeGreaterThan(0)
    for (const name of gradients) {
      expect(difference(expected[name]!, actual[name]!), name).toBeLessThan(byDifferences ? 1e-4 : 5e-6)
    }
  })
})

test('every kernel that can be traced is in the table', () => {
  const covered = new Set([...kernelCases.map(({ kernel }) => kernel), ...reachedByGradients])
  expect([...tracedKernels().keys()].filter((name) => !covered.has(name))).toEqual([])
})
