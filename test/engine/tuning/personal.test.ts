import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PersonalChoice, TuningSubject } from '../../../src-main/contract.ts'
import { createEngine, type Engine } from '../../../src-main/engine.ts'
import { tuningCalls } from '../../../src-main/engine/tuning/calls.ts'
import { thresholdInForce } from '../../../src-main/engine/tuning/in-force.ts'
import { compare } from '../../../src-main/engine/verification.ts'
import { unitLength } from '../../../src-main/vision/embedding.ts'
import type { Face } from '../../../src-main/vision/face.ts'
import { photographOf, madeVersion } from '../../gallery/made-up.ts'
import { madeUpParts } from '../made-up-faces.ts'
import { embeddingOf, enrolPeople } from './tuned-gallery.ts'

let parts: Awaited<ReturnType<typeof madeUpParts>>
let engine: Engine
/** Stands between two others, who come nearer to them than strangers come to anybody else. */
let lamb: number

const subject: TuningSubject = { form: 'photograph-template', strangers: { kind: 'gallery' }, burst: 3 }
const counts = { template: 4, burst: 1 }
const inForce = (person?: number) => thresholdInForce(parts, 'photograph-template', counts, person)

beforeEach(async () => {
  parts = await madeUpParts()
  engine = createEngine(parts, tuningCalls)
  enrolPeople(parts.gallery, Array<number>(11).fill(4), parts.model)
  const middle = unitLength(
    Float32Array.from({ length: 128 }, (_, i) =>
      [0, 1].reduce((sum, person) => sum + embeddingOf(person, 0, 0)[i]!, 0),
    ),
  )
  const outcome = parts.gallery.enrol(
    { name: 'Lamb', consentAt: 1, skippedViews: [] },
    [0, 1, 2, 3].map((photograph) =>
      photographOf(900 + photograph, {
        crop: null,
        modelVersion: parts.model.version,
        features: new Float32Array(256),
        embedding: unitLength(middle.map((value, i) => value + 0.3 * embeddingOf(90, photograph)[i]!)),
      }),
    ),
  )
  if (outcome.kind === 'refused') throw new Error(outcome.message)
  lamb = outcome.person
})
afterEach(() => {
  engine.close()
  parts.gallery.close()
})

async function chosenFor(person: number): Promise<PersonalChoice> {
  const outcome = await engine.call('tune.choose-personal', { ...subject, person })
  if (outcome.kind === 'refused') throw new Error(outcome.message)
  return outcome.choice
}

describe('a person’s own threshold', () => {
  test('is proposed from the threshold in force, with its reason, and is not used until it is taken', async () => {
    const proposed = await engine.call('tune.personal', subject)
    if (proposed.kind === 'refused') throw new Error(proposed.message)
    expect(proposed.from).toBe(inForce().distance)
    expect(proposed.people).toHaveLength(12)
    const own = proposed.people.find(({ person }) => person === lamb)!
    expect(own.own.threshold).toBeLessThan(proposed.from)
    expect(own.own.reason).toMatch(/^Stricter by .* from 11 other people/)
    expect(own.inForce).toBe(null)
    expect(inForce(lamb)).toEqual(inForce())
  })

  test('holds for that person alone once it is taken, in every process, and is taken back', async () => {
    const heard: string[] = []
    engine.on('gallery-changed', () => heard.push('changed'))
    const choice = await chosenFor(lamb)
    expect(heard).toEqual(['changed'])
    expect(choice).toMatchObject({
      person: lamb,
      model: parts.model,
      at: parts.clock.ms,
      strangersCompared: 11,
      from: inForce().distance,
      strangersInWords: 'the other people of this gallery',
    })
    expect(inForce(lamb)).toMatchObject({
      distance: choice.threshold,
      personal: { everyones: inForce().distance, stale: null, reason: choice.reason },
    })
    expect(inForce(1)).toEqual(inForce())
    expect(inForce().personal).toBe(undefined)

    const elsewhere = await madeUpParts({ home: parts.home })
    expect(thresholdInForce(elsewhere, 'photograph-template', counts, lamb).distance).toBe(choice.threshold)
    elsewhere.gallery.close()

    const forget = { person: lamb, form: 'photograph-template' as const }
    expect(await engine.call('tune.forget-personal', forget)).toEqual({ kind: 'forgotten' })
    expect(inForce(lamb)).toEqual(inForce())
    expect(await engine.call('tune.forget-personal', forget)).toMatchObject({ reason: 'no-choice' })
  })

  test('decides a verification that everybody’s threshold would let in', async () => {
    const choice = await chosenFor(lamb)
    const between = (choice.threshold + choice.from) / 2
    const found = parts.gallery.template(lamb, parts.model.version)
    if (found.kind !== 'template') throw new Error('no template')
    const { template } = found
    // A probe at exactly this distance from the template.
    const across = unitLength(embeddingOf(500, 0))
    const along = across.reduce((sum, value, i) => sum + value * template.embedding[i]!, 0)
    const aside = unitLength(across.map((value, i) => value - along * template.embedding[i]!))
    const angle = 2 * Math.asin(between / 2)
    const embedding = Float32Array.from(
      aside,
      (value, i) => Math.cos(angle) * template.embedding[i]! + Math.sin(angle) * value,
    )
    const faces = [{ embedding } as Face]
    expect(compare(parts, template, faces)).toMatchObject({ outcome: 'no-match' })
    await engine.call('tune.forget-personal', { person: lamb, form: 'photograph-template' })
    expect(compare(parts, template, faces)).toMatchObject({ outcome: 'match' })
  })

  test('is never laxer than everybody’s: neither taken so, nor kept so when everybody’s becomes stricter', async () => {
    const proposed = await engine.call('tune.personal', subject)
    if (proposed.kind === 'refused') throw new Error(proposed.message)
    const laxer = proposed.people.find(({ own }) => own.shift > 0)!
    expect(await engine.call('tune.choose-personal', { ...subject, person: laxer.person })).toMatchObject({
      kind: 'refused',
      reason: 'not-stricter',
    })
    const choice = await chosenFor(lamb)
    const wish = { by: 'hand' as const, threshold: choice.threshold / 2 }
    await engine.call('tune.choose', { ...subject, wish })
    expect(inForce(lamb)).toMatchObject({ distance: choice.threshold / 2 })
    expect(inForce(lamb).personal).toBe(undefined)
    await engine.call('tune.choose', { ...subject, wish: { by: 'hand', threshold: 1.9 } })
    expect(inForce(lamb).distance).toBe(choice.threshold)
  })

  test('says that it is stale when the gallery has changed, and is not used under another model', async () => {
    const choice = await chosenFor(lamb)
    enrolPeople(parts.gallery, [2], parts.model, 50)
    expect(inForce(lamb)).toMatchObject({
      distance: choice.threshold,
      personal: { stale: expect.stringContaining('have changed since') as string },
    })
    const other = { ...parts, model: { ...parts.model, version: 'another' } }
    const theirs = thresholdInForce(other, 'photograph-template', counts, lamb)
    expect(theirs.personal).toBe(undefined)
    expect(theirs.distance).toBe(inForce().distance)
  })

  test('is carried over to a model that was retrained from the one it was chosen for', async () => {
    const choice = await chosenFor(lamb)
    const added = parts.gallery.models.add(
      madeVersion({
        report: { threshold: { before: 0.8, after: 0.76 } },
        card: parts.card,
        head: Float32Array.of(1),
      }),
    )
    if (added.kind === 'refused') throw new Error(added.message)
    const other = { ...parts, model: { ...parts.model, version: added.version } }
    const theirs = thresholdInForce(other, 'photograph-template', counts, lamb)
    expect(theirs.distance).toBeCloseTo(choice.threshold * 0.95, 12)
    expect(theirs.personal).toMatchObject({ stale: expect.stringContaining('another model') as string })
    expect(thresholdInForce(other, 'photograph-template', counts, 1).personal).toBe(undefined)
  })

  test('also holds a burst until one was measured, and is as much stricter as the card is for more photographs', async () => {
    const choice = await chosenFor(lamb)
    const burst = thresholdInForce(parts, 'burst-template', { template: 4, burst: 3 }, lamb)
    const everyones = thresholdInForce(parts, 'burst-template', { template: 4, burst: 3 })
    expect(burst.distance).toBe(Math.min(choice.threshold, everyones.distance))
    const more = thresholdInForce(parts, 'photograph-template', { template: 10, burst: 1 }, lamb)
    expect(more.distance).toBeLessThanOrEqual(choice.threshold)
  })

  test('goes with the person when they are forgotten', async () => {
    await chosenFor(lamb)
    expect(parts.gallery.choices.personal()).toHaveLength(1)
    await engine.call('person.forget', { person: lamb, name: 'Lamb' })
    expect(parts.gallery.choices.personal()).toEqual([])
  })

  test('leaves what was chosen for everybody as it is', async () => {
    await chosenFor(lamb)
    const { choices } = await engine.call('tune.choice', {})
    expect(choices).toEqual([])
    await engine.call('tune.choose', { ...subject, wish: { by: 'hand', threshold: 0.3 } })
    await engine.call('tune.forget-choice', { form: 'photograph-template' })
    expect(parts.gallery.choices.personal()).toHaveLength(1)
  })
})
