import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as v from 'valibot'
import type { Refusal } from '../contract.ts'
import { createFile, replaceFile } from './durable-file.ts'

/** How a key is kept: `basic-text` is safeStorage without a keyring on Linux, which protects nothing. */
export type KeyKeeper = 'safe-storage' | 'basic-text' | 'key-file' | 'passphrase'

/** Electron's asynchronous safeStorage, as far as it is needed; handed in, so that nothing here imports Electron. */
export interface SafeStorage {
  encrypt(text: string): Promise<Uint8Array>
  /** `shouldReEncrypt`: the system has a newer key, so the text should be encrypted once more. */
  decrypt(sealed: Uint8Array): Promise<{ text: string; shouldReEncrypt: boolean }>
  /** `safeStorage.getSelectedStorageBackend()` on Linux; any other word elsewhere. */
  backend: string
}

/** Where the gallery's master key comes from. */
export type KeySource =
  | { kind: 'key-file' }
  | { kind: 'passphrase'; passphrase: string }
  | { kind: 'safe-storage'; safeStorage: SafeStorage }
  /** Handed over by a process of ours that has the gallery open already. */
  | { kind: 'master'; key: Uint8Array; keeper: KeyKeeper }

export const keyFileName = 'gallery.key'

/** What lies in the home folder: the master key itself, or what the keeper makes it from. */
const KeyFile = v.variant('keeper', [
  v.object({ keeper: v.literal('key-file'), key: v.string() }),
  v.object({ keeper: v.literal('passphrase'), salt: v.string(), wrapped: v.string() }),
  v.object({ keeper: v.literal('safe-storage'), sealed: v.string() }),
])
type KeyFile = v.InferOutput<typeof KeyFile>
export type KeyOutcome = { kind: 'key'; key: Uint8Array; keeper: KeyKeeper } | Refusal

/**
 * The 32-byte master key of the gallery in `home`. A new one is made only where `mayCreate` says that there is no
 * gallery yet. Refuses with 'missing-key', 'wrong-key', 'other-keeper', 'key-damaged', 'key-readable-by-others',
 * 'keyring-unavailable' or 'passphrase-empty'. Throws what the file system throws.
 */
export async function masterKey(home: string, source: KeySource, mayCreate: boolean): Promise<KeyOutcome> {
  if (source.kind === 'passphrase' && source.passphrase === '') return refuse('passphrase-empty')
  if (source.kind === 'master')
    return mayCreate ? refuse('missing-key') : { kind: 'key', key: source.key, keeper: source.keeper }
  const path = join(home, keyFileName)
  let text = read(path)
  if (text === null && mayCreate) {
    const file = await newKeyFile(source)
    if (!file) return refuse('keyring-unavailable')
    await createFile(path, JSON.stringify(file))
    text = read(path) // ours, or that of another process which was quicker
  }
  if (text === null) return refuse('missing-key')
  const file = parse(text)
  if (!file) return refuse('key-damaged')
  return unlock(path, file, source)
}

type Kept = Exclude<KeySource, { kind: 'master' }>

async function newKeyFile(source: Kept): Promise<KeyFile | null> {
  const key = randomBytes(32)
  switch (source.kind) {
    case 'key-file':
      return { keeper: 'key-file', key: key.toString('base64') }
    case 'passphrase': {
      const salt = randomBytes(16)
      const wrapped = wrap(key, await stretch(source.passphrase, salt))
      return { keeper: 'passphrase', salt: salt.toString('base64'), wrapped: wrapped.toString('base64') }
    }
    case 'safe-storage': {
      const sealed = await sealIn(source.safeStorage, key.toString('base64'))
      return sealed === null ? null : { keeper: 'safe-storage', sealed }
    }
  }
}

async function unlock(path: string, file: KeyFile, source: Kept): Promise<KeyOutcome> {
  // The desktop opens it too: on a day without a keyring, or in the browser shell, it was made so.
  if (file.keeper === 'key-file' && source.kind !== 'passphrase') {
    // Windows has no such bits: there the profile folder is what keeps others out.
    if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0)
      return refuse('key-readable-by-others')
    return asKey(file.key, 'key-file')
  }
  if (file.keeper === 'passphrase' && source.kind === 'passphrase') {
    const stretched = await stretch(source.passphrase, Buffer.from(file.salt, 'base64'))
    const key = unwrap(Buffer.from(file.wrapped, 'base64'), stretched)
    return key ? asKey(key.toString('base64'), 'passphrase') : refuse('wrong-passphrase')
  }
  if (file.keeper === 'safe-storage' && source.kind === 'safe-storage') {
    const { safeStorage } = source
    let opened
    try {
      opened = await safeStorage.decrypt(Buffer.from(file.sealed, 'base64'))
    } catch {
      return refuse('keyring') // its error tells no more than that it cannot
    }
    const renewed = opened.shouldReEncrypt ? await sealIn(safeStorage, opened.text) : null
    if (renewed !== null) await replaceFile(path, JSON.stringify({ ...file, sealed: renewed }))
    return asKey(opened.text, safeStorage.backend === 'basic_text' ? 'basic-text' : 'safe-storage')
  }
  return { kind: 'refused', reason: 'other-keeper', message: otherKeeper[file.keeper] }
}

function asKey(base64: string, keeper: KeyKeeper): KeyOutcome {
  const key = new Uint8Array(Buffer.from(base64, 'base64'))
  return key.length === 32 ? { kind: 'key', key, keeper } : refuse('key-damaged')
}

/** Null where the keyring will not. */
async function sealIn(safeStorage: SafeStorage, text: string): Promise<string | null> {
  try {
    return Buffer.from(await safeStorage.encrypt(text)).toString('base64')
  } catch {
    return null // locked, or its question declined: its error tells no more
  }
}

/** 128 MiB and a third of a second for each guess; OWASP's first choice of scrypt parameters (RFC 7914). */
export const scryptCost = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 }

/** 32 bytes from a passphrase, which is composed first: keyboards differ in how they send an accent. */
export async function stretch(passphrase: string, salt: Uint8Array): Promise<Buffer> {
  const stretched = promisify(
    scrypt as (...of: [string, Uint8Array, number, typeof scryptCost, Callback]) => void,
  )
  return stretched(passphrase.normalize('NFC'), salt, 32, scryptCost)
}
type Callback = (error: Error | null, key: Buffer) => void

const wrapping = Buffer.from('semblance passphrase 1')

function wrap(key: Uint8Array, under: Uint8Array): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', under, nonce).setAAD(wrapping)
  return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()])
}

function unwrap(wrapped: Buffer, under: Uint8Array): Buffer | null {
  try {
    const decipher = createDecipheriv('aes-256-gcm', under, wrapped.subarray(0, 12), { authTagLength: 16 })
    decipher.setAAD(wrapping).setAuthTag(wrapped.subarray(-16))
    return Buffer.concat([decipher.update(wrapped.subarray(12, -16)), decipher.final()])
  } catch {
    return null // another passphrase; a damaged file cannot be told from it
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function parse(text: string): KeyFile | null {
  try {
    return v.parse(KeyFile, JSON.parse(text))
  } catch {
    return null // refused in words by the caller
  }
}

function refuse(why: keyof typeof refusals): Refusal {
  return { kind: 'refused', ...refusals[why] }
}

const refusals = {
  'missing-key': {
    reason: 'missing-key',
    message: `The gallery is there but its key is not: put ${keyFileName} back beside it. Nothing was changed.`,
  },
  'wrong-passphrase': {
    reason: 'wrong-key',
    message: 'The passphrase does not open this gallery: check it and try again. Nothing was changed.',
  },
  keyring: {
    reason: 'wrong-key',
    message:
      'The system’s keyring does not give this gallery’s key: unlock it, or log in as the user who made the gallery. Nothing was changed.',
  },
  'keyring-unavailable': {
    reason: 'keyring-unavailable',
    message:
      'The system’s keyring does not take the gallery’s key: unlock it and start again, or set SEMBLANCE_PASSPHRASE to use a passphrase.',
  },
  'key-damaged': {
    reason: 'key-damaged',
    message: `The gallery’s key file, ${keyFileName}, is damaged: put a copy of it back. Nothing was changed.`,
  },
  'key-readable-by-others': {
    reason: 'key-readable-by-others',
    message: `Others on this machine may read the gallery’s key: make ${keyFileName} readable by its owner alone (chmod 600).`,
  },
  'passphrase-empty': {
    reason: 'passphrase-empty',
    message: 'The passphrase is empty: give one, or none at all to use a key file.',
  },
} as const

const otherKeeper: Record<KeyFile['keeper'], string> = {
  'key-file': 'This gallery’s key is kept in a key file: open it without SEMBLANCE_PASSPHRASE.',
  passphrase: 'This gallery is opened by a passphrase: set SEMBLANCE_PASSPHRASE.',
  'safe-storage':
    'This gallery’s key is kept by the system’s keyring, which answers the desktop application alone: open it there, with the keyring unlocked. ' +
    'To use it here too, export it there (Settings), import the file into another folder (semblance import FILE --home DIR), and start the desktop on that folder (SEMBLANCE_HOME=DIR).',
}
