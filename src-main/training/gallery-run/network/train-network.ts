import { createLoss } from '../../../learning/catalogue.ts'
import { initialParameters, type Values } from '../../../learning/networks/initialise.ts'
import { above, size, stagesAtDepth, type Network } from '../../../learning/networks/network.ts'
import { adamW } from '../../../learning/optimisers/adam.ts'
import { random } from '../../../learning/random.ts'
import { cosine, discriminativeRates, warmUp } from '../../../learning/schedules/learning-rate.ts'
import { lossObjective } from '../../../learning/step/loss-objective.ts'
import { trainingStep, type TrainingStep } from '../../../learning/step/training-step.ts'
import { objectiveInputs } from '../../objective-inputs.ts'
import type { OpenRunner } from '../../step-runner.ts'
import { train, type TrainingEvent } from '../../trainer.ts'
import type { Feed } from '../../feeding/feed.ts'
import type { Crops } from '../people/kept-crops.ts'
import { changedCrop, networkFeed, type ImageOf } from './network-feed.ts'
import type { Maps } from './network-maps.ts'
import type { NetworkRecipe } from './network-recipe.ts'

export interface NetworkTraining {
  network: Network
  /** Parameters of the model in use, as one network. */
  start: Values
  recipe: NetworkRecipe
  openRunner: OpenRunner
  /** The gallery and other people in one row, the others after `ownRows`. */
  crops: Crops
  ownRows: number
  /** Rows of the gallery that train, and whose they are said to be. */
  rows: readonly number[]
  labels: Int32Array
  /** At depth stage, of all rows of `crops`. */
  maps: Maps | null
  /** At depth all, what changes crops beside the training, by row of `crops`; here, where it is left out. */
  beside?: ImageOf | null
  /** Stops after so many steps of the recipe's schedule. */
  until?: number
  /** What all parameters are worth, at every quarter of the schedule. */
  look?: (parameters: Values, step: number) => Promise<Record<string, number>>
}

const looks = 4 // in a training: each takes seconds

/** The steps of a training after which it is looked at. */
export function lookedAt(steps: number): number[] {
  const every = Math.max(1, Math.floor(steps / looks))
  return Array.from({ length: Math.floor(steps / every) }, (_, i) => (i + 1) * every)
}

/** The first stage that is trained at depth stage: what lies below it keeps every bit. */
export function lowestTrained(network: Network): string {
  return stagesAtDepth(network, 'stage')[0]!
}

/**
 * Trains the last stage or the whole network through the same step that trains networks from scratch. Gives the steps,
 * and all parameters of the network at the end. Throws a sentence where fewer than two people have two photographs, a
 * part is unknown, or the loss is no number.
 */
export async function* trainNetwork(
  training: NetworkTraining,
): AsyncGenerator<Extract<TrainingEvent, { kind: 'step' }>, Values> {
  const { network, start, recipe, openRunner, crops, maps, look, until } = training
  const trained = maps ? above(network, lowestTrained(network), maps.shape) : network
  const feed = feedOf(training, trained)
  const rowOf = rowsFed(training)
  const { step, objective } = stepOf(trained, recipe, feed.classes.length)
  const { steps, warmUpSteps, learningRate, seed } = recipe
  const whole = (parameters: Values): Values => {
    const names = trained.parameters.map(({ name }) => name)
    const all = { ...start, ...Object.fromEntries(names.map((name) => [name, parameters[name]!])) }
    return blended(start, all, recipe.blend)
  }
  const main = cosine(learningRate, Math.max(1, steps - warmUpSteps))
  const running = train({
    phases: [{ fromStep: 0, step }],
    steps: until ?? steps,
    schedule: warmUpSteps > 0 ? warmUp(warmUpSteps, main) : main,
    feed,
    openRunner,
    start: { parameters: { ...initialParameters(objective.parameters, seed), ...start }, statistics: {} },
    objectiveInputs: objectiveInputs({
      objective,
      batchSize: feed.batchSize,
      seed,
      reference: gathered(crops.vectors, network.embeddingLength, rowOf),
    }),
    settings: JSON.stringify(recipe),
    ...(look && {
      looks: {
        everySteps: lookedAt(steps)[0]!,
        measure: (parameters: Values, step: number) => look(whole(parameters), step),
      },
    }),
  })
  for (;;) {
    const { value, done } = await running.next()
    if (done) return whole(value.parameters)
    if (value.kind === 'step') yield value
  }
}

/** Weights between two networks: 0 gives the one, 1 the other; what both share keeps every bit. */
export function blended(from: Values, to: Values, share: number): Values {
  if (share === 1) return to
  return Object.fromEntries(
    Object.entries(to).map(([name, values]) => [
      name,
      values === from[name]
        ? values
        : values.map((value, i) => from[name]![i]! + share * (value - from[name]![i]!)),
    ]),
  )
}

/** The step that trains: by the recipe, over a network that takes images or, at depth stage, maps. */
export function stepOf(
  trained: Network,
  recipe: Pick<NetworkRecipe, 'loss' | 'distillation'> & Partial<Pick<NetworkRecipe, 'rateRatio'>>,
  classes: number,
) {
  const { id, ...options } = recipe.loss
  const sizes = { classes, embeddingLength: trained.embeddingLength }
  const loss = createLoss(id, {
    ...options,
    ...sizes,
    regularisers:
      recipe.distillation > 0 ? [{ id: 'similarity-distillation', weight: recipe.distillation }] : [],
  })
  const objective = lossObjective(loss, { ...sizes, referenceLength: trained.embeddingLength })
  const step: TrainingStep = trainingStep({
    network: trained,
    objective,
    optimiser: adamW(),
    weightDecay: 0.01, // Loshchilov and Hutter 2019; next to nothing at this rate
    clipNorm: 5,
    objectiveLearningRate: 10,
    // The head is a linear layer over the last stage, and moves with it.
    stageLearningRates: discriminativeRates(trained.stages.slice(0, -1), recipe.rateRatio ?? 1),
  })
  return { step, objective }
}

function feedOf(training: NetworkTraining, trained: Network): Feed {
  const { recipe, crops, ownRows, labels, maps, beside = null } = training
  const rowOf = rowsFed(training)
  const others = crops.people.subarray(ownRows)
  const sidePx = trained.input[0]!
  return networkFeed(
    labels,
    others.length > 0 && recipe.others > 0 ? others : null,
    recipe,
    size(trained.input),
    async (fed, step, place) => {
      const source = random(recipe.seed, 'augment', step, place)
      const row = rowOf[fed]!
      if (beside) return beside(row, step, place)
      return maps
        ? maps.at(row, source.integer(maps.versions))
        : changedCrop(crops, row, sidePx, recipe.augmentation, source)
    },
    beside ? 2 : 0,
  )
}

/** Row of `crops` of each row that the feed counts. */
function rowsFed({ crops, ownRows, rows }: NetworkTraining): number[] {
  const others = Array.from({ length: crops.people.length - ownRows }, (_, i) => ownRows + i)
  return [...rows, ...others]
}

function gathered(vectors: Float32Array, dimension: number, rows: readonly number[]): Float32Array {
  const picked = new Float32Array(rows.length * dimension)
  for (const [i, row] of rows.entries())
    picked.set(vectors.subarray(row * dimension, (row + 1) * dimension), i * dimension)
  return picked
}
