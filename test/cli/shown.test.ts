import { expect, test } from 'vitest'
import { columns, count, shown } from '../../src-main/cli/shown.ts'

test.each([
  ['Ada', 'Ada'],
  ['عادة 日本 👩‍👩‍👧 é', 'عادة 日本 👩‍👩‍👧 é'],
  ['\x1b[2Jgone', '\\u{1b}[2Jgone'],
  ['two\nlines', 'two\\u{a}lines'],
  ['a\u202eb\u2066c', 'a\\u{202e}b\\u{2066}c'],
  ['half\ud83d', 'half\\u{d83d}'],
])('%j is shown as %j', (name, expected) => {
  expect(shown(name)).toBe(expected)
})

test('one is singular, others are not', () => {
  expect([count(0, 'face'), count(1, 'face'), count(1200, 'person', 'people')]).toEqual([
    '0 faces',
    '1 face',
    '1,200 people',
  ])
})

test('columns are as wide as their widest cell, and end without spaces', () => {
  expect(
    columns([
      ['a', 'b'],
      ['long', ''],
    ]),
  ).toEqual(['a     b', 'long'])
})
