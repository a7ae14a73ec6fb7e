import type { LearningMethod, ProcessorTried, RetrainOptions, RetrainWish } from '../../contract.ts'

/** What a button alone would run. */
export const usualWish: RetrainWish = {
  depth: 'head',
  loss: null,
  miner: null,
  steps: null,
  learningRate: null,
  distillation: null,
  seed: 1,
  processor: 'fastest',
}

/** The catalogue to choose from. TensorFlow.js comes with it: nobody who only verifies waits for that. */
export async function retrainOptions(tried: ProcessorTried[]): Promise<RetrainOptions> {
  const [{ losses, miners }, { enableProdMode }] = await Promise.all([
    import('../../learning/catalogue.ts'),
    import('@tensorflow/tfjs'),
  ])
  enableProdMode() // without its banner
  return {
    losses: losses.map((loss) => ({
      ...described(loss),
      takesMiner: loss.compares === 'embeddings' && loss.noMiner === undefined,
      usualMiner: loss.compares === 'embeddings' && !loss.noMiner ? loss.defaults.miner : null,
    })),
    miners: miners.map(described),
    usual: usualWish,
    processors: tried,
  }
}

function described({ id, name, formula, source }: LearningMethod): LearningMethod {
  return { id, name, formula, source }
}
