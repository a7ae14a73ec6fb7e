import * as tf from '@tensorflow/tfjs'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readExported, withNote } from '../../../src-main/engine/retraining/exported-model.ts'
import { galleryRunOf } from '../../../src-main/engine/retraining/gallery-run.ts'
import { usualWish } from '../../../src-main/engine/retraining/options.ts'
import { hashStrangers } from '../../../src-main/engine/tuning/cohort-photographs.ts'
import { Tuning } from '../../../src-main/engine/tuning/tuning.ts'
import { upToDate } from '../../../src-main/engine/model-in-use.ts'
import { promoteModel } from '../../../src-main/engine/model-change.ts'
import { planOf } from '../../../src-main/training/gallery-run/plan.ts'
import { cropHash, cropToPng } from '../../../src-main/vision/kept-crop.ts'
import { unitVectorOf } from '../../gallery/made-up.ts'
import { drawnCrop } from '../drawn-networks.ts'
import { drawnGallery, openEngine, twoStepHead } from './drawn-gallery.ts'

let open: Awaited<ReturnType<typeof openEngine>>
beforeEach(async () => {
  await tf.setBackend('cpu')
  open = await openEngine(await drawnGallery({ people: 4 })) // too few for folds: one training is a run
})
afterEach(() => {
  open.engine.close()
  open.parts.gallery.close()
})

/** A cohort of people with two photographs each, known by their seeds. */
async function cohortOf(seeds: number[], mayTrain: boolean): Promise<number> {
  const { gallery } = open.parts
  const cohort = gallery.cohorts.add('Visitors')
  for (const seed of seeds.flatMap((seed) => [seed, 100 + seed])) {
    const crop = drawnCrop(seed)
    const added = gallery.cohorts.addStranger(cohort, {
      stranger: seed % 100,
      crop: await cropToPng(crop),
      cropHash: cropHash(crop),
      modelVersion: gallery.models.inUse().inUse ?? '1',
      embedding: unitVectorOf(seed, 128),
    })
    expect(added.kind).toBe('added')
  }
  gallery.cohorts.setMayTrain(cohort, mayTrain)
  return cohort
}

const runOf = async () => ({ ...(await galleryRunOf(upToDate(open.parts))), strangersModel: null })

const trained = async () => twoStepHead(await runOf())

describe('a cohort that trained a model', () => {
  test('judges nothing that descends from it, whatever it may do now, and comes back as the same people', async () => {
    const { gallery } = open.parts
    const [training] = [await cohortOf([1, 2, 3], true), await cohortOf([4, 5], false)]
    const first = await trained()
    expect(gallery.models.strangersThatTrained(first)).toEqual(
      new Set([1, 101, 2, 102, 3, 103].map((seed) => cropHash(drawnCrop(seed)).slice(0, 32))),
    )
    expect(await promoteModel(open.parts, first, { evenIfRejected: true })).toMatchObject({
      kind: 'promoted',
    })

    gallery.cohorts.setMayTrain(training, false)
    expect(planOf(await runOf())).toMatchObject({ cohortPeople: 2, judgesLeftOut: 3, mayTrainPeople: 0 })
    gallery.cohorts.remove(training)
    await cohortOf([2, 3, 6], false) // imported again, and somebody else with them
    expect(planOf(await runOf())).toMatchObject({ cohortPeople: 3, judgesLeftOut: 2 })
    const plan = await open.engine.call('retrain.plan', usualWish)
    if (plan.kind === 'refused') throw new Error(plan.message)
    expect(plan.notes).toContainEqual(expect.stringMatching(/^2 imported strangers do not judge/))

    // The grandchild knows too, though nobody trained its parent but virtual strangers.
    const second = await trained()
    expect(gallery.models.strangersThatTrained(second)).toEqual(gallery.models.strangersThatTrained(first))
    const report = await open.engine.call('models.report', { version: second })
    if (report.kind === 'refused') throw new Error(report.message)
    expect(report.notes).toEqual([expect.stringMatching(/^2 imported people do not judge/)])
    const line = report.lines.find(({ id }) => id === 'strangers')!
    // Two photographs of each of the three who may judge, four templates.
    expect(line.sentence).toMatch(/^Of 24 comparisons with people imported as strangers/)
  }, 30_000)

  test('is told from strangers where models are compared', async () => {
    const training = await cohortOf([1, 2, 3], true)
    const version = await trained()
    open.parts.gallery.cohorts.setMayTrain(training, false)
    await cohortOf([4, 5], false)
    await cohortOf([6, 7], true)
    const compared = await open.engine.call('models.compare', { before: '1', after: version })
    if (compared.kind === 'refused') throw new Error(compared.message)
    expect(compared.comparisons.slice(1).map(({ inWords }) => inWords)).toEqual([
      '2 people imported as strangers',
      '2 people imported as strangers, who may be trained on',
      '3 people imported as strangers, whom one of the two models was trained on',
    ])
  }, 30_000)

  test('chooses no threshold for it', async () => {
    const { gallery } = open.parts
    const training = await cohortOf([1, 2, 3], true)
    await promoteModel(open.parts, await trained(), { evenIfRejected: true })
    await cohortOf([3, 4], false)
    const subject = { form: 'photograph-template' as const, burst: 3 }
    const measured = (cohort: number | null) =>
      new Tuning(upToDate(open.parts)).measured({ ...subject, strangers: { kind: 'cohort', cohort } })
    const both = await measured(null)
    expect(both).toMatchObject({ kind: 'measured', strangerPeople: 1 })
    expect((both as { notes: string[] }).notes).toContainEqual(
      expect.stringContaining('4 people are left out'),
    )
    expect(await measured(training)).toMatchObject({ kind: 'refused', reason: 'no-strangers' })
    gallery.models.rollBack((_version, seen) => seen.find(({ modelVersion }) => modelVersion === '1')!)
    expect(await measured(null)).toMatchObject({ strangerPeople: 5 }) // the pre-trained model knows nobody
  }, 30_000)

  test('of one photograph each trains nothing: virtual strangers are mixed in', async () => {
    const { gallery } = open.parts
    await cohortOf([1, 2, 3], true)
    for (const { photograph } of gallery.cohorts.strangers())
      if (photograph % 2 === 0) gallery.cohorts.dropStranger(photograph)
    expect(gallery.cohorts.all()[0]).toMatchObject({ people: 3, photographs: 3 })
    expect(gallery.models.version(await trained())!.trainedOn.others).toBe('nobody') // none are drawn in this test
  }, 30_000)

  test('is known where an older version of the program kept no hash, once it was looked at', async () => {
    const { gallery } = open.parts
    await cohortOf([1, 2], true)
    const database = new DatabaseSync(gallery.path)
    database.exec('UPDATE cohort_photograph SET crop_hash = NULL')
    database.close()
    expect(gallery.cohorts.strangers().map(({ crop }) => crop)).toEqual([null, null, null, null])
    await hashStrangers(open.parts)
    const hashes = [1, 101, 2, 102].map((seed) => cropHash(drawnCrop(seed)).slice(0, 32))
    expect(gallery.cohorts.strangers().map(({ crop }) => crop)).toEqual(hashes)
    expect(gallery.cohorts.strangersWithoutHash()).toEqual([])
  })

  test('is no stranger to the model in use after an upgrade, where the older version kept nothing of them', async () => {
    const { home, gallery } = open.parts
    const training = await cohortOf([1, 2, 3], true)
    const version = await trained()
    await promoteModel(open.parts, version, { evenIfRejected: true })
    gallery.cohorts.setMayTrain(training, false)
    open.engine.close()
    gallery.close()
    const database = new DatabaseSync(gallery.path)
    database.exec(`
      DROP TABLE trained_on;
      ALTER TABLE cohort_photograph DROP COLUMN crop_hash;
      ALTER TABLE photograph DROP COLUMN taken;
      PRAGMA user_version = 5;
    `)
    database.close()

    open = await openEngine(home)
    const plan = await open.engine.call('retrain.plan', usualWish)
    if (plan.kind === 'refused') throw new Error(plan.message)
    expect(plan).toMatchObject({ cohortPeople: 0 })
    expect(plan.notes).toContainEqual(expect.stringMatching(/^3 imported strangers do not judge/))
    expect(open.parts.gallery.models.strangersThatTrained(version).size).toBe(6)
  }, 30_000)

  test('judges a model that comes back from a file as little as before', async () => {
    const { gallery } = open.parts
    const cohort = await cohortOf([1, 2, 3], true)
    const version = await trained()
    const exported = await open.engine.call('models.export', { version })
    if (exported.kind === 'refused') throw new Error(exported.message)
    gallery.models.remove(version)
    gallery.cohorts.setMayTrain(cohort, false)
    await cohortOf([4], false)

    const elsewhere = await openEngine(await drawnGallery({ people: 3, seed: 9 }))
    try {
      for (const { parts, engine } of [open, elsewhere]) {
        const bytes = new Uint8Array(exported.bytes)
        if (parts !== open.parts) {
          const there = parts.gallery.cohorts.add('The same')
          const crop = drawnCrop(2)
          const kept = { crop: await cropToPng(crop), cropHash: cropHash(crop), modelVersion: '1' }
          parts.gallery.cohorts.addStranger(there, { ...kept, stranger: 1, embedding: unitVectorOf(2, 128) })
        }
        expect(await engine.call('models.import', { bytes })).toMatchObject({ kind: 'imported' })
        expect(parts.gallery.models.strangersThatTrained(version).size).toBe(6)
        // Numbers of people mean nobody elsewhere; where they were given, they are known again.
        const here = parts === open.parts ? gallery.people().map(({ person }) => person) : []
        expect(parts.gallery.models.version(version)!.trainedOn.people).toEqual(here)
        const report = await engine.call('models.report', { version })
        if (report.kind === 'refused') throw new Error(report.message)
        const left = parts === open.parts ? /^3 imported people do not judge/ : /^1 imported person does not/
        // Elsewhere nobody but the file says so: whom it names can reject it.
        const against = parts === open.parts ? [] : [expect.stringMatching(/^Whom nobody but its file says/)]
        expect(report.notes).toEqual([expect.stringMatching(left), ...against])
      }
    } finally {
      elsewhere.engine.close()
      elsewhere.parts.gallery.close()
    }
  }, 30_000)

  test('is known by the name that a network was exported with, where it is built anew with another last bit', async () => {
    const { gallery } = open.parts
    const cohort = await cohortOf([1, 2, 3], true)
    const version = await trained()
    gallery.cohorts.setMayTrain(cohort, false)
    const {
      version: _,
      kind: _kind,
      name: _name,
      madeAt: _at,
      bytes: _bytes,
      ...as
    } = gallery.models.version(version)!
    const head = gallery.models.head(version)!.map((value) => value * (1 + 2 ** -20))
    const trainedOn = { ...as.trainedOn, people: [] }
    const other = gallery.models.add({ ...as, trainedOn, head }) as { version: string }
    const exported = await open.engine.call('models.export', { version: other.version })
    if (exported.kind === 'refused') throw new Error(exported.message)
    gallery.models.remove(other.version)
    const file = readExported(new Uint8Array(exported.bytes))
    if (file.kind !== 'read') throw new Error(file.kind)
    const named = (changes: Partial<typeof file.note.trainedOn>) => ({
      bytes: new Uint8Array(
        withNote(file.model, {
          ...file.note,
          version,
          trainedOn: { ...file.note.trainedOn, strangers: '', ...changes },
        }),
      ),
    })
    const call = (of: ReturnType<typeof named>) => open.engine.call('models.import', of)
    expect(await call(named({}))).toMatchObject({ reason: 'same-model' })
    gallery.models.remove(version)
    expect(await call(named({}))).toEqual({ kind: 'imported', version: other.version })
    expect(gallery.models.strangersThatTrained(other.version)).toEqual(
      gallery.models.strangersThatTrained(version),
    )
    expect(gallery.models.version(other.version)!.trainedOn.people).toHaveLength(4)
    expect(gallery.models.version(other.version)!.report).toMatchObject({ cameFrom: 'model-file' })
    const report = await open.engine.call('models.report', { version: other.version })
    expect(report).toMatchObject({
      notes: [
        expect.stringMatching(/^3 imported people do not judge/),
        expect.stringMatching(/^Whom nobody but its file says/), // its name is the file's word
      ],
    })
  }, 30_000)

  test('is everybody who is here, where a file of an older version does not say who', async () => {
    const { gallery } = open.parts
    await cohortOf([4, 5], false)
    const version = await trained()
    const exported = await open.engine.call('models.export', { version })
    if (exported.kind === 'refused') throw new Error(exported.message)
    gallery.models.remove(version)
    const file = readExported(new Uint8Array(exported.bytes))
    if (file.kind !== 'read') throw new Error(file.kind)
    const { strangers: _, ...trainedOn } = file.note.trainedOn
    const others = '7 people of cohorts that may be trained on'
    const note = { ...file.note, trainedOn: { ...trainedOn, others } }
    const bytes = new Uint8Array(withNote(file.model, note))
    expect(await open.engine.call('models.import', { bytes })).toMatchObject({ kind: 'imported' })
    expect(gallery.models.strangersThatTrained(version).size).toBe(4)
  }, 30_000)
})
