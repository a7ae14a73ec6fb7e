import { createHash } from 'node:crypto'
import * as tf from '@tensorflow/tfjs'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Gallery } from '../../../src-main/gallery/gallery.ts'
import { initialParameters, type Values } from '../../../src-main/learning/networks/initialise.ts'
import { above, below, inference, type Network } from '../../../src-main/learning/networks/network.ts'
import { recognitionNet } from '../../../src-main/learning/networks/recognition-net.ts'
import { random } from '../../../src-main/learning/random.ts'
import { exportNetwork, traceNetwork } from '../../../src-main/training/export-network.ts'
import { ascending, equalThreshold } from '../../../src-main/training/gallery-run/judging/equal-threshold.ts'
import { applyHead, identityHead } from '../../../src-main/training/gallery-run/head/head.ts'
import { cropsBeside } from '../../../src-main/training/gallery-run/network/crops-beside.ts'
import { lastLayerOf, parametersFrom } from '../../../src-main/training/gallery-run/network/network-file.ts'
import { changedCrop, networkFeed } from '../../../src-main/training/gallery-run/network/network-feed.ts'
import { mapsBelow, versionsKept } from '../../../src-main/training/gallery-run/network/network-maps.ts'
import {
  rolesOf,
  whoMayNotJudge,
  type CohortRow,
} from '../../../src-main/training/gallery-run/people/cohort-roles.ts'
import {
  defaultNetworkRecipe,
  type NetworkRecipe,
} from '../../../src-main/training/gallery-run/network/network-recipe.ts'
import { startFrom } from '../../../src-main/training/gallery-run/network/network-start.ts'
import {
  networkTrainings,
  networkTrouble,
  retrainNetwork,
} from '../../../src-main/training/gallery-run/retrain-network.ts'
import { stepEvent } from '../../../src-main/training/gallery-run/run-event.ts'
import {
  lookedAt,
  lowestTrained,
  trainNetwork,
} from '../../../src-main/training/gallery-run/network/train-network.ts'
import { peopleFolds, trainingSet } from '../../../src-main/training/gallery-run/people/training-set.ts'
import { onnxRunner } from '../../../src-main/training/onnx-runner.ts'
import { networkOf } from '../../../src-main/vision/network.ts'
import { cropToPng } from '../../../src-main/vision/kept-crop.ts'
import { embedCrop } from '../../../src-main/vision/embedder.ts'
import { colourFile, colourNetwork, drawnCrop } from '../../engine/drawn-networks.ts'

beforeAll(() => tf.setBackend('cpu'))

const openRunner = onnxRunner({ executionProviders: ['cpu'], threads: 1 })

/** The recognition net at a size that takes milliseconds; it has the same numbers at every size. */
const small = (): Network => ({ ...recognitionNet(), input: [103, 103, 3] })

/** Five million numbers, drawn once for the file. */
let drawn: Values | null = null
const parametersOnce = () => (drawn ??= drawnParameters(small()))

/** Numbers in which a scale, a shift or a layer in the wrong place shows. */
function drawnParameters(network: Network): Values {
  const source = random(3, 'parameters')
  return Object.fromEntries(
    Object.entries(initialParameters(network.parameters, 1)).map(([name, values]) => [
      name,
      /scale$|shift$/.test(name) ? values.map((value) => value + 0.2 * source.normal()) : values,
    ]),
  )
}

async function result<T>(running: AsyncGenerator<unknown, T>): Promise<T> {
  for (;;) {
    const { value, done } = await running.next()
    if (done) return value
  }
}

async function embedded(onnx: Uint8Array, images: Float32Array<ArrayBuffer>, shape: readonly number[]) {
  const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1 })
  const { embedding } = await session.run({ image: new Tensor('float32', images, shape) })
  await session.release()
  return embedding!.data as Float32Array
}

describe('a network’s file', () => {
  test('gives back parameters that compute the same', async () => {
    const network = small()
    const parameters = parametersOnce()
    const onnx = traceNetwork(network, { parameters, statistics: {} }, {})
    const read = parametersFrom(onnx, network.parameters)
    expect(Object.keys(read).sort()).toEqual(network.parameters.map(({ name }) => name).sort())
    expect(read['fc.weights']).toEqual(parameters['fc.weights'])
    expect(lastLayerOf(onnx)).toEqual(parameters['fc.weights'])
    const again = traceNetwork(network, { parameters: read, statistics: {} }, {})
    const source = random(1, 'image')
    const images = Float32Array.from({ length: 103 * 103 * 3 }, () => 255 * source.uniform())
    const [one, two] = [
      await embedded(onnx, images, [1, 103, 103, 3]),
      await embedded(again, images, [1, 103, 103, 3]),
    ]
    const largest = Math.max(...one.map(Math.abs))
    one.forEach((value, i) => expect(Math.abs(value - two[i]!)).toBeLessThan(1e-5 * largest))
  })

  test('of another network is refused', async () => {
    await expect(async () =>
      parametersFrom(await colourFile(1), recognitionNet().parameters),
    ).rejects.toThrow('0 convolutions')
  })
})

test('a network cut in two is the network', () => {
  const network = small()
  const parameters = parametersOnce()
  const tensors = Object.fromEntries(
    network.parameters.map(({ name, shape }) => [name, tf.tensor(parameters[name]!, [...shape])]),
  )
  const source = random(1, 'image')
  const image = tf.tensor(
    Float32Array.from({ length: 103 * 103 * 3 }, () => 255 * source.uniform()),
    [1, 103, 103, 3],
  )
  const whole = network.forward(tensors, {}, image, inference).embedding
  const map = below(network, 'conv256').forward(tensors, {}, image, inference).embedding
  const upper = above(network, 'conv256', map.shape.slice(1))
  expect(upper.stages).toEqual(['conv256', 'head'])
  expect(upper.forward(tensors, {}, map, inference).embedding.dataSync()).toEqual(whole.dataSync())
  expect(() => below(network, 'conv32')).toThrow('nothing of recognition lies below conv32')
})

test('a run begins at the model in use, whose head is multiplied into the last layer', async () => {
  const network = recognitionNet()
  const head = identityHead(128).map((value, i) => value + 0.05 * Math.sin(i))
  const gallery = {
    models: {
      networkUnder: () => '1',
      network: () => null,
      head: (version: string) => (version === '1' ? null : head),
    },
  } as unknown as Gallery
  const plain = (await startFrom(gallery, '1', network))['fc.weights']!
  const folded = (await startFrom(gallery, '1-abc', network))['fc.weights']!
  const features = Float32Array.from({ length: 256 }, (_, i) => Math.abs(Math.sin(i)))
  const times = (layer: Float32Array) =>
    Float32Array.from({ length: 128 }, (_, k) =>
      features.reduce((sum, value, i) => sum + value * layer[i * 128 + k]!, 0),
    )
  const expected = applyHead(times(plain), head)
  const length = Math.hypot(...times(folded))
  times(folded).forEach((value, k) => expect(value / length).toBeCloseTo(expected[k]!, 5))
})

test('a run begins with filters of one size, of the published network as of a retrained one’s file', async () => {
  const network = recognitionNet()
  const galleryWith = (file: Uint8Array | null) =>
    ({
      models: { networkUnder: () => '1', network: () => file, head: () => null },
    }) as unknown as Gallery
  const published = await startFrom(galleryWith(null), '1', network)
  const file = traceNetwork(network, { parameters: published, statistics: {} }, {})
  const retrained = await startFrom(galleryWith(file), '1', network)
  for (const start of [published, retrained])
    for (const [name, values] of Object.entries(start).filter(([name]) => /conv.*weights$/.test(name))) {
      const rms = Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length)
      expect(Math.abs(Math.log2(rms / 0.02)), name).toBeLessThan(0.51)
    }
})

describe('a batch', () => {
  const image = async () => Float32Array.of(1)
  test('holds gallery people and others side by side, and reads each row once', async () => {
    const own = Int32Array.of(7, 7, 8, 8, 9)
    const others = Int32Array.of(7, 7, 3, 3)
    const recipe = { people: 2, photographs: 3, others: 2, seed: 1 }
    const feed = networkFeed(own, others, recipe, 1, async (row) => [row])
    const { indices, labels, images } = await feed.batch(0)
    expect(feed.batchSize).toBe(2 * 3 + 1 + 2 * 2)
    expect([...images]).toEqual(indices)
    expect(indices.filter((row) => row >= 5)).toHaveLength(4)
    // Person 7 of the gallery is not person 7 of the others.
    expect(new Set(labels).size).toBe(5)
  })

  test('is made ahead where something beside makes it, and is the same', async () => {
    const asked: number[] = []
    const own = Int32Array.of(1, 1, 2, 2)
    const recipe = { people: 2, photographs: 2, others: 0, seed: 1 }
    const make = (ahead: number) =>
      networkFeed(own, null, recipe, 1, async (row, step) => (asked.push(step), [row]), ahead)
    const beside = make(2)
    const [first, second] = [await beside.batch(0), await beside.batch(1)]
    expect([...new Set(asked)]).toEqual([0, 1, 2, 3])
    const here = make(0)
    expect([await here.batch(0), await here.batch(1)]).toEqual([first, second])
  })

  test('fills the places of others where nobody is mixed in', () => {
    const own = Int32Array.from({ length: 40 }, (_, i) => i >> 1)
    const recipe = { people: 6, photographs: 2, others: 4, seed: 1 }
    expect(networkFeed(own, null, recipe, 1, image).batchSize).toBe(20)
    expect(networkFeed(own, own, recipe, 1, image).batchSize).toBe(20)
    expect(() => networkFeed(Int32Array.of(1, 1, 2), null, recipe, 1, image)).toThrow('Two people')
  })
})

test('crops that a thread beside changes are those that would be changed here, whatever was asked before', async () => {
  const pngs = await Promise.all([1, 2, 3].map((seed) => cropToPng(drawnCrop(seed))))
  const { augmentation } = defaultNetworkRecipe.all
  const settings = { sidePx: 60, augmentation, seed: 5 }
  const beside = cropsBeside([...pngs, Uint8Array.of(1, 2, 3)], settings)
  try {
    const [later, first] = await Promise.all([beside.imageOf(2, 9, 1), beside.imageOf(0, 0, 0)])
    const here = async (row: number, step: number, place: number) =>
      changedCrop(
        { crop: async () => drawnCrop(row + 1) },
        row,
        60,
        augmentation,
        random(5, 'augment', step, place),
      )
    expect(later).toEqual(await here(2, 9, 1))
    expect(first).toEqual(await here(0, 0, 0))
    await expect(beside.imageOf(3, 0, 0)).rejects.toThrow('unsupported image format')
  } finally {
    await beside.close()
  }
})

/** People whose photographs are of one colour each. */
function drawnPeople(people: number, each: number) {
  const seedOf = (row: number) => Math.floor(row / each) + 1
  const source = random(2, 'vectors')
  const set = trainingSet(
    Array.from({ length: people * each }, (_, row) => {
      const vector = Float32Array.from({ length: 128 }, source.normal)
      const length = Math.hypot(...vector)
      return {
        person: 10 + Math.floor(row / each),
        embedding: vector.map((value) => value / length),
        capturedAt: row,
      }
    }),
  )
  return { set, crop: async (row: number) => drawnCrop(seedOf(row)) }
}

describe('training', () => {
  const { set, crop } = drawnPeople(3, 2)
  const crops = { people: set.owners, vectors: set.vectors, crop }
  const trained = async (depth: 'stage' | 'all', changes: Partial<NetworkRecipe> = {}) => {
    const network = small()
    const start = parametersOnce()
    const recipe: NetworkRecipe = {
      ...defaultNetworkRecipe[depth],
      steps: 2,
      warmUpSteps: 0,
      people: 2,
      photographs: 2,
      others: 0,
      versions: 2,
      blend: 1,
      ...changes,
    }
    const maps =
      depth === 'stage'
        ? await result(mapsBelow(network, lowestTrained(network), start, crops, recipe, 1))
        : null
    const rows = [0, 1, 2, 3, 4, 5]
    const parameters = await result(
      trainNetwork({
        network,
        start,
        recipe,
        openRunner,
        crops,
        ownRows: 6,
        rows,
        labels: set.owners,
        maps,
      }),
    )
    const moved = network.parameters.filter(({ name }) =>
      parameters[name]!.some((value, i) => value !== start[name]![i]),
    )
    return { stages: [...new Set(moved.map(({ stage }) => stage))], parameters }
  }

  test('at depth stage changes the last stage and the head, and nothing below', async () => {
    const { stages, parameters } = await trained('stage')
    expect(stages).toEqual(['conv256', 'head'])
    expect((await trained('stage')).parameters).toEqual(parameters)
  }, 60_000)

  test('goes as much of the way as is wished, in every weight', async () => {
    const start = parametersOnce()
    const whole = (await trained('stage')).parameters
    const quarter = (await trained('stage', { blend: 0.25 })).parameters
    for (const [name, values] of Object.entries(quarter)) {
      if (whole[name] === start[name]) expect(values).toBe(start[name]) // below the stage
      const far = values.findIndex(
        (value, i) => Math.abs(value - (0.75 * start[name]![i]! + 0.25 * whole[name]![i]!)) > 1e-6,
      )
      expect(far).toBe(-1)
    }
    expect(quarter['fc.weights']).not.toEqual(whole['fc.weights'])
  }, 60_000)

  test('at depth all changes every stage, each below the last more slowly than the one above it', async () => {
    const { stages, parameters } = await trained('all')
    expect(stages).toEqual(recognitionNet().stages)
    const start = parametersOnce()
    // Adam's first steps are of the same length for every weight: what a stage moves by is its rate.
    const moved = (name: string) =>
      start[name]!.reduce((most, value, i) => Math.max(most, Math.abs(parameters[name]![i]! - value)), 0)
    const [conv64, conv128, conv256] = [64, 128, 256].map((width) => moved(`conv${width}_1.1.weights`))
    expect(conv256! / conv128!).toBeCloseTo(2.6, 0)
    expect(conv128! / conv64!).toBeCloseTo(2.6, 0)
  }, 60_000)

  test('keeps as many versions of a photograph as memory allows', () => {
    expect(versionsKept(100, 8192, 6)).toBe(6)
    expect(versionsKept(5000, 8192, 6)).toBe(2)
    expect(versionsKept(1_000_000, 8192, 6)).toBe(1)
  })
})

test('who stands for strangers decides how many trainings there are, and whether there are any', () => {
  expect(networkTrainings(defaultNetworkRecipe.all, 0)).toBe(3)
  expect(networkTrainings(defaultNetworkRecipe.all, 40)).toBe(1)
  expect(networkTrouble(8, 0)).toBe(null)
  expect(networkTrouble(3, 20)).toBe(null)
  expect(networkTrouble(7, 19)).toContain('nobody to stand for strangers')
})

describe('of cohorts', () => {
  /** Two photographs of each person; a crop's name is its person's. */
  const cohort = (name: string, people: number, mayTrain: boolean): CohortRow[] =>
    Array.from({ length: 2 * people }, (_, i) => ({
      photograph: i,
      person: `${name} ${i >> 1}`,
      crop: createHash('sha256').update(`${name} ${i}`).digest('hex').slice(0, 32),
      mayTrain,
    }))
  const people = (rows: readonly CohortRow[]) => new Set(rows.map(({ person }) => person))
  const nobody = new Set<string>()
  const [many, few] = [cohort('many', 100, true), cohort('few', 3, false)]

  test('where many may be trained on and hardly anybody judges, a fifth of them judges and does not train', () => {
    const { mayTrain, judging } = rolesOf([...many, ...few], nobody, 'all')
    expect(people(mayTrain).size).toBe(80)
    expect(people(judging).size).toBe(3 + 20)
    expect([...mayTrain, ...judging]).toHaveLength(206)
    expect(rolesOf([...many, ...few], nobody, 'head').judging).toEqual(few)
    expect(rolesOf([...cohort('many', 99, true), ...few], nobody, 'all').judging).toEqual(few)
    const enough = cohort('enough', 20, false)
    expect(rolesOf([...many, ...enough], nobody, 'all').judging).toEqual(enough)
    expect(rolesOf(few, nobody, 'all')).toEqual({ mayTrain: [], judging: few, leftOut: 0 })
  })

  test('it is the same fifth in whatever order they come, and whatever their cohort is called', () => {
    const spared = people(rolesOf(many, nobody, 'all').judging)
    expect(people(rolesOf(many.toReversed(), nobody, 'all').judging)).toEqual(spared)
    const again = many.map((row) => ({ ...row, person: row.person.replace('many', '7') }))
    const called = [...people(rolesOf(again, nobody, 'all').judging)].map((each) => each.replace('7', 'many'))
    expect(new Set(called)).toEqual(spared)
  })

  test('who trained an ancestor judges no descendant, with none of their photographs', () => {
    const first = rolesOf(many, nobody, 'all')
    const trained = new Set(first.mayTrain.map(({ crop }) => crop!))
    // The next run, whose model descends from it: the same fifth judges, though others come to it.
    const more = [...many, ...cohort('more', 100, true)]
    const next = rolesOf(more, trained, 'all')
    for (const { person } of next.judging) expect(people(first.mayTrain)).not.toContain(person)
    expect(people(next.judging).size).toBe(40)
    // A cohort that trained and now is to judge.
    const toggled = many.map((row) => ({ ...row, mayTrain: false }))
    const after = rolesOf(toggled, trained, 'head')
    expect([people(after.judging), after.leftOut]).toEqual([people(first.judging), 80])
    // One photograph that trained is enough.
    const one = rolesOf(few, new Set([few[0]!.crop!]), 'head')
    expect([people(one.judging).size, one.leftOut]).toEqual([2, 1])
    // With nobody untrained left none is spared, and everybody may train again.
    const all = new Set(many.map(({ crop }) => crop!))
    expect(rolesOf(many, all, 'all')).toEqual({ mayTrain: many, judging: [], leftOut: 0 })
  })

  test('whoever is in two cohorts and trains now does not judge now', () => {
    const twice = few.map((row) => ({ ...row, person: `again ${row.person}`, mayTrain: true }))
    expect(rolesOf([...few, ...twice.slice(0, 2)], nobody, 'head')).toMatchObject({ leftOut: 1 })
  })

  test('whoever is in two cohorts and is spared to judge trains under neither number, and judges once', () => {
    // One folder imported twice: each person's photographs 1 and 2 in one cohort, 2 and 3 in the other.
    const rows = [0, 1].flatMap((first) =>
      Array.from({ length: 400 }, (_, i): CohortRow => {
        const crop = createHash('sha256')
          .update(`${i >> 1} ${first + (i & 1)}`)
          .digest('hex')
          .slice(0, 32)
        return { photograph: 400 * first + i, person: `${first} ${i >> 1}`, crop, mayTrain: true }
      }),
    )
    const { mayTrain, judging } = rolesOf(rows, nobody, 'stage')
    const crops = new Set(judging.map(({ crop }) => crop))
    expect(people(judging).size).toBe(80)
    expect(crops.size).toBe(160) // two of each, of nobody twice
    expect(mayTrain.filter(({ crop }) => crops.has(crop))).toEqual([])
    expect(people(mayTrain).size).toBe(400 - 2 * 80)
  })

  test('it is said who does not judge, and what that leaves', () => {
    expect(whoMayNotJudge(0, 0)).toEqual([])
    expect(whoMayNotJudge(1, 40)[0]).toMatch(/^1 imported person does not judge: .* trained on them\.$/)
    expect(whoMayNotJudge(1200, 0)[0]).toContain('1,200 imported people do not judge')
    expect(whoMayNotJudge(1200, 0)[0]).toContain('Nobody else was imported to judge')
    expect(whoMayNotJudge(80, 19, 'all')[0]).toContain('19 of those who were imported are left: too few')
  })
})

test('a training is looked at in quarters', () => {
  expect(lookedAt(300)).toEqual([75, 150, 225, 300])
  expect(lookedAt(2)).toEqual([1, 2])
  expect(lookedAt(10)).toEqual([2, 4, 6, 8, 10])
})

test('what is left counts the trainings that follow', () => {
  const step = { steps: 100, measures: {}, imagesPerSecond: 10 }
  expect(stepEvent({ run: 1, runs: 3 }, { ...step, step: 50, remainingMs: 500 })).toMatchObject({
    remainingMs: 500 + 2000,
  })
  expect(stepEvent({ run: 3, runs: 3 }, { ...step, step: 100, remainingMs: 0 })).toMatchObject({
    remainingMs: 0,
  })
})

describe('a whole run', () => {
  const network = colourNetwork()
  const parameters = initialParameters(network.parameters, 1)

  /** People whose embeddings are what the network makes of their crops. */
  async function run(people: number) {
    const file = await exportNetwork(network, { parameters, statistics: {} }, {})
    const net = await networkOf(file.onnx, 'start', 1)
    const drawn = drawnPeople(people, 4)
    const { set } = drawn
    // Photographs of one person differ a little in colour.
    const crop = async (row: number) => {
      const picture = await drawn.crop(row)
      return { ...picture, rgb: picture.rgb.map((level, i) => level + (row % 4) * 3 * ((i % 3) - 1)) }
    }
    for (const row of set.owners.keys())
      set.vectors.set((await embedCrop(net, await crop(row))).embedding, row * 128)
    await net.close()
    return {
      network,
      start: parameters,
      set,
      crop,
      recipe: { ...defaultNetworkRecipe.all, steps: 2, warmUpSteps: 0 },
      openRunner,
      wantedFmr: 1e-3,
      threshold: 0.5,
      mixIn: null,
      cohort: null,
      notes: { recipe: 'drawn' },
      threads: 1,
    }
  }

  test('judges by folds through the file that would be used', async () => {
    const settings = await run(8)
    const [events, looks]: [string[], string[]] = [[], []]
    const running = retrainNetwork(settings)
    let step = await running.next()
    for (; !step.done; step = await running.next()) {
      const { value } = step
      if (value.kind === 'step' && value.measures.heldOutFnmr !== undefined)
        looks.push(`${value.run} ${value.step}`)
      events.push(value.kind === 'step' ? `${value.run} ${value.step}` : value.kind)
    }
    const { onnx, evidence, verdict, threshold, mixedInWords } = step.value
    expect(events.filter((event) => event === 'run')).toHaveLength(3)
    expect(events.filter((event) => /\d/.test(event))).toEqual(['1 1', '1 2', '2 1', '2 2', '3 1', '3 2'])
    expect(looks).toContain('3 1')
    expect(step.value.stoppedAt).toBe(2) // four photographs each: too few to set any aside
    expect(evidence.strangers[0]!.parts).toHaveLength(2)
    // Four who were left out probe, with all four photographs, the four who stayed.
    expect(evidence.strangers[0]!.parts[0]!.impostor.people).toHaveLength(4 * 4 * 4)
    // A threshold that is merely stricter is no merit: as many strangers pass as before, at least.
    for (const { impostor, threshold } of evidence.strangers[0]!.parts) {
      const passing = (side: 'before' | 'after') =>
        impostor[side].filter((distance) => distance <= threshold[side]).length
      expect(passing('before')).toBeGreaterThanOrEqual(10)
      expect(passing('after')).toBeGreaterThanOrEqual(passing('before'))
    }
    expect(evidence.parity).toBeLessThan(1e-5)
    expect(threshold).toBeGreaterThan(0)
    expect(mixedInWords).toBe('nobody')
    expect(verdict.lines.map(({ id }) => id)).toContain('strangers')
    expect(Buffer.from(onnx).toString('latin1')).toContain('drawn')
    // What was judged is what the file gives.
    const net = await networkOf(onnx, 'candidate', 1)
    const [held] = settings.set.heldOut[0]!
    const probe = (await embedCrop(net, await settings.crop(held!))).embedding
    const own = await Promise.all(
      settings.set.training[0]!.map(
        async (row) => (await embedCrop(net, await settings.crop(row))).embedding,
      ),
    )
    const mean = own[0]!.map((_, k) => own.reduce((sum, each) => sum + each[k]!, 0))
    const length = Math.hypot(...mean)
    expect(evidence.gallery[0]!.genuine.after[0]).toBeCloseTo(
      Math.hypot(...probe.map((value, k) => value - mean[k]! / length)),
      5,
    )
  }, 60_000)

  test('learns from hard examples, but not where the person they belong to is left out', async () => {
    const settings = await run(8)
    const asked: string[] = []
    let training = 0
    const { vectors } = settings.set
    const hardExamples = {
      vectors: vectors.slice(0, 2 * 128),
      owners: Int32Array.of(0, -1),
      takenFor: Int32Array.of(-1, 0), // somebody else, taken for the same person
      crop: async (i: number) => {
        asked.push(`${i} in ${training}`)
        return drawnCrop(900 + i)
      },
    }
    const running = retrainNetwork({ ...settings, hardExamples })
    let step = await running.next()
    for (; !step.done; step = await running.next()) if (step.value.kind === 'run') training = step.value.run
    const leftOutIn = peopleFolds(8, 2, 1).findIndex((people) => people.includes(0)) + 1
    const trainings = [1, 2, 3].filter((each) => each !== leftOutIn)
    expect(new Set(asked)).toEqual(new Set(trainings.flatMap((each) => [`0 in ${each}`, `1 in ${each}`])))
    // They judge nobody: as many comparisons as without them.
    expect(step.value.evidence.gallery[0]!.genuine.people).toHaveLength(8)
  }, 60_000)

  test('trains once where a cohort judges', async () => {
    const settings = await run(4)
    const people = Int32Array.from({ length: 20 }, (_, i) => i)
    const { set } = drawnPeople(20, 1)
    const cohort = { people, vectors: set.vectors, crop: async (row: number) => drawnCrop(500 + row) }
    const { evidence, strangersInWords } = await result(retrainNetwork({ ...settings, cohort }))
    expect(strangersInWords).toBe('people imported as strangers')
    const [{ parts, atThreshold }] = evidence.strangers as [(typeof evidence.strangers)[number]]
    expect(parts[0]!.impostor.people).toHaveLength(20 * 4)
    // Who sets the threshold does not judge it.
    expect(atThreshold!.map(({ impostor }) => impostor.people.length)).toEqual([40, 40])
    expect(new Set(atThreshold!.flatMap(({ impostor }) => [...impostor.people])).size).toBe(20)
    const all = ascending(parts[0]!.impostor)
    expect(parts[0]!.threshold.after).toBe(equalThreshold(all, settings.threshold))
  }, 60_000)

  test('a few who were imported judge at a threshold that the folds gave', async () => {
    const settings = await run(8)
    const { set } = drawnPeople(3, 1)
    const cohort = {
      people: set.owners,
      vectors: set.vectors,
      crop: async (row: number) => drawnCrop(500 + row),
    }
    const { evidence, threshold } = await result(retrainNetwork({ ...settings, cohort }))
    const [folds, few] = evidence.strangers
    const ratios = folds!.parts.map((part) => part.threshold.after / part.threshold.before)
    expect(threshold).toBeCloseTo((settings.threshold * (ratios[0]! + ratios[1]!)) / 2, 10)
    expect(few!.parts[0]!.threshold.after).toBe(threshold)
    expect(few!.atThreshold).toBe(undefined)
  }, 60_000)

  test('is refused where nobody stands for strangers, and where the file would not give the trainer’s numbers', async () => {
    await expect(result(retrainNetwork(await run(4)))).rejects.toThrow('nobody to stand for strangers')
    const broken = { ...parameters, 'fc.weights': parameters['fc.weights']!.map(() => NaN) }
    await expect(result(retrainNetwork({ ...(await run(8)), start: broken }))).rejects.toThrow(
      'Refused: the model in use, read back cannot be exported as it was trained',
    )
    // A network that computes something else while it is traced: its file is not what was trained.
    const shaky: Network = {
      ...network,
      forward(...given) {
        const forward = network.forward(...given)
        const drift = tf.tensor1d(Array.from({ length: 128 }, (_, i) => 1e-3 * i))
        return tf.getBackend() === 'cpu' ? forward : { ...forward, embedding: forward.embedding.add(drift) }
      },
    }
    await expect(result(retrainNetwork({ ...(await run(8)), network: shaky }))).rejects.toThrow(/differs by/)
  }, 60_000)
})
