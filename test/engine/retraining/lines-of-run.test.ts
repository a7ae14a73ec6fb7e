import { expect, test } from 'vitest'
import { restedOnForecast, withLinesOfRun } from '../../../src-main/engine/retraining/lines-of-run.ts'
import type { Verdict } from '../../../src-main/training/gate/gate.ts'
import type { Line } from '../../../src-main/training/gate/line.ts'
import { pool, said } from './made-up-lines.ts'

const [folds, cohort] = ['people left out of training, fold by fold', 'people imported as strangers']
const virtual = 'virtual strangers (a forecast: there is no cohort)'

const promoted: Verdict = {
  kind: 'promote',
  lines: [said('health', 'not-worse'), said('card', 'not-judged'), ...pool(cohort, 'better')],
  failed: null,
  sentence: 'Better.',
  people: [],
}
const kept = (...lines: Line[]) => withLinesOfRun(promoted, lines, 'by the run that made it')
const carried = (verdict: Verdict) => verdict.lines.slice(promoted.lines.length)

test('a candidate whose labels contradicted its photographs, or whose folds were worse, stays rejected', () => {
  const ofHealth = kept(said('health', 'worse'), ...pool(cohort, 'worse'))
  expect(ofHealth).toMatchObject({ kind: 'reject', failed: 'health' })
  expect(ofHealth.sentence).toBe(
    'Rejected: health. Said by the run that made it, and not to be measured again here: health was worse.',
  )
  const [first, second, ...others] = pool(folds, 'worse')
  for (const line of [first!, second!]) {
    const among = [first!, second!].map((each) =>
      each === line ? each : { ...each, outcome: 'better' as const },
    )
    const fine = others.map((each) => ({ ...each, outcome: 'not-worse' as const }))
    const verdict = kept(...pool(cohort, 'not-worse'), ...among, ...fine)
    expect(verdict).toMatchObject({ kind: 'reject', failed: line.id })
    expect(carried(verdict)).toHaveLength(1)
  }
  expect(carried(kept(...pool(folds, 'worse'))).map(({ id }) => id)).toEqual([
    'gallery-by-strangers',
    'strangers',
    'separation',
    'among-strangers',
  ])
})

test('what is measured again gives way, and a forecast does to people; what is no longer here does not', () => {
  expect(kept(...pool(cohort, 'worse'), ...pool(virtual, 'worse'))).toEqual(promoted)
  expect(kept(said('card', 'worse'))).toMatchObject({ kind: 'reject', failed: 'card' })
})

test('it is carried on from one judgement to the next, until it can be measured', () => {
  const first = kept(said('card', 'worse'), ...pool(folds, 'worse'))
  expect(kept(...first.lines)).toEqual(first)
  const measured = { ...promoted, lines: [...promoted.lines, said('card', 'not-worse')] }
  const later = withLinesOfRun(measured, first.lines, 'by the run that made it')
  expect(later.failed).toBe('gallery-by-strangers')
  expect(later.lines.filter(({ id, outcome }) => id === 'card' && outcome === 'worse')).toEqual([])
})

test('a report rested on a forecast where no people were left out of training and virtual strangers judged', () => {
  expect(restedOnForecast(pool(virtual, 'better'))).toBe(true)
  expect(restedOnForecast([...pool(cohort, 'not-worse'), ...pool(virtual, 'better')])).toBe(true) // a few of a cohort
  expect(restedOnForecast([...pool(folds, 'better'), ...pool(virtual, 'better')])).toBe(false)
  expect(restedOnForecast(pool(cohort, 'better'))).toBe(false)
  expect(restedOnForecast([])).toBe(false)
})
