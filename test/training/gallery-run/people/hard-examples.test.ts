import { expect, test } from 'vitest'
import { hardExamplesFor } from '../../../../src-main/training/gallery-run/people/hard-examples.ts'

test('an example trains only where the person does whom it is about', () => {
  const examples = {
    vectors: Float32Array.of(1, 0, 0, 1, -1, 0, 0, -1),
    owners: Int32Array.of(0, 3, -1, -1),
    takenFor: Int32Array.of(-1, -1, 3, 1),
  }
  const left = hardExamplesFor(examples, [0, 1, 2], 2) // 3 is left out
  expect(left.own).toEqual({ vectors: Float32Array.of(1, 0), dimension: 2, labels: Int32Array.of(0) })
  expect(left.wronglyAccepted).toEqual({ vectors: Float32Array.of(0, -1), takenFor: Int32Array.of(1) })
  expect(hardExamplesFor(examples, [0, 2], 2).wronglyAccepted).toBe(null)
})
