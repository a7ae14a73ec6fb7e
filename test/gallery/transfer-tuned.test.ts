import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { PersonalChoice, ThresholdChoice } from '../../src-main/contract.ts'
import type { Gallery } from '../../src-main/gallery/gallery.ts'
import { versionOf } from '../../src-main/gallery/versions.ts'
import { decodeRecords, encodeRecord, type ExportedGallery } from '../../src-main/gallery/export-records.ts'
import { openFile, sealFile } from '../../src-main/gallery/sealed-file.ts'
import { cropOf, enrolled, newHome, openGallery, photographOf } from './fixture.ts'

const passphrase = 'correct horse battery'
const script = join(import.meta.dirname, 'restoring-process.ts')
const base = 'model-1'
const at = 1_700_000_000_000

const doubted = {
  rate: 0.01,
  errors: 1,
  comparisons: 100,
  people: 3,
  effectiveComparisons: 50,
  interval95: [0, 0.05],
  upper95: 0.04,
  lower95: 0,
  upper80: 0.03,
  method: 'exact, effective comparisons over people',
} as unknown as ThresholdChoice['fmr']

const card = {
  model: 'm',
  version: 'v',
  measuredOn: 'x',
  forms: ['photograph-photograph', 'photograph-template', 'burst-template'].map((form) => ({
    form,
    template: 1,
    burst: 1,
    people: 10,
    genuinePairs: 10,
    impostorPairs: 1000,
    operatingPoints: [{ fmr: 1e-2, threshold: 0.8, tmr: 0.9 }],
  })),
}

function choiceFor(gallery: Gallery, version: string, cohort: number | null): ThresholdChoice {
  return {
    form: { form: 'photograph-template', templatePhotographs: 2, burstPhotographs: 1 },
    threshold: 0.75,
    wish: { by: 'fmr', fmr: 1e-3 },
    model: { name: 'face-recognition', version },
    gallery: gallery.fingerprint(),
    at,
    people: 3,
    strangerPeople: 1,
    pairsOfPeople: 3,
    strangers: { kind: 'cohort', cohort },
    strangersInWords: '1 person imported as a stranger',
    fmr: doubted,
    fnmr: doubted,
    forecast: null,
  }
}

/** Ada, Ben and Cem, their photographs taken in turn; everything that can be tuned was tuned, and retrained. */
async function tunedGallery() {
  const gallery = await openGallery(newHome(), { now: () => at })
  const ada = enrolled(gallery, 'Ada', [photographOf(1)])
  const ben = enrolled(gallery, 'Ben', [photographOf(2)])
  gallery.addPhotograph(ada, photographOf(3))
  gallery.addPhotograph(ada, photographOf(4))
  const cem = enrolled(gallery, 'Cem', [photographOf(5)])
  gallery.markNotSame(1, 2, true) // Ada is not Ben
  gallery.markNotSame(1, 3, true) // two photographs under Ada's name

  const cohort = gallery.cohorts.add('Passers-by')
  for (const seed of [20, 21]) {
    const { crop, cropHash, embedding } = photographOf(seed)
    gallery.cohorts.addStranger(cohort, { stranger: 1, crop: crop!, cropHash, modelVersion: base, embedding })
  }
  gallery.cohorts.setMayTrain(cohort, true)

  const head = Float32Array.from({ length: 16 }, (_, i) => i / 7)
  const model = {
    base,
    parent: base,
    recipe: { loss: 'triplet' },
    processor: 'cpu',
    seconds: 2.5,
    trainedOn: { people: [ada, ben], photographs: 4, others: 'virtual strangers', hash: 'abc' },
    verdict: 'promote' as const,
    report: { people: [{ person: ben, better: true }], mixed: [] },
    card,
  }
  const strangers = ['ab'.repeat(16), 'cd'.repeat(16)]
  const added = gallery.models.add({ ...model, head, strangers })
  const network = cropOf(77, 5000)
  const whole = gallery.models.add({ ...model, verdict: 'reject', network })
  if (added.kind === 'refused' || whole.kind === 'refused') throw new Error('not added')
  gallery.choices.set(choiceFor(gallery, base, cohort))
  const promoted = gallery.models.promote(
    added.version,
    (version, seen) => ({ ...seen[0]!, modelVersion: version ?? base }),
    { evenIfRejected: false },
  )
  expect(promoted.kind).toBe('promoted')
  gallery.choices.set({ ...choiceFor(gallery, added.version, cohort), threshold: 0.7 })
  const { wish: _wish, ...chosen } = choiceFor(gallery, added.version, cohort)
  gallery.choices.setPersonal({
    ...chosen,
    person: ben,
    threshold: 0.6,
    from: 0.7,
    reason: 'Ada is near',
    strangersCompared: 2,
  } as unknown as PersonalChoice)
  const { crop, cropHash, embedding, features } = photographOf(30)
  gallery.hardExamples.add({
    kind: 'not-them',
    person: ben,
    distance: 0.4,
    crop: crop!,
    cropHash,
    modelVersion: base,
    features,
    embedding,
  })
  gallery.setSettings({ wantedFmr: 1e-3 })
  return { gallery, ada, ben, cem, cohort, head: added.version, network: whole.version }
}

async function exported(gallery: Gallery): Promise<Uint8Array> {
  const outcome = await gallery.exportTo(passphrase)
  if (outcome.kind === 'refused') throw new Error(outcome.message)
  return outcome.bytes
}

const unchecked = expect.stringMatching(/^5 photographs of 3 people could not be checked/) as string // nobody looks here

async function imported(into: Gallery, bytes: Uint8Array) {
  const outcome = await into.importFrom(bytes, passphrase, { looker: null })
  if (outcome.kind === 'refused') throw new Error(outcome.message)
  return outcome
}

/** All that tuning and retraining left, numbers and all. */
function tuned(gallery: Gallery) {
  const versions = gallery.models.versions()
  return {
    fingerprint: gallery.fingerprint(),
    cohortFingerprint: gallery.cohorts.fingerprint(null),
    people: gallery.people(),
    photographs: gallery.people().map(({ person }) => gallery.photographs(person)),
    choices: gallery.choices.all(),
    personal: gallery.choices.personal(),
    notSame: gallery.notSame(),
    cohorts: gallery.cohorts.all(),
    strangers: gallery.cohorts.strangers(),
    strangerCrops: [1, 2].map((photograph) => gallery.cohorts.strangerCrop(photograph)?.toString()),
    versions,
    trainedBy: versions.map(({ version }) => [...gallery.models.strangersThatTrained(version)]),
    heads: versions.map(({ version }) => gallery.models.head(version)),
    networks: versions.map(({ version }) => gallery.models.network(version)?.toString()),
    inUse: gallery.models.inUse(),
    events: gallery.models.events(),
    hardExamples: gallery.hardExamples.all(),
  }
}

describe('into an empty gallery', () => {
  test('everything comes back as it was, every number included, so that no threshold turns stale', async () => {
    const { gallery, head } = await tunedGallery()
    const other = await openGallery(newHome(), { now: () => at + 1e6 })
    expect(await imported(other, await exported(gallery))).toMatchObject({
      people: 3,
      photographs: 5,
      models: 2,
      strangers: 2,
      notes: [
        'The settings of the file were taken over.',
        'The thresholds that were chosen there are in force here.',
        `The retrained model that was in use there is in use here: ${head}.`,
        unchecked,
      ],
    })
    expect(tuned(other)).toEqual(tuned(gallery))
    expect(other.choices.all()[0]!.gallery).toBe(other.fingerprint())
    expect(tuned(other).trainedBy[0]).toHaveLength(2)
  })

  test('the way back leads to the thresholds that were chosen before', async () => {
    const { gallery } = await tunedGallery()
    const other = await openGallery(newHome())
    await imported(other, await exported(gallery))
    const back = other.models.rollBack((version, seen) =>
      seen.find((by) => by.modelVersion === (version ?? base))!,
    )
    expect(back).toMatchObject({ kind: 'rolled-back', to: null })
    expect(other.choices.all().map(({ threshold }) => threshold)).toEqual([0.75])
  })

  test('a restore that is killed at any instant leaves the gallery empty, and is exact when it is repeated', async () => {
    const { gallery } = await tunedGallery()
    const folder = newHome()
    const file = join(folder, 'exported.gallery')
    writeFileSync(file, await exported(gallery))
    const home = newHome()
    ;(await openGallery(home)).close()
    const restoring = (times: number) =>
      spawnSync(process.execPath, [script, home, file, String(times)], { encoding: 'utf8' })
    let times = 1
    for (; ; times++) {
      const { signal, stdout, stderr } = restoring(times)
      const here = await openGallery(home)
      if (signal !== 'SIGKILL') {
        expect([stdout, stderr]).toEqual(['restored\n', expect.any(String)])
        expect(tuned(here)).toEqual(tuned(gallery))
        here.close()
        break
      }
      expect([here.settings(), here.models.versions(), here.cohorts.all(), here.counts()]).toEqual([
        {},
        [],
        [],
        { people: 0, photographs: 0, attempts: 0 },
      ])
      here.close()
    }
    expect(times).toBeGreaterThan(4) // the cohort, two models, a kept probe
  })

  test('whoever comes next gets a number of their own', async () => {
    const { gallery, cem } = await tunedGallery()
    const other = await openGallery(newHome())
    await imported(other, await exported(gallery))
    expect(enrolled(other, 'Dana', [photographOf(9)])).toBe(cem + 1)
    expect(other.photographs(cem + 1)[0]!.photograph).toBe(6)
    expect(other.cohorts.add('Others')).toBe(2)
  })

  test('that once held somebody, people get new numbers, and reports and cohorts follow them', async () => {
    const { gallery, head } = await tunedGallery()
    const other = await openGallery(newHome())
    other.forget(enrolled(other, 'Gone', [photographOf(50)]))
    other.cohorts.remove(other.cohorts.add('Gone'))
    await imported(other, await exported(gallery))
    const number = (name: string) => other.personByName(name)!.person
    expect([number('Ada'), number('Ben'), number('Cem')]).toEqual([2, 3, 4])
    const model = other.models.version(head)!
    expect(model.trainedOn.people).toEqual([number('Ada'), number('Ben')])
    expect(model.report).toMatchObject({ people: [{ person: number('Ben') }] })
    expect(other.models.inUse().inUse).toBe(head)
    const cohort = other.cohorts.all()[0]!.cohort
    expect(cohort).toBe(2)
    expect(other.choices.all()[0]!.strangers).toEqual({ kind: 'cohort', cohort })
    expect(other.choices.personal()).toMatchObject([{ person: number('Ben'), strangers: { cohort } }])
    expect(other.notSame().people).toEqual([[number('Ada'), number('Ben')]])
    expect(other.hardExamples.all()).toMatchObject([{ person: number('Ben'), keptAt: at }])
    // What the threshold was measured on has other numbers now: it holds, and is said to be stale.
    expect(other.choices.all()[0]!.gallery).not.toBe(other.fingerprint())
  })
})

describe('into a gallery in use', () => {
  test('people, models and strangers are added; what is in force stays, and it is said', async () => {
    const { gallery, head, network } = await tunedGallery()
    const other = await openGallery(newHome())
    enrolled(other, 'Eva', [photographOf(60)])
    const own = { ...choiceFor(other, base, null), threshold: 0.5 }
    other.choices.set(own)
    expect(await imported(other, await exported(gallery))).toMatchObject({
      people: 3,
      models: 2,
      strangers: 2,
      notes: [
        'The settings stay as they are here: those of the file were not taken.',
        'The thresholds stay as they are here: those that were chosen there were not taken.',
        `The model in use stays as it is here. There it was ${head}, which was judged by the people there.`,
        expect.stringMatching(/^The retrained models were judged by other people: .* rejected/),
        unchecked,
      ],
    })
    expect(other.choices.all()).toEqual([own])
    expect(other.settings()).toEqual({})
    expect(other.models.inUse().inUse).toBeNull()
    expect(other.models.versions().map(({ version }) => version)).toEqual([head, network])
    const ben = other.personByName('Ben')!.person
    expect(ben).toBe(3)
    expect(other.models.version(head)!.report).toMatchObject({ people: [{ person: ben }] })
    // Its gate was of other people.
    expect(other.models.version(head)).toMatchObject({
      verdict: 'reject',
      report: {
        kind: 'reject',
        sentence: expect.stringContaining('another gallery') as string,
        cameFrom: 'gallery-file',
      },
    })
    const promoted = other.models.promote(head, () => null, { evenIfRejected: false })
    expect(promoted).toMatchObject({ kind: 'refused', reason: 'rejected' })
    // A stricter threshold of somebody's own overwrites nobody's.
    expect(other.choices.personal()).toMatchObject([{ person: ben, threshold: 0.6 }])
  })

  test('the same file twice adds nothing twice', async () => {
    const bytes = await exported((await tunedGallery()).gallery)
    const other = await openGallery(newHome())
    await imported(other, bytes)
    const before = tuned(other)
    expect(await imported(other, bytes)).toMatchObject({
      people: 0,
      models: 0,
      strangers: 0,
      skipped: ['Ada', 'Ben', 'Cem'],
    })
    expect(tuned(other)).toEqual(before)
  })

  test('an import that was cut short among the strangers is made whole by the next', async () => {
    const bytes = await exported((await tunedGallery()).gallery)
    const other = await openGallery(newHome())
    const cutShort = () => {
      const stopping = new AbortController()
      const stop = { onProgress: () => stopping.abort(), signal: stopping.signal }
      return other.importFrom(bytes, passphrase, { ...stop, looker: null })
    }
    expect(await cutShort()).toMatchObject({ reason: 'cancelled' }) // of a restore nothing stays
    expect(other.cohorts.all()).toEqual([])
    enrolled(other, 'Eva', [photographOf(99)])
    expect(await cutShort()).toMatchObject({ cancelled: true, strangers: 1 })
    expect(await imported(other, bytes)).toMatchObject({ people: 3, strangers: 1 })
    expect(other.cohorts.all()).toMatchObject([{ people: 1, photographs: 2 }])
  })
})

function nested(deep: number): unknown {
  let value: unknown = []
  for (let i = 0; i < deep; i++) value = [value]
  return value
}

let plain: Promise<Buffer> | null = null // opening a file takes a slow key: once is enough
async function exportedPlain(): Promise<Buffer> {
  const opened = await openFile(await exported((await tunedGallery()).gallery), passphrase)
  if (opened.kind === 'refused') throw new Error(opened.message)
  return opened.plain
}

/** What an exported file holds, changed by whoever knows its passphrase. */
async function forged(change: (file: ExportedGallery) => void): Promise<Uint8Array> {
  const file = decodeRecords(await (plain ??= exportedPlain()))!
  change(file)
  async function* parts() {
    for (const model of file.models) yield encodeRecord({ kind: 'model', model })
    for (const cohort of file.cohorts) yield encodeRecord({ kind: 'cohort', cohort })
    for (const stranger of file.strangers) yield encodeRecord({ kind: 'stranger', stranger })
    for (const person of file.people) yield encodeRecord({ kind: 'person', person })
    yield encodeRecord({ kind: 'rest', rest: file.rest })
  }
  return sealFile(parts(), passphrase)
}

test('who trained a model is known from a file of a version that did not say: everybody who was there then', async () => {
  const bytes = await forged(({ models }) => {
    for (const model of models) delete model.strangers
    models[0]!.description.trainedOn.others = '1 people of cohorts that may be trained on'
  })
  const inUse = await openGallery(newHome())
  enrolled(inUse, 'Eva', [photographOf(60)])
  for (const gallery of [await openGallery(newHome()), inUse]) {
    await imported(gallery, bytes)
    const [first, second] = gallery.models
      .versions()
      .map(({ version }) => gallery.models.strangersThatTrained(version))
    expect(first).toEqual(new Set(gallery.cohorts.strangers().map(({ crop }) => crop)))
    expect([first!.size, second!.size]).toEqual([2, 0])
  }
})

test.each<[string, (file: ExportedGallery) => void]>([
  ['a model in use that is not in it', ({ rest }) => (rest.modelInUse.inUse = 'model-1-0123456789ab')],
  ['a way back that is not in it', ({ rest }) => rest.modelInUse.replaced.push('model-1-0123456789ab')],
  ['a model in use whose card cannot decide', ({ models }) => models[0]!.description.card.forms.pop()],
  ['a rate above one', ({ models }) => (models[0]!.description.card.forms[0]!.operatingPoints[0]!.tmr = 2)],
  ['half a crop that trained', ({ models }) => (models[0]!.strangers = new Uint8Array(24))],
  ['a report nested deeply', ({ models }) => (models[0]!.description.report.people = nested(80))],
  [
    'a setting nested deeply',
    ({ rest }) => ((rest.modelEvents[0] as object as { x: unknown }).x = nested(50)),
  ],
  ['a processor that moves a cursor', ({ models }) => (models[0]!.description.processor = '\x1b[2J')],
  ['a cohort that moves a cursor', ({ cohorts }) => (cohorts[0]!.name = 'Passers\rby')],
  [
    'others that move a cursor',
    ({ models }) => (models[0]!.description.trainedOn.others = 'nobody\x1b]0;x\x07'),
  ],
  ['a recipe that moves a cursor', ({ models }) => (models[0]!.description.recipe = { loss: ['\x1b[2J'] })],
  ['a report whose lines are none', ({ models }) => (models[0]!.description.report.lines = [{}] as never)],
  ['a report whose sentence moves a cursor', ({ models }) => (models[0]!.description.report.sentence = '\n')],
  ['a report that is none', ({ models }) => (models[0]!.description.report = null as never)],
  ['two people of one number', ({ people }) => (people[0]!.number = people[1]!.number)],
  ['two photographs of one number', ({ people }) => (people[0]!.photographs[1]!.number = 1)],
  ['a number after which none is exact', ({ people }) => (people[0]!.number = Number.MAX_SAFE_INTEGER)],
])('a file with %s is refused whole: nothing of it keeps a gallery from opening', async (_what, change) => {
  const other = await openGallery(newHome())
  expect(await other.importFrom(await forged(change), passphrase, { looker: null })).toMatchObject({
    reason: 'damaged',
  })
  expect(other.settings()).toEqual({})
  expect(other.models.inUse().inUse).toBeNull()
  expect(enrolled(other, 'Eva', [photographOf(60)])).toBe(1)
})

test('what a file says models made of strangers’ crops and of kept probes is not believed: they are looked at anew', async () => {
  const { gallery, head } = await tunedGallery()
  expect([gallery.cohorts.strangerEmbeddings(base, null).length, gallery.hardExamples.stale(base)]).toEqual([
    2,
    [],
  ])
  const other = await openGallery(newHome())
  const { features, embedding } = photographOf(99)
  const bytes = await forged(({ strangers, people }) => {
    for (const { embeddings } of [...strangers, ...people.flatMap(({ hardExamples }) => hardExamples)]) {
      expect(embeddings).toEqual([]) // older programs wrote them
      embeddings.push({ modelVersion: base, features, embedding })
    }
  })
  await imported(other, bytes)
  for (const version of [base, head]) {
    expect(other.cohorts.strangerEmbeddings(version, null)).toEqual([])
    expect(other.cohorts.staleStrangers(version)).toHaveLength(2)
    expect(other.hardExamples.embeddings(version)).toEqual([])
    expect(other.hardExamples.stale(version)).toHaveLength(1)
  }
  // A gallery that has not looked yet is exported whole.
  const third = await openGallery(newHome())
  expect(await imported(third, await exported(other))).toMatchObject({ strangers: 2, people: 3 })
  expect(third.hardExamples.all()).toHaveLength(1)
})

test('a record nested a hundred thousand deep is no record', () => {
  // MessagePack: an array of one, again and again, then nil; before it the record's length.
  const body = Buffer.concat([Buffer.alloc(100_000, 0x91), Buffer.of(0xc0)])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  expect(decodeRecords(Buffer.concat([length, body]))).toBe(null)
})

test('a forged file that changes nothing is imported', async () => {
  const other = await openGallery(newHome())
  expect(await imported(other, await forged(() => {}))).toMatchObject({ people: 3, models: 2 })
})

test('a model whose numbers are not those its version names is refused with the whole file', async () => {
  const { gallery } = await tunedGallery()
  const file = await exported(gallery)
  const opened = await openFile(file, passphrase)
  if (opened.kind === 'refused') throw new Error(opened.message)
  const { models, rest } = decodeRecords(opened.plain)!
  const changed = models[0]!
  expect(changed.version).toBe(versionOf(base, changed.head!))
  changed.head![0]! += 1
  async function* parts() {
    yield encodeRecord({ kind: 'model', model: changed })
    yield encodeRecord({ kind: 'rest', rest })
  }
  const other = await openGallery(newHome())
  expect(
    await other.importFrom(await sealFile(parts(), passphrase), passphrase, { looker: null }),
  ).toMatchObject({
    reason: 'damaged',
  })
  expect(other.models.versions()).toEqual([])
})
