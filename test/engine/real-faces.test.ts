import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Verdict } from '../../src-main/contract.ts'
import { createEngine, type Engine } from '../../src-main/engine.ts'
import type { ModelCard } from '../../src-main/engine/model-card.ts'
import { openNetworks, readModelCard } from '../../src-main/engine/open-parts.ts'
import type { Networks } from '../../src-main/engine/parts.ts'
import { unitLength } from '../../src-main/vision/embedding.ts'
import { madeUpParts } from './made-up-faces.ts'
import { samplePeople, type SamplePerson, type Taken } from './sample-people.ts'

const enrolledAs: Taken[] = [{}, { brightness: 1.15, turned: 4 }, { side: 420, shiftX: 10, mirrored: true }]
const verifiedAs: Taken[] = [
  { brightness: 0.85, turned: -5, jpegQuality: 80 },
  { side: 400, shiftX: -12 },
  { brightness: 1.1, blur: 0.6 },
]

let card: ModelCard
let networks: Networks
let people: SamplePerson[]

beforeAll(async () => {
  card = await readModelCard()
  networks = await openNetworks(card, 2)
  people = await samplePeople(networks)
})

async function engineWith(vision: Networks): Promise<{ engine: Engine; close: () => void }> {
  const parts = await madeUpParts({
    vision: Promise.resolve(vision),
    card,
    model: { name: card.model, version: card.version },
  })
  const engine = createEngine(parts)
  return {
    engine,
    close: () => {
      engine.close()
      parts.gallery.close()
    },
  }
}

async function enrol(engine: Engine, name: string, person: SamplePerson): Promise<number> {
  const begun = await engine.call('enrol.begin', { name, consent: true })
  if (begun.kind === 'refused') throw new Error(begun.message)
  const { draft } = begun
  for (const taken of enrolledAs) {
    const kept = await engine.call('enrol.file', {
      draft,
      fileName: 'a.jpg',
      bytes: await person.jpeg(taken),
    })
    if (kept.kind === 'refused') throw new Error(`${name}: ${kept.message}`)
  }
  const saved = await engine.call('enrol.save', { draft })
  if (saved.kind === 'refused') throw new Error(saved.message)
  return saved.person
}

async function verify(
  engine: Engine,
  person: number,
  shown: SamplePerson,
  taken = verifiedAs,
): Promise<Verdict> {
  return engine.call('verify', { person, frames: await Promise.all(taken.map((one) => shown.frame(one))) })
}

/** Every person enrolled matches on other pictures, nobody matches as somebody else: what a verifier is for. */
async function tellsPeopleApart(engine: Engine, shown: SamplePerson[]): Promise<boolean> {
  const ids: number[] = []
  for (const [i, person] of shown.entries()) ids.push(await enrol(engine, `Person ${i}`, person))
  for (const [i, id] of ids.entries())
    for (const [j, person] of shown.entries()) {
      const verdict = await verify(engine, id, person)
      if (verdict.kind !== (i === j ? 'match' : 'no-match')) return false
    }
  return true
}

test('the sample photographs show enough people to tell apart', () => {
  expect(people.length).toBeGreaterThanOrEqual(4)
})

test('people on photographs are told apart, on other pictures than those enrolled', async () => {
  const { engine, close } = await engineWith(networks)
  expect(await tellsPeopleApart(engine, people.slice(0, 4))).toBe(true)
  close()
})

describe('the same specification fails', () => {
  const replaced = (embedding: () => Float32Array): Networks => ({
    faces: async (...look) =>
      (await networks.faces(...look)).map((face) => ({ ...face, embedding: embedding() })),
    preview: (picture) => networks.preview(picture),
    embed: async () => ({ features: new Float32Array(256), embedding: embedding() }),
  })

  test('when the embedder is replaced by a constant', async () => {
    const constant = unitLength(new Float32Array(128).fill(1))
    const { engine, close } = await engineWith(replaced(() => constant))
    expect(await tellsPeopleApart(engine, people.slice(0, 2))).toBe(false)
    close()
  })

  test('when the embedder is replaced by noise', async () => {
    let seed = 1
    const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647 - 0.5 // Park and Miller's generator
    const { engine, close } = await engineWith(
      replaced(() => unitLength(Float32Array.from({ length: 128 }, random))),
    )
    expect(await tellsPeopleApart(engine, people.slice(0, 2))).toBe(false)
    close()
  })
})

describe('one enrolled person', () => {
  let engine: Engine
  let close: () => void
  let ada: number
  beforeAll(async () => {
    ;({ engine, close } = await engineWith(networks))
    ada = await enrol(engine, 'Ada', people[0]!)
  })
  afterAll(() => close())

  test('a single frame is enough', async () => {
    expect(await verify(engine, ada, people[0]!, verifiedAs.slice(1, 2))).toMatchObject({
      kind: 'match',
      threshold: { form: 'photograph-template' },
    })
  })

  test('an empty picture is no face', async () => {
    const empty = { width: 320, height: 240, rgba: new Uint8Array(320 * 240 * 4).fill(128) }
    expect(await engine.call('verify', { person: ada, frames: [empty] })).toMatchObject({ kind: 'no-face' })
  })

  test('frames of two people are not fused into one', async () => {
    const frames = [await people[0]!.frame(verifiedAs[1]), await people[1]!.frame(verifiedAs[1])]
    expect(await engine.call('verify', { person: ada, frames })).toMatchObject({ kind: 'several-faces' })
  })

  test('a frame too small is of poor quality, with the measure and what to do', async () => {
    const verdict = await verify(engine, ada, people[0]!, [{ side: 96 }])
    expect(verdict).toMatchObject({ kind: 'poor-quality', measure: { component: 'InterEyeDistance' } })
    if (verdict.kind === 'poor-quality') expect(verdict.message).toMatch(/\d+ px/)
  })

  test('the preview finds the face and says nothing where nothing is wrong', async () => {
    const preview = await engine.call('preview', { frame: await people[0]!.frame({ side: 480 }) })
    expect(preview.faces).toBe(1)
    expect(preview.landmarks).toHaveLength(136)
  })

  test('embedding a kept crop again gives the very numbers that were enrolled', async () => {
    const face = (await networks.faces(await pictureOf(people[0]!)))[0]!
    const again = await networks.embed(face.crop)
    expect(again.embedding).toEqual(face.embedding)
  })
})

async function pictureOf(person: SamplePerson) {
  const { pictureFromFrame } = await import('../../src-main/vision/frame.ts')
  return pictureFromFrame(await person.frame())
}
