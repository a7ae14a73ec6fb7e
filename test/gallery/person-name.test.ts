import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { comparableName, nameRefusal } from '../../src-main/gallery/person-name.ts'

describe('a name', () => {
  test.each([
    ['an ordinary one', 'Ada Lovelace'],
    ['path separators', '../../etc/passwd\\x'],
    ['right-to-left text', 'משה בן־ציון'],
    ['a right-to-left override', 'abc\u202Edef'],
    ['emoji, with joiners and skin tones', '👩🏽‍🚀'],
    ['combining accents', 'e\u0301'],
    ['markup', '<b>"Ada" & \'Co\'</b>'],
    ['200 characters outside the basic plane', '𝒜'.repeat(200)],
    ['spaces at its ends', ' Ada '],
  ])('may have %s', (_what, name) => {
    expect(nameRefusal(name)).toBeNull()
  })

  test.each([
    ['empty', '', 'name-empty'],
    ['spaces', ' \u00a0\u3000', 'name-empty'],
    ['only invisible characters', '\u200b\u200d\u202e', 'name-empty'],
    ['201 characters', 'a'.repeat(201), 'name-too-long'],
    ['10 kB', 'a'.repeat(10_000), 'name-too-long'],
    ['a line break', 'Ada\nLovelace', 'name-control-characters'],
    ['a NUL', 'Ada\0', 'name-control-characters'],
    ['an escape sequence', '\u001b[31mAda', 'name-control-characters'],
    ['a C1 control character', 'Ada\u0085', 'name-control-characters'],
    ['a line separator', 'Ada\u2028', 'name-control-characters'],
    ['half a surrogate pair', 'Ada\ud83d', 'name-control-characters'],
  ])('is refused that is or has %s', (_what, name, reason) => {
    expect(nameRefusal(name)).toMatchObject({ kind: 'refused', reason })
    expect(nameRefusal(name)!.message).toMatch(/\.$/)
  })

  test('that passes comes back from UTF-8 as it went in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        fc.pre(nameRefusal(name) === null)
        expect(Buffer.from(name, 'utf8').toString('utf8')).toBe(name)
      }),
    )
  })
})

describe('two names are the same', () => {
  test.each([
    ['composed and decomposed', 'Andr\u00e9', 'Andre\u0301'],
    ['upper and lower case', 'ADA', 'ada'],
    ['sharp s', 'Straße', 'STRASSE'],
    ['final sigma', 'ΟΔΟΣ', 'οδοσ'],
    ['spaces at the ends', ' Ada', 'Ada '],
    ['a ligature', 'ﬁona', 'Fiona'],
  ])('that differ in %s', (_what, one, other) => {
    expect(comparableName(one)).toBe(comparableName(other))
  })

  test.each([
    ['accents', 'Andre', 'André'],
    ['a letter', 'Ada', 'Ida'],
    ['look-alike letters', 'Ada', 'Аdа'],
    ['a space between', 'Annabelle', 'Anna Belle'],
  ])('but not that differ in %s', (_what, one, other) => {
    expect(comparableName(one)).not.toBe(comparableName(other))
  })

  test('whatever normal form or case they are typed in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        const same = comparableName(name)
        expect(comparableName(same)).toBe(same)
        expect(comparableName(name.normalize('NFD'))).toBe(same)
        expect(comparableName(name.toUpperCase())).toBe(same)
      }),
    )
  })
})
