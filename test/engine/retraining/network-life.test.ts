import * as tf from '@tensorflow/tfjs'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Frame } from '../../../src-main/contract.ts'
import type { Engine } from '../../../src-main/engine.ts'
import { promoteModel } from '../../../src-main/engine/model-change.ts'
import { upToDate } from '../../../src-main/engine/model-in-use.ts'
import type { Parts } from '../../../src-main/engine/parts.ts'
import { galleryRunOf } from '../../../src-main/engine/retraining/gallery-run.ts'
import { defaultNetworkRecipe } from '../../../src-main/training/gallery-run/network/network-recipe.ts'
import {
  retrainGallery,
  type CandidateReport,
} from '../../../src-main/training/gallery-run/retrain-gallery.ts'
import { onnxRunner } from '../../../src-main/training/onnx-runner.ts'
import type { Picture } from '../../../src-main/vision/face.ts'
import { pictureFromFrame } from '../../../src-main/vision/frame.ts'
import { cropHash, cropToPng } from '../../../src-main/vision/kept-crop.ts'
import { cropOf, hashOf } from '../../gallery/made-up.ts'
import { samplePeople, type Taken } from '../sample-people.ts'
import { openEngine } from './drawn-gallery.ts'

const enrolledAs: Taken[] = [{}, { brightness: 1.15, turned: 4 }, { side: 420, mirrored: true }]
const verifiedAs: Taken = { brightness: 0.85, turned: -5, jpegQuality: 80 }

/** Enrols everybody on the sample photographs, their crops kept; and who is between three of them, as strangers. */
async function filled({ gallery, vision, model }: Parts) {
  const networks = await vision
  const people = await samplePeople(networks)
  const portraits: Picture[] = []
  const frames: Frame[] = []
  for (const [i, sample] of people.entries()) {
    const photographs = []
    for (const [at, taken] of enrolledAs.entries()) {
      const [face] = await networks.faces(pictureFromFrame(await sample.frame(taken)), {})
      const { crop, features, embedding } = face!
      if (at === 0) portraits.push(crop)
      photographs.push({
        crop: await cropToPng(crop),
        cropHash: cropHash(crop),
        capturedAt: at,
        source: 'file' as const,
        view: null,
        quality: [],
        modelVersion: model.version,
        features,
        embedding,
      })
    }
    const name = `Sample ${i + 1}`
    expect(gallery.enrol({ name, consentAt: 1, skippedViews: [] }, photographs).kind).toBe('enrolled')
    frames.push(await sample.frame(verifiedAs))
  }
  const cohort = gallery.cohorts.add('Between')
  const triples = portraits.flatMap((a, i) =>
    portraits.slice(i + 1).flatMap((b, j) => portraits.slice(i + j + 2).map((c) => [a, b, c] as const)),
  )
  for (const [i, [a, b, c]] of triples.slice(0, 20).entries()) {
    const crop = { ...a, rgb: a.rgb.map((level, at) => (level + b.rgb[at]! + c.rgb[at]!) / 3) }
    const kept = { crop: await cropToPng(crop), cropHash: cropHash(crop), modelVersion: model.version }
    const { embedding } = await networks.embed(crop)
    expect(gallery.cohorts.addStranger(cohort, { ...kept, stranger: i + 1, embedding }).kind).toBe('added')
  }
  // One more, whose crop is damaged: it would be met when the training is over.
  const damaged = { crop: cropOf(1), cropHash: hashOf(cropOf(1)), modelVersion: model.version }
  const { embedding } = await networks.embed(portraits[0]!)
  expect(gallery.cohorts.addStranger(cohort, { ...damaged, stranger: 21, embedding }).kind).toBe('added')
  return { frames, strangers: gallery.cohorts.all()[0]!.people - 1 }
}

/** Everything that a verification of everybody says, whoever stands before the camera; and what it decides by. */
async function decisions(engine: Engine, { gallery }: Parts, frames: Frame[], version: string) {
  const verdicts = []
  for (const { person } of gallery.people())
    for (const frame of frames.slice(0, 2)) {
      const verdict = await engine.call('verify', { person, frames: [frame] })
      if (verdict.kind !== 'match' && verdict.kind !== 'no-match') throw new Error(verdict.kind)
      const { kind, distance, threshold, nearestPhotograph } = verdict
      verdicts.push({ kind, distance, threshold, nearestPhotograph })
    }
  return { verdicts, templates: gallery.templates(version), embeddings: gallery.embeddings(version) }
}

test('a network is trained on a gallery, judged by a cohort, put in use, verifies, and goes back to every decision of before', async () => {
  await tf.setBackend('cpu')
  const { engine, parts } = await openEngine(mkdtempSync(join(tmpdir(), 'semblance-network-life-')))
  try {
    const { gallery } = parts
    const { frames, strangers } = await filled(parts)
    gallery.setSettings({ failuresBeforeLockOut: 100 })
    const people = gallery.people().length
    expect([people >= 5, strangers]).toEqual([true, 20])
    const before = await decisions(engine, parts, frames, '1')

    const running = retrainGallery({
      ...(await galleryRunOf(parts)),
      recipe: {
        ...defaultNetworkRecipe.stage,
        steps: 3,
        warmUpSteps: 0,
        learningRate: 1e-4,
        people: 3,
        photographs: 2,
        others: 0,
        versions: 1,
      },
      openRunner: onnxRunner({ executionProviders: ['cpu'], threads: 1 }),
      processor: 'cpu',
    })
    const told = new Set<string>()
    let step = await running.next()
    for (; !step.done; step = await running.next()) told.add(step.value.kind)
    const { version, verdict } = step.value
    expect([...told].sort()).toEqual(['reading', 'run', 'step'])

    // Judged on photographs held out of the training, and by the cohort, half against half.
    const line = (id: string) => verdict.lines.find((each) => each.id === id)!
    expect(line('gallery').sentence).toContain(`of ${people} held-out comparisons`)
    expect(line('strangers').sentence).toContain(`Of ${people * strangers} comparisons with people imported`)
    expect(line('parity').outcome).toBe('not-worse')
    const kept = gallery.models.version(version)!
    expect(kept).toMatchObject({ kind: 'network', parent: '1', judgedAgainst: '1', verdict: verdict.kind })
    expect((kept.report as CandidateReport).notes).toEqual([
      expect.stringMatching(/^A photograph of imported people cannot be read \(any more\) and did not judge/),
    ])
    expect(gallery.models.inUse().inUse).toBe(null)

    const evenIfRejected = verdict.kind === 'reject' // three steps earn nothing
    const promoted = await promoteModel(parts, version, { evenIfRejected })
    expect(promoted).toMatchObject({ kind: 'promoted', photographs: 3 * people, without: 0 })
    expect(upToDate(parts).model.version).toBe(version)
    const under = await decisions(engine, parts, frames, version)
    expect(gallery.attempts.newest({ limit: 1 })[0]).toMatchObject({ modelVersion: version })
    const distances = (of: typeof before) => of.verdicts.map(({ distance }) => distance)
    expect(distances(under)).not.toEqual(distances(before))
    expect(under.embeddings).toHaveLength(before.embeddings.length)

    expect(await engine.call('models.roll-back', {})).toMatchObject({ kind: 'rolled-back', to: '1' })
    expect(await decisions(engine, parts, frames, '1')).toEqual(before) // every bit of every number
  } finally {
    engine.close()
    parts.gallery.close()
  }
}, 180_000)
