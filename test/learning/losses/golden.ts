import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'
import type { LossOptions } from '../../../src-main/learning/catalogue.ts'
import { createLoss } from '../../../src-main/learning/catalogue.ts'
import type { Tensors } from '../../../src-main/learning/layers/layer.ts'
import type { Beside } from '../../../src-main/learning/losses/composed-loss.ts'
import type { Loss } from '../../../src-main/learning/losses/loss.ts'

/** One published library's answer for one loss. */
export interface GoldenCase {
  name: string
  loss: number
  margin: number | null
  distance: string
  grad_embeddings?: number[][]
  grad_normalised_embeddings?: number[][]
  grad_param?: number[][]
}

interface GoldenFile {
  labels: number[]
  embeddings: number[][]
  cases: GoldenCase[]
  W_dim_by_class: number[][]
  W2_dim_by_class_x2subcenters: number[][]
  miners: Record<string, number[][]>
}

/** The committed answers of a library; all of them share the input of pytorch-metric-learning's file. */
export function golden(library: 'pml_2.9.0' | 'tfa' | 'sentence_transformers'): GoldenFile {
  return JSON.parse(readFileSync(new URL(`../../golden/${library}_golden.json`, import.meta.url), 'utf8'))
}

/** Loss and gradients as plain numbers; gradients by name, 'embeddings' among them. */
export function lossAndGradients(
  loss: string | Loss,
  options: LossOptions,
  embeddings: number[][],
  labels: number[],
  learned: Record<string, number[] | number[][]> = {},
  beside: Beside = {},
): { loss: number; activeShare: number; gradients: Record<string, number[]> } {
  return tf.tidy(() => {
    const composed = createLoss(loss, options)
    const names = Object.keys(learned)
    const tensors = [tf.tensor2d(embeddings), ...names.map((name) => tf.tensor(learned[name]!))]
    const y = tf.tensor1d(labels, 'int32')
    const compute = (...inputs: tf.Tensor[]) => {
      const byName: Tensors = Object.fromEntries(names.map((name, i) => [name, inputs[i + 1]!]))
      return composed.compute(inputs[0] as tf.Tensor2D, y, byName, beside)
    }
    const { value, grads } = tf.valueAndGrads((...inputs) => compute(...inputs).loss)(tensors)
    const active = compute(...tensors).activeShare
    return {
      loss: value.dataSync()[0]!,
      activeShare: active.dataSync()[0]!,
      gradients: Object.fromEntries(
        ['embeddings', ...names].map((name, i) => [name, [...grads[i]!.dataSync()]]),
      ),
    }
  })
}

/** The largest difference, in shares of the largest true element. */
export function relativeError(found: readonly number[], truth: readonly number[]): number {
  if (found.length !== truth.length) return Infinity
  const largest = Math.max(...truth.map(Math.abs))
  const difference = Math.max(...found.map((value, i) => Math.abs(value - truth[i]!)))
  return difference / (largest || 1)
}

/** Rows scaled to unit length, in double precision. */
export function unitRows(rows: number[][]): number[][] {
  return rows.map((row) => row.map((x) => x / Math.hypot(...row)))
}

/** Rows become columns. */
export function transposed(rows: number[][]): number[][] {
  return rows[0]!.map((_, column) => rows.map((row) => row[column]!))
}
