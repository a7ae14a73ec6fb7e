import { expect, test } from 'vitest'
import { drawStrangers } from '../../src-main/evaluation/virtual-strangers.ts'
import { random } from '../../src-main/learning/random.ts'
import { embedUnder, lastLayer } from '../../src-main/engine/embed-under.ts'
import { readPretrainedHead, withHead, withModelInUse } from '../../src-main/engine/model-in-use.ts'
import { openNetworks, readModelCard } from '../../src-main/engine/open-parts.ts'
import type { Parts } from '../../src-main/engine/parts.ts'
import { applyHead, composed, identityHead } from '../../src-main/training/gallery-run/head/head.ts'
import { mappedStrangers } from '../../src-main/training/gallery-run/head/mapped-strangers.ts'
import { distance } from '../../src-main/vision/embedding.ts'
import type { Picture } from '../../src-main/vision/face.ts'
import { enrolled, newHome, openGallery, photographOf, unitVectorOf } from '../gallery/fixture.ts'
import { madeVersion } from '../gallery/made-up.ts'

/** The identity with a little of everything else. */
function head(seed: number) {
  const source = random(seed, 'head')
  return identityHead(128).map((value) => value + 0.05 * source.normal())
}

const shared = readPretrainedHead() // read once

const crop: Picture = {
  width: 256,
  height: 256,
  rgb: Uint8Array.from({ length: 256 * 256 * 3 }, (_, i) => (i * 7) % 256),
}

test('the net’s embedding is its last layer over its features, and a head over it', async () => {
  const card = await readModelCard()
  const networks = await openNetworks(card, 1)
  const plain = await networks.embed(crop)
  const ours = lastLayer(plain.features, await shared)
  ours.forEach((value, i) => expect(Math.abs(value - plain.embedding[i]!)).toBeLessThan(1e-5))

  const changed = await withHead(networks, head(1)).embed(crop)
  expect(changed.features).toEqual(plain.features)
  expect(changed.embedding).toEqual(applyHead(plain.embedding, head(1)))
  expect(distance(changed.embedding, plain.embedding)).toBeGreaterThan(0.1)
})

async function galleryInUse() {
  const gallery = await openGallery(newHome())
  const person = enrolled(
    gallery,
    'Ada',
    [1, 2].map((seed) => photographOf(seed, { modelVersion: '1' })),
  )
  const pretrained = await shared
  const card = await readModelCard()
  const added = gallery.models.add(
    madeVersion({
      trainedOn: { people: [person], photographs: 2, others: '', hash: '' },
      card: { ...card, version: 'its own' },
      head: head(2),
    }),
  )
  const version = added.kind === 'added' ? added.version : ''
  const parts = {
    gallery,
    vision: Promise.resolve({}),
    model: { name: 'net', version: '1' },
    card,
  } as unknown as Parts
  return { gallery, person, version, parts, embed: embedUnder(gallery, '1', pretrained), pretrained }
}

test('a promoted head makes every embedding, and names the version and the card', async () => {
  const { gallery, person, version, parts, embed } = await galleryInUse()
  expect(withModelInUse(parts)).toBe(parts)
  gallery.models.promote(version, embed, { evenIfRejected: false })
  expect(gallery.embeddings(version, person)[0]!.embedding).toEqual(applyHead(unitVectorOf(1, 128), head(2)))
  const now = withModelInUse(parts)
  expect(now.model).toEqual({ name: 'net', version })
  expect(now.card.version).toBe('its own')
})

test('a photograph that only a retrained model saw goes back by its features', async () => {
  const { gallery, person, version, embed, pretrained } = await galleryInUse()
  gallery.models.promote(version, embed, { evenIfRejected: false })
  const features = photographOf(3).features
  const under = applyHead(lastLayer(features, pretrained), head(2))
  gallery.addPhotograph(
    person,
    photographOf(3, { modelVersion: version, crop: null, features, embedding: under }),
  )
  gallery.models.rollBack(embed)
  expect(gallery.embeddings('1', person)[2]!.embedding).toEqual(lastLayer(features, pretrained))
})

test('a head of another net is not used', async () => {
  const { gallery, version, parts, embed } = await galleryInUse()
  gallery.models.promote(version, embed, { evenIfRejected: false })
  const newer = { ...parts, model: { name: 'net', version: '2' } }
  expect(withModelInUse(newer)).toBe(newer)
})

test('two heads after each other are one', () => {
  const one = composed(head(1), head(2))
  const twice = applyHead(applyHead(unitVectorOf(5, 128), head(1)), head(2))
  applyHead(unitVectorOf(5, 128), one).forEach((value, i) => expect(value).toBeCloseTo(twice[i]!, 6))
})

test('virtual strangers seen by a head are the same people, mapped', () => {
  const d = 128
  const source = random(3, 'model')
  const factor = () => Array.from({ length: d * d }, () => 0.05 * source.normal())
  const model = {
    kind: 'two-covariance' as const,
    dimension: d,
    people: 100,
    photographs: 200,
    mean: Array.from({ length: d }, () => 0.1 * source.normal()),
    between: factor(),
    within: factor(),
  }
  const plain = drawStrangers(model, 3, 2, random(4, 'draw').uniform)
  const seen = drawStrangers(mappedStrangers(model, head(5)), 3, 2, random(4, 'draw').uniform)
  for (let row = 0; row < 6; row++) {
    const expected = applyHead(plain.vectors.slice(row * d, (row + 1) * d), head(5))
    expected.forEach((value, k) => expect(seen.vectors[row * d + k]).toBeCloseTo(value, 4))
  }
})
