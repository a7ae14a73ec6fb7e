import { expect, test } from 'vitest'
import type { Attempt } from '../../src-main/contract.ts'
import { activityCsv } from '../../src-main/engine/activity-csv.ts'

const attempt: Attempt = {
  attempt: 1,
  at: Date.UTC(2026, 0, 2, 3, 4, 5),
  claim: 'Ada',
  person: 1,
  outcome: 'match',
  distance: 0.25,
  threshold: 0.5,
  model: 'v1',
}

test('has a heading and one line for each attempt, ended as RFC 4180 says', () => {
  expect(activityCsv([attempt])).toBe(
    'time,claim,outcome,distance,threshold,model\r\n2026-01-02T03:04:05.000Z,Ada,match,0.250000,0.500000,v1\r\n',
  )
})

test('leaves the numbers of a refusal empty', () => {
  const refusal = { ...attempt, outcome: 'no-face' as const, distance: null, threshold: null }
  expect(activityCsv([refusal])).toContain(',no-face,,,v1\r\n')
})

test('quotes commas and quotation marks', () => {
  expect(activityCsv([{ ...attempt, claim: 'O"Neil, Ada' }])).toContain(',"O""Neil, Ada",')
})

test.each(['=1+1', '+1', '-1', '@x'])('a claim of %s is no formula to a spreadsheet', (claim) => {
  expect(activityCsv([{ ...attempt, claim }])).toContain(`,'${claim},`)
})
