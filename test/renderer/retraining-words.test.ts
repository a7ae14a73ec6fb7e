import { expect, test } from 'vitest'
import type { GateLine } from '../../src-main/contract.ts'
import { gateQuestion, headlines } from '../../src-renderer/retraining-words.ts'

const line = (id: string, before: number | null, after: number | null): GateLine => ({
  id,
  title: `Title of ${id}`,
  outcome: before === null ? 'not-judged' : 'better',
  sentence: '',
  unit: 'share',
  before,
  after,
})

test('a verdict comes down to who is turned away and who is let in, with strangers for impostors where there are any', () => {
  const lines = [
    line('gallery', 0.2, 0.1),
    line('strangers', null, null),
    line('gallery-by-strangers', 0.3, 0.2),
    line('strangers', 0.01, 0.02),
  ]
  expect(headlines(lines).map(({ term, line: { before, after } }) => [term, before, after])).toEqual([
    ['false non-match rate', 0.3, 0.2],
    ['false match rate', 0.01, 0.02],
  ])
  expect(headlines([line('gallery', 0.2, 0.1)]).map(({ line: { id } }) => id)).toEqual(['gallery'])
  expect(headlines([line('gallery', null, null)])).toEqual([])
})

test('a line of the gate that the page does not know keeps its own title', () => {
  expect(gateQuestion(line('strangers', 0, 0))).toBe('Are strangers kept out as well as before?')
  expect(gateQuestion(line('another', 0, 0))).toBe('Title of another')
})
