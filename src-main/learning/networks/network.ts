import * as tf from '@tensorflow/tfjs'
import type { Stage } from '../layers/composition.ts'
import type { Parameter, Statistic, Tensors } from '../layers/layer.ts'

/** An embedder: a plain function of parameters, running statistics and images. */
export interface Network {
  name: string
  /** Authors, year, and where this differs from them. */
  source: string
  /** Shape of one input: [height, width, channels], values 0–255, or [features]. */
  input: readonly number[]
  embeddingLength: number
  /** From the input to the head. */
  stages: readonly string[]
  parameters: readonly Parameter[]
  statistics: readonly Statistic[]
  /** What the stages are made of, in their order. */
  layers: readonly Stage[]
  forward(parameters: Tensors, statistics: Tensors, images: tf.Tensor, mode: Mode): Forward
}

export interface Mode {
  /** Stages that normalise by the batch and move their running statistics; none when the network is only used. */
  trainingStages: ReadonlySet<string>
}

/** The mode in which a network is used, not trained. */
export const inference: Mode = { trainingStages: new Set() }

export interface Forward {
  /** [batch, embeddingLength], of any length: unit length is the caller's wish. */
  embedding: tf.Tensor2D
  /** [batch, features]: what the head stage receives. */
  features: tf.Tensor
  /** New running statistics of the training stages; kept (`tf.keep`), so they outlive a tidy: dispose of them. */
  statistics: Tensors
}

/** Makes a network of its stages; the last stage is the head. */
export function network(
  description: Pick<Network, 'name' | 'source' | 'input' | 'embeddingLength'>,
  stages: readonly Stage[],
): Network {
  const parameters = stages.flatMap((stage) => stage.parameters)
  const statistics = stages.flatMap((stage) => stage.statistics)
  const names = [...parameters, ...statistics].map((owned) => owned.name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice) throw new Error(`${description.name}: two tensors are named ${twice}`)
  const stageOf = new Map(statistics.map((statistic) => [statistic.name, statistic.stage]))

  return {
    ...description,
    stages: stages.map((stage) => stage.name),
    parameters,
    statistics,
    layers: stages,
    forward(values, running, images, { trainingStages }) {
      const updated: Tensors = {}
      const pass = {
        parameter: (name: string) => present(values, name),
        statistic: (name: string) => present(running, name),
        isTraining: (name: string) => trainingStages.has(stageOf.get(name)!),
        update: (name: string, value: tf.Tensor) => void (updated[name] = tf.keep(value)),
      }
      const features = stages.slice(0, -1).reduce((x, stage) => stage.apply(x, pass), images)
      const embedding = stages.at(-1)!.apply(features, pass) as tf.Tensor2D
      return { embedding, features, statistics: updated }
    },
  }
}

/** How much of a network is trained. */
export type Depth = 'head' | 'stage' | 'all'

/** The stages trained at a depth: the head alone, the head and the stage before it, or all. */
export function stagesAtDepth(network: Network, depth: Depth): string[] {
  return depth === 'all' ? [...network.stages] : network.stages.slice(depth === 'head' ? -1 : -2)
}

/**
 * What lies below a stage, as a network of its own whose "embedding" is the map that the stage takes, [batch, …]: of any
 * rank. Numbers keep their names. Throws where nothing lies below, or there is no such stage.
 */
export function below(whole: Network, stage: string): Network {
  const at = whole.stages.indexOf(stage)
  if (at < 1) throw new Error(`nothing of ${whole.name} lies below ${stage}`)
  const { name, source, input } = whole
  return network(
    { name: `${name} below ${stage}`, source, input, embeddingLength: 0 },
    whole.layers.slice(0, at),
  )
}

/** A stage and what lies above it, as a network that takes the maps that `below` gives, each of shape `input`. */
export function above(whole: Network, stage: string, input: readonly number[]): Network {
  const at = whole.stages.indexOf(stage)
  if (at < 0) throw new Error(`${whole.name} has no stage ${stage}, only ${whole.stages.join(', ')}`)
  const { name, source, embeddingLength } = whole
  return network({ name: `${name} from ${stage}`, source, input, embeddingLength }, whole.layers.slice(at))
}

/** How many numbers training could change. */
export function parameterCount(network: Network): number {
  return network.parameters.reduce((count, { shape }) => count + size(shape), 0)
}

/** Number of elements of a tensor of this shape. */
export function size(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1)
}

function present(tensors: Tensors, name: string): tf.Tensor {
  const tensor = tensors[name]
  if (!tensor) throw new Error(`the network needs a tensor named ${name}`)
  return tensor
}
