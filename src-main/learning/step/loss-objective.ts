import type * as tf from '@tensorflow/tfjs'
import { memoryState, remember } from '../cross-batch-memory.ts'
import type { ComposedLoss } from '../losses/composed-loss.ts'
import type { Objective, TensorDescription } from './objective.ts'

export interface LossObjectiveSettings {
  embeddingLength: number
  /** Places and weight of a cross-batch memory, where one is wanted. */
  memory?: { size: number; weight?: number }
  /** Length of the reference embeddings of a distillation. */
  referenceLength?: number
  /** How many numbers the class-weighted reducer takes. */
  classes?: number
}

/**
 * A loss of the catalogue as a step's objective: what it learns becomes parameters, what it samples with and is compared
 * with becomes inputs. Throws where the loss takes no memory, or its reference or classes are not described.
 */
export function lossObjective(
  loss: ComposedLoss,
  { embeddingLength, memory, referenceLength, classes }: LossObjectiveSettings,
): Objective {
  if (memory && loss.memory !== true) throw new Error(`${loss.id} takes no memory: ${loss.memory}`)
  if (loss.needs.reference && !referenceLength)
    throw new Error(`${loss.id}: say how long the reference embeddings are`)
  if (loss.needs.classWeights && !classes) throw new Error(`${loss.id}: say how many classes there are`)
  const inputs: TensorDescription[] = []
  const takes = (name: string, shape: TensorDescription['shape']) =>
    void inputs.push({ name, shape, dtype: 'float32' })
  if (loss.needs.random) takes('random', ['batch', 'batch'])
  if (loss.needs.random && memory) takes('random.memory', ['batch', memory.size])
  if (loss.needs.reference) takes('reference', ['batch', referenceLength!])
  if (loss.needs.classWeights) takes('classWeights', [classes!])

  return {
    name: loss.id,
    parameters: loss.learned,
    state: memory ? memoryState(memory.size, embeddingLength) : [],
    inputs,
    measures: ['activeShare', 'itemCount', 'penalty'],
    apply({ embeddings, labels, parameters, state, inputs: given }) {
      const held = {
        embeddings: state['memory.embeddings'] as tf.Tensor2D,
        labels: state['memory.labels'] as tf.Tensor1D,
      }
      const value = loss.compute(embeddings, labels, parameters, {
        random: given.random as tf.Tensor2D,
        reference: given.reference as tf.Tensor2D,
        classWeights: given.classWeights as tf.Tensor1D,
        ...(memory && {
          memory: { ...held, random: given['random.memory'] as tf.Tensor2D, weight: memory.weight ?? 1 },
        }),
      })
      const kept = memory && remember(held, embeddings, labels)
      return {
        loss: value.loss,
        measures: { activeShare: value.activeShare, itemCount: value.itemCount, penalty: value.penalty },
        state: kept && { 'memory.embeddings': kept.embeddings, 'memory.labels': kept.labels },
      }
    },
  }
}
