import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import type { Refusal } from '../contract.ts'
import { stretch } from './key-keeper.ts'

// Header: magic, salt (16), nonce prefix (7), key check (16). Then chunks of ciphertext and tag, each under the nonce
// prefix | number (4) | 1 for the last, 0 before: none can be left out, moved, added or taken from another file.
// Rogaway et al., "Online authenticated-encryption and its nonce-reuse misuse-resistance" (STREAM), 2015.
// Version 2 may hold records that a program of version 1 does not know; a file of version 1 is read as it is.
const magic = Buffer.from('SEMBLANCE GALLERY 2\n', 'latin1')
const known = [magic, Buffer.from('SEMBLANCE GALLERY 1\n', 'latin1')]
const anyMagic = Buffer.from('SEMBLANCE GALLERY ', 'latin1')
const saltAt = magic.length
const prefixAt = saltAt + 16
const checkAt = prefixAt + 7
const headerBytes = checkAt + 16
const chunkBytes = 64 * 1024
const tagBytes = 16

export type SlowKey = (passphrase: string, salt: Uint8Array) => Promise<Uint8Array>

/**
 * One file that the passphrase opens: a slow key from it, then AES-256-GCM in chunks with the header as associated
 * data. `slowKey` gives 32 bytes of a passphrase and a salt.
 */
export async function sealFile(
  parts: AsyncIterable<Uint8Array>,
  passphrase: string,
  slowKey: SlowKey = stretch,
): Promise<Uint8Array> {
  const salt = randomBytes(16)
  const prefix = randomBytes(7)
  const keys = fileKeys(await slowKey(passphrase, salt))
  const header = Buffer.concat([magic, salt, prefix, keys.check])
  const sealed: Uint8Array[] = [header]
  let waiting = Buffer.alloc(0)
  let number = 0
  const sealChunk = (plain: Uint8Array, last: boolean) => {
    const cipher = createCipheriv('aes-256-gcm', keys.sealing, nonce(prefix, number++, last)).setAAD(header)
    sealed.push(cipher.update(plain), cipher.final(), cipher.getAuthTag())
  }
  for await (const part of parts) {
    waiting = Buffer.concat([waiting, part])
    let at = 0
    // The last chunk is not known before the parts end, so one is always held back.
    for (; waiting.length - at > chunkBytes; at += chunkBytes)
      sealChunk(waiting.subarray(at, at + chunkBytes), false)
    waiting = waiting.subarray(at)
  }
  sealChunk(waiting, true)
  return new Uint8Array(Buffer.concat(sealed))
}

/** Everything is authenticated before a byte is given. Refuses 'not-an-export', 'newer-version', 'wrong-passphrase', 'damaged'. */
export async function openFile(
  bytes: Uint8Array,
  passphrase: string,
  slowKey: SlowKey = stretch,
): Promise<{ kind: 'opened'; plain: Buffer } | Refusal> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!file.subarray(0, anyMagic.length).equals(anyMagic)) return refuse('not-an-export')
  if (!known.some((each) => file.subarray(0, magic.length).equals(each)))
    return refuse(file.length < magic.length ? 'damaged' : 'newer-version')
  if (file.length < headerBytes + tagBytes) return refuse('damaged')
  const header = file.subarray(0, headerBytes)
  const keys = fileKeys(await slowKey(passphrase, header.subarray(saltAt, prefixAt)))
  if (!timingSafeEqual(keys.check, header.subarray(checkAt))) return refuse('wrong-passphrase')

  const plain: Buffer[] = []
  const whole = chunkBytes + tagBytes
  for (let at = headerBytes, number = 0; at < file.length; at += whole, number++) {
    const chunk = file.subarray(at, at + whole)
    if (chunk.length < tagBytes) return refuse('damaged')
    const last = at + whole >= file.length
    const decipher = createDecipheriv(
      'aes-256-gcm',
      keys.sealing,
      nonce(header.subarray(prefixAt, checkAt), number, last),
      { authTagLength: tagBytes },
    )
    try {
      decipher.setAAD(header).setAuthTag(chunk.subarray(-tagBytes))
      plain.push(decipher.update(chunk.subarray(0, -tagBytes)), decipher.final())
    } catch {
      return refuse('damaged') // which chunk is no help to the user
    }
  }
  return { kind: 'opened', plain: Buffer.concat(plain) }
}

function fileKeys(stretched: Uint8Array) {
  const sealing = new Uint8Array(hkdfSync('sha256', stretched, new Uint8Array(0), 'semblance export 1', 32))
  const check = createHmac('sha256', stretched).update('semblance export check 1').digest().subarray(0, 16)
  return { sealing, check }
}

function nonce(prefix: Uint8Array, number: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.set(prefix)
  nonce.writeUInt32BE(number, 7)
  nonce[11] = last ? 1 : 0
  return nonce
}

export function refuse(reason: keyof typeof sentences): Refusal {
  return { kind: 'refused', reason, message: sentences[reason] }
}

const sentences = {
  'not-an-export':
    'This file is not an exported gallery: choose one that Semblance has exported. Nothing was changed.',
  'newer-version':
    'A newer Semblance exported this file: update Semblance to import it. Nothing was changed.',
  'wrong-passphrase': 'The passphrase does not open this file: check it and try again. Nothing was changed.',
  damaged: 'This file is damaged or was cut short: copy it again from where it came. Nothing was changed.',
}
