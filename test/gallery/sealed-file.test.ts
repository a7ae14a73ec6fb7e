import { createHash, randomBytes, scryptSync } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import * as sealedFile from '../../src-main/gallery/sealed-file.ts'

const passphrase = 'correct horse battery'
const header = 20 + 16 + 7 + 16
const chunk = 64 * 1024 + 16

async function sealed(...parts: Uint8Array[]): Promise<Uint8Array> {
  async function* each() {
    yield* parts
  }
  return sealedFile.sealFile(each(), passphrase, quickKey)
}

const openFile = (bytes: Uint8Array, words: string) => sealedFile.openFile(bytes, words, quickKey)

/** scrypt takes a third of a second each time; one test goes without this. */
const quickKey: sealedFile.SlowKey = (words, salt) =>
  Promise.resolve(createHash('sha256').update(words).update(salt).digest())

describe('a sealed file', () => {
  test.each([0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])(
    'of %i bytes opens with its passphrase',
    async (length) => {
      const plain = randomBytes(length)
      const bytes = await sealed(plain.subarray(0, length >> 1), plain.subarray(length >> 1))
      expect(bytes.length).toBe(header + length + 16 * Math.max(1, Math.ceil(length / 65_536)))
      const opened = await openFile(bytes, passphrase)
      expect(opened.kind === 'opened' && opened.plain.equals(plain)).toBe(true)
    },
  )

  test('does not open with another passphrase', async () => {
    expect(await openFile(await sealed(randomBytes(10)), 'correct horse')).toMatchObject({
      reason: 'wrong-passphrase',
    })
  })

  test('is not recognised when it is something else', async () => {
    for (const bytes of [new Uint8Array(0), randomBytes(1000), Buffer.from('PK\x03\x04')])
      expect(await openFile(bytes, passphrase)).toMatchObject({ kind: 'refused', reason: 'not-an-export' })
  })

  test('of a newer format asks for a newer program', async () => {
    const bytes = await sealed(randomBytes(10))
    bytes[18] = '3'.charCodeAt(0)
    expect(await openFile(bytes, passphrase)).toMatchObject({ reason: 'newer-version' })
  })

  test('says nothing of what is in it', async () => {
    const bytes = Buffer.from(await sealed(Buffer.from('Wilhelmine Überall')))
    expect(bytes.includes('Wilhelmine')).toBe(false)
  })

  test('is opened by scrypt, with the stated cost, and by nothing quicker', async () => {
    const plain = randomBytes(10)
    const before = performance.now()
    const bytes = await sealedFile.sealFile(Readable.from([plain]), passphrase)
    expect(performance.now() - before).toBeGreaterThan(50)
    const opened = await sealedFile.openFile(bytes, passphrase)
    expect(opened.kind === 'opened' && opened.plain.equals(plain)).toBe(true)
    const key = scryptSync(passphrase, bytes.subarray(20, 36), 32, {
      N: 131_072,
      r: 8,
      p: 1,
      maxmem: 2 ** 28,
    })
    expect((await sealedFile.openFile(bytes, passphrase, () => Promise.resolve(key))).kind).toBe('opened')
    expect(await openFile(bytes, passphrase)).toMatchObject({ reason: 'wrong-passphrase' })
  })

  test('is refused when cut off, wherever', async () => {
    const bytes = await sealed(randomBytes(150_000))
    const seams = [0, 1, 2].flatMap((i) => [-1, 0, 1, 15, 16, 17].map((more) => header + i * chunk + more))
    const lengths = [...Array(header).keys()].slice(18).concat(seams, bytes.length - 1)
    for (const length of lengths)
      expect(await openFile(bytes.subarray(0, length), passphrase), `${length}`).toMatchObject({
        reason: 'damaged',
      })
  })

  test('is refused when chunks change places, or one is repeated', async () => {
    const bytes = Buffer.from(await sealed(randomBytes(150_000)))
    const chunks = [0, 1].map((i) => bytes.subarray(header + i * chunk, header + (i + 1) * chunk))
    const last = bytes.subarray(header + 2 * chunk)
    for (const order of [
      [chunks[1]!, chunks[0]!, last],
      [chunks[0]!, chunks[0]!, last],
      [chunks[0]!, chunks[1]!, chunks[1]!, last],
      [chunks[0]!, chunks[1]!, last, last],
    ])
      expect(await openFile(Buffer.concat([bytes.subarray(0, header), ...order]), passphrase)).toMatchObject({
        reason: 'damaged',
      })
  })

  test.each([
    ['nonce', header - 20, 'damaged'],
    ['salt', 25, 'wrong-passphrase'],
    ['key check', header - 1, 'wrong-passphrase'],
    ['first chunk', header, 'damaged'],
    ['last tag', -1, 'damaged'],
  ])('is refused when a bit of its %s has changed', async (_what, at, reason) => {
    const bytes = await sealed(randomBytes(100))
    bytes[at < 0 ? bytes.length + at : at]! ^= 4
    expect(await openFile(bytes, passphrase)).toMatchObject({ kind: 'refused', reason })
  })
})
