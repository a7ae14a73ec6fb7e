import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Gallery } from '../../src-main/gallery/gallery.ts'
import type { KeySource, SafeStorage } from '../../src-main/gallery/key-keeper.ts'
import { enrolled, galleryBytes, newHome, openGallery } from './fixture.ts'

const keyFile: KeySource = { kind: 'key-file' }
const passphrase = (words: string): KeySource => ({ kind: 'passphrase', passphrase: words })
const open = (home: string, key: KeySource) => Gallery.open({ home, key, now: Date.now })

/** A keyring of its own for each user: turns bytes around and adds whose they are. */
function keyring(
  user: string,
  of: { backend?: string; rotated?: boolean } = {},
): SafeStorage & { encrypted: number } {
  const flip = (bytes: Uint8Array) => Buffer.from(bytes.map((byte) => byte ^ 0x55))
  return {
    encrypted: 0,
    backend: of.backend ?? 'gnome_libsecret',
    encrypt(text) {
      this.encrypted += 1
      return Promise.resolve(flip(Buffer.from(`${user}:${text}`)))
    },
    decrypt(sealed) {
      const text = flip(sealed).toString()
      if (!text.startsWith(`${user}:`)) return Promise.reject(new Error('cannot decrypt'))
      return Promise.resolve({ text: text.slice(user.length + 1), shouldReEncrypt: of.rotated ?? false })
    },
  }
}

/** A gallery with Ada, closed; gives the folder and the bytes of its database. */
async function galleryOfAda(key: KeySource): Promise<{ home: string; before: Buffer }> {
  const home = newHome()
  const gallery = await openGallery(home, { key })
  enrolled(gallery, 'Ada')
  gallery.close()
  return { home, before: galleryBytes(home) }
}

/** Opening was refused for this reason, in a sentence, and the gallery is as it was. */
async function expectRefused(home: string, key: KeySource, reason: string, before: Buffer): Promise<void> {
  const outcome = await open(home, key)
  expect(outcome).toMatchObject({ kind: 'refused', reason })
  expect(outcome.kind === 'refused' && outcome.message).toMatch(/^[A-Z].*[.)]$/)
  expect(galleryBytes(home).equals(before)).toBe(true)
}

describe('a key file', () => {
  test('is made with the gallery, for its owner alone, and opens it again', async () => {
    const { home } = await galleryOfAda(keyFile)
    for (const file of ['gallery.key', 'gallery.sqlite'])
      expect(statSync(join(home, file)).mode & 0o777, file).toBe(0o600)
    const gallery = await openGallery(home)
    expect(gallery.keyKeeper).toBe('key-file')
    expect(gallery.people()).toHaveLength(1)
    for (const suffix of ['-wal', '-shm'])
      expect(statSync(join(home, `gallery.sqlite${suffix}`)).mode & 0o777, suffix).toBe(0o600)
  })

  test('leaves nothing else behind', async () => {
    const { home } = await galleryOfAda(keyFile)
    expect(readdirSync(home).sort()).toEqual(['gallery.key', 'gallery.sqlite'])
  })

  test.each([0o640, 0o604, 0o660, 0o644])('that others may read (%o) is refused', async (mode) => {
    const { home, before } = await galleryOfAda(keyFile)
    chmodSync(join(home, 'gallery.key'), mode)
    await expectRefused(home, keyFile, 'key-readable-by-others', before)
  })

  test('that is missing is refused: no new gallery, no new key', async () => {
    const { home, before } = await galleryOfAda(keyFile)
    rmSync(join(home, 'gallery.key'))
    await expectRefused(home, keyFile, 'missing-key', before)
    await expectRefused(home, passphrase('other'), 'missing-key', before)
    expect(existsSync(join(home, 'gallery.key'))).toBe(false)
  })

  test('of another gallery is refused', async () => {
    const { home, before } = await galleryOfAda(keyFile)
    const other = await galleryOfAda(keyFile)
    writeFileSync(join(home, 'gallery.key'), readFileSync(join(other.home, 'gallery.key')))
    await expectRefused(home, keyFile, 'wrong-key', before)
  })

  test.each([
    ['empty', ''],
    ['text', 'secret'],
    ['too short', '{"keeper":"key-file","key":"AAAA"}'],
    ['of an unknown keeper', '{"keeper":"cloud"}'],
  ])('that is %s is refused', async (_what, text) => {
    const { home, before } = await galleryOfAda(keyFile)
    writeFileSync(join(home, 'gallery.key'), text)
    await expectRefused(home, keyFile, 'key-damaged', before)
  })

  test('without a gallery, as after a kill between the two, is used for the gallery', async () => {
    const { home } = await galleryOfAda(keyFile)
    const key = readFileSync(join(home, 'gallery.key'))
    rmSync(join(home, 'gallery.sqlite'))
    expect((await openGallery(home)).people()).toEqual([])
    expect(readFileSync(join(home, 'gallery.key'))).toEqual(key)
  })
})

describe('a passphrase', () => {
  test('opens what it made, in either normal form, and is nowhere in the folder', async () => {
    const { home, before } = await galleryOfAda(passphrase('Gr\u00fcn-und-blau'))
    const gallery = await openGallery(home, { key: passphrase('Gru\u0308n-und-blau') })
    expect(gallery.keyKeeper).toBe('passphrase')
    expect(gallery.people()).toHaveLength(1)
    const all = Buffer.concat([before, readFileSync(join(home, 'gallery.key'))])
    expect(all.includes('und-blau')).toBe(false)
  })

  test('that is wrong or empty is refused', async () => {
    const { home, before } = await galleryOfAda(passphrase('right'))
    await expectRefused(home, passphrase('wrong'), 'wrong-key', before)
    await expectRefused(home, passphrase(''), 'passphrase-empty', before)
  })
})

describe('the system’s keyring', () => {
  test('opens what it made', async () => {
    const { home } = await galleryOfAda({ kind: 'safe-storage', safeStorage: keyring('ada') })
    const gallery = await openGallery(home, { key: { kind: 'safe-storage', safeStorage: keyring('ada') } })
    expect(gallery.keyKeeper).toBe('safe-storage')
    expect(gallery.people()).toHaveLength(1)
  })

  test('is called by its name where it protects nothing', async () => {
    const safeStorage = keyring('ada', { backend: 'basic_text' })
    const gallery = await openGallery(newHome(), { key: { kind: 'safe-storage', safeStorage } })
    expect(gallery.keyKeeper).toBe('basic-text')
  })

  test('of another user is refused', async () => {
    const { home, before } = await galleryOfAda({ kind: 'safe-storage', safeStorage: keyring('ada') })
    await expectRefused(home, { kind: 'safe-storage', safeStorage: keyring('ida') }, 'wrong-key', before)
  })

  test('that has a newer key gets the gallery’s key to encrypt once more', async () => {
    const { home } = await galleryOfAda({ kind: 'safe-storage', safeStorage: keyring('ada') })
    const rotated = keyring('ada', { rotated: true })
    const first = await openGallery(home, { key: { kind: 'safe-storage', safeStorage: rotated } })
    first.close()
    expect(rotated.encrypted).toBe(1)
    const gallery = await openGallery(home, { key: { kind: 'safe-storage', safeStorage: keyring('ada') } })
    expect(gallery.people()).toHaveLength(1)
  })

  test('that cannot be had when a gallery is to be made says so, and leaves nothing behind', async () => {
    const home = newHome()
    const locked = { ...keyring('ada'), encrypt: () => Promise.reject(new Error('locked')) }
    expect(await open(home, { kind: 'safe-storage', safeStorage: locked })).toMatchObject({
      reason: 'keyring-unavailable',
    })
    expect(readdirSync(home)).toEqual([])
  })
})

test('the way out that is offered for a gallery under the keyring leads out', async () => {
  const { home } = await galleryOfAda({ kind: 'safe-storage', safeStorage: keyring('ada') })
  expect(await open(home, keyFile)).toMatchObject({
    message: expect.stringContaining('semblance import FILE --home DIR') as string,
  })
  // What it says: exported where the keyring is, imported into another folder, which the desktop opens too.
  const desktop = await openGallery(home, { key: { kind: 'safe-storage', safeStorage: keyring('ada') } })
  const exported = await desktop.exportTo('correct horse battery')
  if (exported.kind === 'refused') throw new Error(exported.message)
  const elsewhere = newHome()
  const commandLine = await openGallery(elsewhere, { key: keyFile })
  expect(
    await commandLine.importFrom(exported.bytes, 'correct horse battery', { looker: null }),
  ).toMatchObject({ people: 1 })
  const there = await openGallery(elsewhere, { key: { kind: 'safe-storage', safeStorage: keyring('ada') } })
  expect(there.people()).toMatchObject([{ name: 'Ada' }])
})

test('a gallery is not opened by another kind of keeper, and the refusal says which it needs', async () => {
  const { home, before } = await galleryOfAda(keyFile)
  await expectRefused(home, passphrase('any'), 'other-keeper', before)
  const byKeyring = await galleryOfAda({ kind: 'safe-storage', safeStorage: keyring('ada') })
  await expectRefused(byKeyring.home, keyFile, 'other-keeper', byKeyring.before)
  const byPassphrase = await galleryOfAda(passphrase('right'))
  await expectRefused(byPassphrase.home, keyFile, 'other-keeper', byPassphrase.before)
  expect(await open(byPassphrase.home, keyFile)).toMatchObject({
    message: expect.stringContaining('SEMBLANCE_PASSPHRASE') as string,
  })
})

test('the desktop opens a gallery that was made with a key file, and says that it is kept so', async () => {
  const { home } = await galleryOfAda(keyFile)
  const gallery = await openGallery(home, { key: { kind: 'safe-storage', safeStorage: keyring('ada') } })
  expect(gallery.keyKeeper).toBe('key-file')
  expect(gallery.people()).toHaveLength(1)
})
