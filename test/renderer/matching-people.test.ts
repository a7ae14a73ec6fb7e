import { expect, test } from 'vitest'
import type { PersonSummary } from '../../src-main/contract.ts'
import { matching } from '../../src-renderer/state/matching-people.ts'

const people = ['Zoë Příkladová', 'Ada Example', 'João da Silva'].map((name) => ({ name }) as PersonSummary)
const found = (search: string) => matching(people, search).map(({ name }) => name)

test('a name is found without its accents and in any case', () => {
  expect(found('zoe')).toEqual(['Zoë Příkladová'])
  expect(found('JOAO')).toEqual(['João da Silva'])
})

test('every word of the search must be in the name, in any order', () => {
  expect(found('silva joao')).toEqual(['João da Silva'])
  expect(found('ada zoe')).toEqual([])
})

test('an empty search finds everyone', () => {
  expect(found('  ')).toHaveLength(3)
})
