import { createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Seal } from '../../src-main/gallery/seal.ts'
import { StorageTrouble } from '../../src-main/gallery/storage-trouble.ts'

const place = { table: 'person', row: 7, column: 'name', person: 7 }
const masterKey = new Uint8Array(randomBytes(32))
const seal = new Seal(masterKey)

test('what was sealed opens in its place, byte for byte', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), (plain) => {
      expect(new Uint8Array(seal.open(seal.seal(plain, place), place))).toEqual(plain)
    }),
  )
})

test.each([
  ['row', { row: 8 }],
  ['column', { column: 'crop' }],
  ['table', { table: 'photograph' }],
  ['person', { person: 8 }],
  ['nobody', { person: null }],
  ['row of the same digits as text', { row: '7' }],
])('what was sealed does not open in another %s', (_what, moved) => {
  const sealed = seal.sealText('Ada', place)
  expect(() => seal.open(sealed, { ...place, ...moved })).toThrow(StorageTrouble)
})

test('places that read the same when run together are not the same', () => {
  const sealed = seal.sealText('Ada', { table: 'a', row: 'b c', column: 'd', person: null })
  expect(() => seal.open(sealed, { table: 'a', row: 'b', column: 'c d', person: null })).toThrow(
    StorageTrouble,
  )
})

test('no single changed bit opens', () => {
  const sealed = seal.sealText('Ada', place)
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = Uint8Array.from(sealed)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    expect(() => seal.open(changed, place)).toThrow(StorageTrouble)
  }
})

test('no shortened value opens', () => {
  const sealed = seal.sealText('Ada', place)
  for (let length = 0; length < sealed.length; length++)
    expect(() => seal.open(sealed.subarray(0, length), place)).toThrow(StorageTrouble)
})

test('another key opens nothing, and shows as another key', () => {
  const other = new Seal(new Uint8Array(randomBytes(32)))
  expect(() => other.open(seal.sealText('Ada', place), place)).toThrow(StorageTrouble)
  expect(other.keyCheck).not.toEqual(seal.keyCheck)
  expect(other.tag('ada')).not.toEqual(seal.tag('ada'))
})

test('a name’s tag is the same each time, and no other name’s', () => {
  expect(seal.tag('ada')).toEqual(new Seal(masterKey).tag('ada'))
  expect(seal.tag('ada')).not.toEqual(seal.tag('ida'))
})

test('nothing is sealed twice under one nonce', () => {
  const nonces = Array.from({ length: 1000 }, () =>
    Buffer.from(seal.sealText('Ada', place)).subarray(0, 12).toString('hex'),
  )
  expect(new Set(nonces).size).toBe(1000)
})

test('a vector keeps every bit', () => {
  const vector = Float32Array.from([0, -0, 1e-40, Math.PI, -3.4e38])
  expect(seal.openVector(seal.sealVector(vector, place), place)).toEqual(vector)
})

// What is on disk must stay readable: the format, written out once more without the class.
test('the format is nonce, ciphertext, tag of AES-256-GCM under a key derived by HKDF-SHA-256', () => {
  const sealed = Buffer.from(seal.sealText('Ada', place))
  const key = Buffer.from(hkdfSync('sha256', masterKey, '', 'semblance seal 1', 32))
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
  decipher.setAAD(Buffer.from('["person",7,"name",7]'))
  decipher.setAuthTag(sealed.subarray(-16))
  expect(decipher.update(sealed.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8')).toBe('Ada')
})
