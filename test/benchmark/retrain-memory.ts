/** Most memory that a process takes for a few steps of a network of so many photographs: `node retrain-memory.ts all 224`. */
import { enableProdMode } from '@tensorflow/tfjs'
import { initialParameters } from '../../src-main/learning/networks/initialise.ts'
import { above, size } from '../../src-main/learning/networks/network.ts'
import { recognitionNet } from '../../src-main/learning/networks/recognition-net.ts'
import { random } from '../../src-main/learning/random.ts'
import { defaultNetworkRecipe } from '../../src-main/training/gallery-run/network/network-recipe.ts'
import { lowestTrained, stepOf } from '../../src-main/training/gallery-run/network/train-network.ts'
import { objectiveInputs } from '../../src-main/training/objective-inputs.ts'
import { openProcessor } from '../../src-main/training/open-processor.ts'

const [depth, photographs, steps = '2'] = process.argv.slice(2) as ['stage' | 'all', string, string?]
const batchSize = Number(photographs)
const people = Math.max(2, batchSize >> 1)
enableProdMode() // without its banner
const network = recognitionNet()
const trained = depth === 'all' ? network : above(network, lowestTrained(network), [8, 8, 128])
const { step, objective } = stepOf(trained, defaultNetworkRecipe[depth], people)
const source = random(1, 'memory')
const images = Float32Array.from({ length: batchSize * size(trained.input) }, () => 255 * source.uniform())
const labels = Int32Array.from({ length: batchSize }, (_, i) => i % people)
const indices = Array.from(labels.keys())
const reference = Float32Array.from({ length: batchSize * trained.embeddingLength }, source.normal)
const further = objectiveInputs({ objective, batchSize, seed: 1, reference })
const parameters = {
  ...initialParameters(objective.parameters, 1),
  ...initialParameters(trained.parameters, 1),
}
const { openRunner } = await openProcessor('cpu', { threads: 1 })
const megabytes = () => Math.round(process.resourceUsage().maxRSS / 1024)
const before = megabytes()
const runner = await openRunner(step, batchSize, step.start({ parameters, statistics: {} }))
const opened = megabytes()
for (let i = 0; i < Number(steps); i++) {
  await runner.run({
    ...further({ images, labels, indices }, i),
    images,
    labels,
    scalars: step.scalarsAt(i + 1, 1e-6),
  })
  console.log(JSON.stringify({ depth, batchSize, before, opened, step: i + 1, most: megabytes() }))
}
process.exit(0)
