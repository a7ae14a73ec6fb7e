import { expect, test } from 'vitest'
import { readPairs } from '../../src-main/evaluation/lfw-pairs.ts'
import { accepted } from './accepted.ts'

test('reads genuine and impostor lines', () => {
  const { pairs } = accepted(readPairs('2\nAnn\t1\t2\nBob\t3\t4\nAnn\t1\tBob\t2\nBob\t1\tCy\t7\n'))
  expect(pairs[0]).toMatchObject({
    a: { person: 'Ann', number: 1 },
    b: { person: 'Ann', number: 2 },
    genuine: true,
  })
  expect(pairs[3]).toMatchObject({
    a: { person: 'Bob', number: 1 },
    b: { person: 'Cy', number: 7 },
    genuine: false,
  })
})

test('takes the folds of the file where it has them', () => {
  const { pairs, folds } = accepted(readPairs('2\t1\nA\t1\t2\nA\t1\tB\t1\nB\t1\t2\nB\t1\tC\t1'))
  expect(folds).toBe(2)
  expect(pairs.map((pair) => pair.fold)).toEqual([0, 0, 1, 1])
})

test('makes ten folds by line number within each kind where it has none', () => {
  const lines = [
    ...Array.from({ length: 20 }, (_, i) => `A\t1\t${i + 2}`),
    ...Array.from({ length: 10 }, (_, i) => `A\t1\tB\t${i + 1}`),
  ]
  const { pairs, folds } = accepted(readPairs(lines.join('\r\n')))
  expect(folds).toBe(10)
  expect(pairs.filter((pair) => pair.fold === 4).map((pair) => pair.genuine)).toEqual([true, true, false])
})

test('keeps names with spaces, and names that are numbers', () => {
  expect(accepted(readPairs('Ann Lee\t1\t2\n007\t1\tAnn Lee\t1')).pairs.map((pair) => pair.a.person)).toEqual(
    ['Ann Lee', '007'],
  )
})

test.each([
  ['an empty file', ''],
  ['a word for a number', 'Ann\tone\t2'],
  ['a number 0', 'Ann\t0\t2'],
  ['too many words', 'Ann\t1\tBob\t2\tx'],
  ['impostors of one person', 'Ann\t1\tAnn\t2'],
  ['folds that do not add up', '10\t300\nAnn\t1\t2'],
  ['kinds in the wrong place', '2\t1\nA\t1\tB\t1\nA\t1\t2\nB\t1\t2\nB\t1\tC\t1'],
])('%s is refused with a sentence', (_, text) => {
  expect(readPairs(text)).toMatchObject({ kind: 'refused', message: expect.stringMatching(/^[A-Z].+\.$/) })
})
