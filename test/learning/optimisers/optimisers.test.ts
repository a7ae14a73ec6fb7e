import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import { adam, adamW } from '../../../src-main/learning/optimisers/adam.ts'
import { clipByGlobalNorm, globalNorm } from '../../../src-main/learning/optimisers/clipping.ts'
import type { Optimiser } from '../../../src-main/learning/optimisers/optimiser.ts'
import { sgd } from '../../../src-main/learning/optimisers/sgd.ts'

beforeAll(() => tf.setBackend('cpu'))

const start = [0.5, -1.25, 3]
const gradientAt = (step: number) => start.map((_, i) => Math.sin(step * 1.7 + i) * 0.8)
const rate = 0.03
const stepsRun = 12

/** Runs the optimiser for some steps on gradients that do not depend on the parameters. */
function run(optimiser: Optimiser, decay = 0): number[] {
  let parameter: tf.Tensor = tf.tensor1d(start)
  let slots: tf.Tensor[] = optimiser.slots.map(() => tf.zeros([start.length]))
  for (let step = 1; step <= stepsRun; step++) {
    const scalars = optimiser.scalarsAt(step, rate).map((value) => tf.scalar(value))
    const updated = optimiser.update(parameter, tf.tensor1d(gradientAt(step)), slots, scalars, decay)
    ;({ parameter, slots } = updated)
  }
  return [...parameter.dataSync()]
}

const close = (found: number[], expected: number[]) =>
  found.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5))

/** The papers' loops in double precision. */
function loop(move: (parameter: number, gradient: number, step: number, memory: number[]) => number) {
  return start.map((value, i) => {
    const memory = [0, 0]
    let parameter = value
    for (let step = 1; step <= stepsRun; step++)
      parameter = move(parameter, gradientAt(step)[i]!, step, memory)
    return parameter
  })
}

function adamDirection(gradient: number, step: number, memory: number[]): number {
  memory[0] = 0.9 * memory[0]! + 0.1 * gradient
  memory[1] = 0.999 * memory[1]! + 0.001 * gradient ** 2
  return memory[0] / (1 - 0.9 ** step) / (Math.sqrt(memory[1] / (1 - 0.999 ** step)) + 1e-8)
}

describe('Adam', () => {
  test("moves as TensorFlow.js's own does", () => {
    const variable = tf.variable(tf.tensor1d(start))
    const theirs = tf.train.adam(rate, 0.9, 0.999, 1e-8)
    for (let step = 1; step <= stepsRun; step++)
      theirs.applyGradients([{ name: variable.name, tensor: tf.tensor1d(gradientAt(step)) }])
    close(run(adam()), [...variable.dataSync()])
  })

  test('adds weight decay to the gradient, AdamW to the parameter', () => {
    close(
      run(adam(), 0.1),
      loop((p, g, step, memory) => p - rate * adamDirection(g + 0.1 * p, step, memory)),
    )
    close(
      run(adamW(), 0.1),
      loop((p, g, step, memory) => p - rate * adamDirection(g, step, memory) - rate * 0.1 * p),
    )
    close(run(adamW()), run(adam()))
  })
})

describe('stochastic gradient descent', () => {
  test("moves as TensorFlow.js's momentum optimiser does, plain and with Nesterov's look ahead", () => {
    for (const nesterov of [false, true]) {
      const variable = tf.variable(tf.tensor1d(start))
      const theirs = tf.train.momentum(rate, 0.9, nesterov)
      for (let step = 1; step <= stepsRun; step++)
        theirs.applyGradients([{ name: variable.name, tensor: tf.tensor1d(gradientAt(step)) }])
      close(run(sgd({ nesterov })), [...variable.dataSync()])
    }
  })

  test('adds weight decay to the gradient', () => {
    const expected = loop((p, g, _, memory) => {
      memory[0] = 0.9 * memory[0]! + g + 0.1 * p
      return p - rate * memory[0]
    })
    close(run(sgd(), 0.1), expected)
  })
})

describe('clipping by the global norm', () => {
  const gradients = () => [tf.tensor1d([3, 0]), tf.tensor2d([[0], [4]])] // global norm 5

  test('shrinks all gradients together to the limit', () => {
    const norm = globalNorm(gradients())
    expect(norm.arraySync()).toBeCloseTo(5, 6)
    const [first, second] = clipByGlobalNorm(gradients(), norm, 2)
    close([...first!.dataSync(), ...second!.dataSync()], [1.2, 0, 0, 1.6])
  })

  test('leaves gradients inside the limit, and gradients of zero, as they are', () => {
    const [first] = clipByGlobalNorm(gradients(), globalNorm(gradients()), 5.5)
    close([...first!.dataSync()], [3, 0])
    const zeros = [tf.zeros([2])]
    expect([...clipByGlobalNorm(zeros, globalNorm(zeros), 1)[0]!.dataSync()]).toEqual([0, 0])
  })
})
