import { describe, expect, test } from 'vitest'
import { distanceBetween, fuseRows } from '../../src-main/evaluation/embeddings.ts'
import { measure } from '../../src-main/evaluation/measure.ts'
import { compareNormalisations } from '../../src-main/evaluation/normalisation-comparison.ts'
import { allPairsPlan, leaveOneOutPlan } from '../../src-main/evaluation/plan.ts'
import { spreadOf } from '../../src-main/evaluation/score-normalisation.ts'
import { accepted } from './accepted.ts'
import { normal, seeded } from './gallery.ts'

const dimension = 24

/** People some of whom lean towards what all have in common (`lean`): strangers come near to them, as to lambs and wolves. */
function leaning(people: number, photographs: number, lean: number, seed: number) {
  const random = seeded(seed)
  const vectors = new Float32Array(people * photographs * dimension)
  const owner = Int32Array.from({ length: people * photographs }, (_, row) => Math.floor(row / photographs))
  for (let person = 0; person < people; person++) {
    const own = lean * Math.abs(normal(random))
    const centre = Array.from({ length: dimension }, (_, k) => normal(random) + (k === 0 ? own : 0))
    for (let i = 0; i < photographs; i++) {
      const vector = centre.map((value) => value + 0.75 * normal(random))
      const length = Math.hypot(...vector)
      vectors.set(
        vector.map((value) => value / length),
        (person * photographs + i) * dimension,
      )
    }
  }
  const rows = Array.from({ length: people }, (_, person) =>
    Array.from({ length: photographs }, (_, i) => person * photographs + i),
  )
  return { embeddings: { vectors, dimension, people: owner }, rows }
}

describe('normalising against a cohort', () => {
  test('is found to turn fewer away where some people are near to everybody', async () => {
    const { embeddings, rows } = leaning(160, 4, 5, 3)
    const [enrolled, cohort] = [rows.slice(0, 60), rows.slice(60)]
    const found = accepted(
      await compareNormalisations(leaveOneOutPlan(enrolled), embeddings, cohort, { wantedFmr: 0.05 }),
    )
    expect(found).toMatchObject({ fittedOn: 100, judgedOn: 60 })
    const [plain, ...normalised] = found.rows
    expect(plain!.change).toBe(null)
    for (const row of found.rows) expect(row.fmr.upper95).toBeLessThanOrEqual(found.heldFmr + 1e-12)
    const s = normalised.find(({ by }) => by === 's-norm')!
    expect(s.fnmr.rate).toBeLessThan(plain!.fnmr.rate)
    expect(s.change!.difference).toBeCloseTo(s.fnmr.rate - plain!.fnmr.rate, 12)
    expect(s.change!.interval95!.high).toBeLessThan(0)
    expect(found.sentence).toMatch(
      /turns fewer people away .* Verification uses plain distances all the same/,
    )
  })

  test('counts the errors that a slow loop counts, for each way to normalise', async () => {
    const { embeddings, rows } = leaning(40, 3, 4, 8)
    const [enrolled, cohort] = [rows.slice(0, 20), rows.slice(20)]
    const plan = leaveOneOutPlan(enrolled)
    const found = accepted(await compareNormalisations(plan, embeddings, cohort, { wantedFmr: 0.1 }))
    const vector = (photographs: number[]) => fuseRows(embeddings, photographs)
    const apart = (a: Float32Array, b: Float32Array) => distanceBetween(a, 0, b, 0, dimension)
    const spread = (to: number[][], from: Float32Array) => spreadOf(to.map((own) => apart(from, vector(own))))
    const ofReference = plan.references.map(({ photographs }) =>
      spread(
        cohort.map((own) => own.slice(0, 1)),
        vector(photographs),
      ),
    )
    const ofProbe = plan.probes.map(({ photographs }) =>
      spread(
        cohort.map((own) => own.slice(0, plan.form.templatePhotographs)),
        vector(photographs),
      ),
    )
    expect(found.rows.reduce((sum, { fnmr }) => sum + fnmr.errors, 0)).toBeGreaterThan(4)
    for (const { by, fmr, fnmr } of found.rows) {
      const score = (probe: number, reference: number) => {
        const d = apart(
          vector(plan.probes[probe]!.photographs),
          vector(plan.references[reference]!.photographs),
        )
        const [r, p] = [ofReference[reference]!, ofProbe[probe]!]
        const [z, t] = [(d - r.mean) / r.deviation, (d - p.mean) / p.deviation]
        return { plain: d, 'z-norm': z, 't-norm': t, 's-norm': (z + t) / 2 }[by]
      }
      const genuine = Array.from({ length: plan.genuine.length / 2 }, (_, i) =>
        score(plan.genuine[2 * i]!, plan.genuine[2 * i + 1]!),
      )
      const impostor = [...plan.impostorProbes]
        .flatMap((probe) =>
          [...plan.impostorReferences]
            .filter((reference) => plan.references[reference]!.person !== plan.probes[probe]!.person)
            .map((reference) => score(probe, reference)),
        )
        .sort((a, b) => a - b)
      const firstTooMany = impostor[fmr.errors]!
      expect(fnmr.errors, by).toBe(genuine.filter((one) => one >= firstTooMany).length)
    }
  })

  test('claims nothing where all people are alike', async () => {
    const { embeddings, rows } = leaning(120, 4, 0, 5)
    const found = accepted(
      await compareNormalisations(allPairsPlan(rows.slice(0, 40)), embeddings, rows.slice(40), {
        wantedFmr: 0.05,
      }),
    )
    for (const { change } of found.rows.slice(1))
      if (change?.interval95) expect(change.interval95.high).toBeGreaterThan(-0.02)
    expect(found.sentence).not.toMatch(/turns fewer people away than/)
  })

  test('holds what all four support, and says so, where the wanted rate is out of reach', async () => {
    const { embeddings, rows } = leaning(30, 3, 1, 6)
    const found = accepted(
      await compareNormalisations(allPairsPlan(rows.slice(0, 8)), embeddings, rows.slice(8), {
        wantedFmr: 1e-6,
      }),
    )
    expect(found.heldFmr).toBeGreaterThan(0.05)
    for (const { fmr } of found.rows) expect(fmr.upper95).toBeLessThanOrEqual(found.heldFmr + 1e-12)
  })

  test('too few strangers are refused in a sentence', async () => {
    const { embeddings, rows } = leaning(12, 3, 1, 6)
    const few = await compareNormalisations(allPairsPlan(rows.slice(0, 8)), embeddings, rows.slice(8), {
      wantedFmr: 1e-2,
    })
    expect(few).toMatchObject({ kind: 'refused', reason: 'no-strangers' })
  })

  test('a distance in another’s place is counted, in genuine and in impostor comparisons', async () => {
    const { embeddings, rows } = leaning(5, 3, 1, 7)
    const plan = allPairsPlan(rows)
    const changed = accepted(
      await measure(plan, embeddings, {
        rescore: (d, probe, reference) => d / 2 + (probe + reference) / 100,
      }),
    )
    const expected = { genuine: [] as number[], impostor: [] as number[] }
    for (let i = 0; i < 15; i++)
      for (let j = i + 1; j < 15; j++) {
        const kind = embeddings.people[i] === embeddings.people[j] ? 'genuine' : 'impostor'
        const d = distanceBetween(embeddings.vectors, i, embeddings.vectors, j, dimension)
        expected[kind].push(d / 2 + (i + j) / 100)
      }
    for (const kind of ['genuine', 'impostor'] as const) {
      const sorted = expected[kind].sort((a, b) => a - b)
      expect(changed[kind].total).toBe(sorted.length)
      for (const [i, value] of sorted.entries()) expect(changed[kind].exact[i]).toBeCloseTo(value, 5)
    }
  })
})
