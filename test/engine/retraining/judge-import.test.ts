import { afterEach, beforeEach, expect, test } from 'vitest'
import type { EmbeddingsUnder } from '../../../src-main/engine/retraining/embeddings-under.ts'
import { judgeImport, type Heads, type Judging } from '../../../src-main/engine/retraining/judge-import.ts'
import { candidateCard } from '../../../src-main/training/gallery-run/judging/candidate-card.ts'
import type { Line } from '../../../src-main/training/gate/line.ts'
import { applyHead, identityHead, type Head } from '../../../src-main/training/gallery-run/head/head.ts'
import { cropOf, hashOf, unitVectorOf } from '../../gallery/made-up.ts'
import { copied, drawnGallery, openEngine } from './drawn-gallery.ts'

const drawn = drawnGallery({ people: 8 })
let open: Awaited<ReturnType<typeof openEngine>>
beforeEach(async () => {
  open = await openEngine(copied(await drawn))
})
afterEach(() => {
  open.engine.close()
  open.parts.gallery.close()
})

/** Takes away what the people here have in common: they are farther apart, whatever strangers are. */
function apart(): Head {
  const embeddings = open.parts.gallery.embeddings('1').map(({ embedding }) => embedding)
  const mean = new Float64Array(128)
  for (const embedding of embeddings) embedding.forEach((value, k) => (mean[k]! += value))
  const length = Math.hypot(...mean)
  return identityHead(128).map((value, i) => value - (mean[i >> 7]! * mean[i & 127]!) / length ** 2)
}

/** Of people who judge, with one photograph each. */
function visitors(count: number): void {
  const { gallery } = open.parts
  const cohort = gallery.cohorts.add('Visitors')
  for (let stranger = 1; stranger <= count; stranger++) {
    const [crop, embedding] = [cropOf(stranger), unitVectorOf(stranger, 128)]
    gallery.cohorts.addStranger(cohort, {
      stranger,
      crop,
      cropHash: hashOf(crop),
      modelVersion: '1',
      embedding,
    })
  }
}

async function judged(
  head: Head,
  heads: Heads | null,
  trained: string[] = [],
  {
    knownHere = trained,
    lets = [],
    depth = 'head',
    moved = null,
  }: Pick<Partial<Judging>, 'depth' | 'moved'> & {
    knownHere?: string[]
    /** Strangers whom it takes for somebody of the gallery. */
    lets?: number[]
  } = {},
) {
  const { gallery } = open.parts
  const side = (map: (embedding: Float32Array) => Float32Array): EmbeddingsUnder => ({
    kind: 'embeddings',
    people: new Map(gallery.embeddings('1').map((row) => [row.photograph, map(row.embedding)])),
    strangers: new Map(
      gallery.cohorts.strangerEmbeddings('1', null).map((row) => [row.photograph, map(row.embedding)]),
    ),
  })
  const before = side((embedding) => embedding)
  const after = side((embedding) => applyHead(embedding, head))
  const [somebody] = after.people.values()
  after.strangers = new Map(
    [...after.strangers].map(([stranger, own]) => [stranger, lets.includes(stranger) ? somebody! : own]),
  )
  const outcome = await judgeImport(open.parts, before, after, {
    heads,
    moved,
    parity: 0,
    trained: new Set(trained),
    knownHere: new Set(knownHere),
    depth,
  })
  if (outcome.kind === 'refused') throw new Error(outcome.message)
  return outcome
}

const crops = (...strangers: number[]) => strangers.map((each) => hashOf(cropOf(each)).slice(0, 32))

test('a network is not promoted on the word of the few strangers whom its file leaves to judge', async () => {
  visitors(21)
  const head = identityHead(128)
  const all = await judged(head, null)
  expect(all.verdict.sentence).toContain('nothing got better')
  expect(all.moved.by).toBe('people it was not trained on')
  const few = await judged(head, null, crops(...Array.from({ length: 20 }, (_, i) => i + 1)))
  expect(few.verdict.sentence).toContain('too few people stand for strangers')
  expect(few.notes).toEqual([expect.stringMatching(/^20 imported people do not judge/)])
})

test('whom a file keeps from judging, by its word alone, can reject it', async () => {
  visitors(40)
  const head = identityHead(128)
  const lets = Array.from({ length: 20 }, (_, i) => i + 1)
  const chosen = await judged(head, null, crops(...lets), { lets, knownHere: [] })
  expect(chosen.verdict.failed).toBe('gallery-by-strangers')
  expect(chosen.verdict.lines.filter(({ id, outcome }) => id === 'strangers' && outcome === 'worse')).toEqual(
    [
      expect.objectContaining({
        sentence: expect.stringContaining(
          'whom it was trained on, as its file says, 0 passed before and 20',
        ) as string,
      }),
    ],
  )
  expect(chosen.notes).toContainEqual(expect.stringMatching(/^Whom nobody but its file says/))
  // Who trained it by what is known here is kept from judging altogether.
  expect((await judged(head, null, crops(...lets), { lets })).verdict.sentence).toContain(
    'nothing got better',
  )
})

test('strangers with several photographs judge by their own as well, and so does the cohort of the card', async () => {
  const { gallery, card } = open.parts
  const named = card.measuredOn.split(',')[0]!
  for (const [of, name] of [named, 'Visitors'].entries()) {
    const cohort = gallery.cohorts.add(name)
    for (let i = 0; i < 40; i++) {
      const [seed, stranger] = [1000 * (of + 1) + i, 1 + (i >> 1)]
      const own = unitVectorOf(2000 * (of + 1) + stranger, 128)
      const embedding = own.map((value, k) => (k === i % 2 ? value + 1e-5 : value)) // nearly the same twice
      const crop = cropOf(seed)
      gallery.cohorts.addStranger(cohort, {
        stranger,
        crop,
        cropHash: hashOf(crop),
        modelVersion: '1',
        embedding,
      })
    }
  }
  const photographs = gallery.cohorts.strangers().map(({ photograph }) => photograph)
  const lines = async (lets: number[]) => (await judged(identityHead(128), null, [], { lets })).verdict.lines
  const outcomes = (all: Line[], id: Line['id']) =>
    all.filter((line) => line.id === id).map(({ outcome }) => outcome)
  const same = await lines([])
  expect(outcomes(same, 'among-strangers')).toEqual(['not-worse'])
  expect(outcomes(same, 'card')).toEqual(['not-worse'])
  expect(same.find(({ id }) => id === 'card')!.before).toBe(1)
  // Every second photograph of the visitors is taken for somebody of the gallery: the card's people are as they were.
  const ofVisitors = await lines(photographs.slice(40).filter((_, i) => i % 2 === 1))
  expect(outcomes(ofVisitors, 'among-strangers')).toEqual(['worse'])
  expect(outcomes(ofVisitors, 'card')).toEqual(['not-worse'])
  const ofCard = await lines(photographs.slice(0, 40).filter((_, i) => i % 2 === 1))
  expect(outcomes(ofCard, 'card')).toEqual(['worse'])
})

test('a head that went too far from where it began is unhealthy, and far from one that lies there it is not', async () => {
  visitors(20)
  const head = identityHead(128).map((value) => 3 * value)
  const health = async (from: Head | null) =>
    (await judged(head, null, [], { moved: { head, from } })).verdict.lines[0]
  expect(await health(null)).toMatchObject({
    id: 'health',
    outcome: 'worse',
    sentence: expect.stringMatching(/^The head moved 2\.0 times its own size/) as string,
  })
  expect(await health(head.map((value) => 0.9 * value))).toMatchObject({ outcome: 'not-worse' })
})

test('a head is judged by virtual strangers beside the few', async () => {
  visitors(2)
  const head = identityHead(128)
  const few = await judged(head, { before: null, after: head })
  expect(few.strangersInWords).toMatch(
    /^people imported as strangers; virtual strangers \(a forecast: the cohort/,
  )
  const line = few.verdict.lines.filter(({ id }) => id === 'strangers')
  expect(line.map(({ sentence }) => sentence.split(' with')[0])).toEqual([
    'Of 16 comparisons',
    'Of 8,000 comparisons',
  ])
  expect(few.moved.by).toBe('virtual strangers')
})

test('where no strangers say how far the scale moved, no threshold becomes laxer', async () => {
  const head = apart()
  const asKnown = await judged(head, { before: null, after: head })
  expect(asKnown.threshold.after).not.toBe(asKnown.threshold.before)
  for (const few of [0, 3]) {
    visitors(few)
    const { threshold, moved } = await judged(head, null)
    expect(threshold.after).toBe(threshold.before) // among the people here, it would have grown
    expect(moved).toMatchObject({ by: 'gallery people', isNeverLaxer: true })
    const { card } = open.parts
    const candidate = candidateCard(card, 'x', threshold.after / threshold.before, moved)
    const laxer = candidate.forms.flatMap(({ operatingPoints }, i) =>
      operatingPoints.filter((point, k) => point.threshold > card.forms[i]!.operatingPoints[k]!.threshold),
    )
    expect(laxer).toEqual([])
  }
})
