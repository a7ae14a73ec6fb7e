import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { StorageTrouble } from './storage-trouble.ts'

/** Whose a sealed value is and where it stands: opening it anywhere else fails. */
export interface Place {
  table: string
  row: number | string
  column: string
  person: number | null
}

const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * Seals values under one master key: AES-256-GCM (NIST SP 800-38D), a fresh random 96-bit nonce for each, the place
 * as associated data. A sealed value is nonce, ciphertext, tag.
 */
export class Seal {
  /** Stored with the gallery: another key gives another value. */
  readonly keyCheck: Uint8Array
  readonly #sealingKey: Uint8Array
  readonly #namingKey: Uint8Array

  /** `masterKey` is 32 random bytes; what is used is derived from it (HKDF, RFC 5869), a key for each purpose. */
  constructor(masterKey: Uint8Array) {
    if (masterKey.length !== 32) throw new Error(`a master key has 32 bytes, not ${masterKey.length}`)
    this.#sealingKey = derive(masterKey, 'semblance seal 1')
    this.#namingKey = derive(masterKey, 'semblance name 1')
    this.keyCheck = derive(masterKey, 'semblance key check 1')
  }

  seal(plain: Uint8Array, place: Place): Uint8Array {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.#sealingKey, nonce).setAAD(associatedData(place))
    return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  }

  /** Throws a `StorageTrouble` 'corrupt' where the value was changed, moved here, or sealed under another key. */
  open(sealed: Uint8Array, place: Place): Buffer {
    const end = sealed.length - TAG_BYTES
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#sealingKey, sealed.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      })
      decipher.setAAD(associatedData(place)).setAuthTag(sealed.subarray(end))
      const plain = decipher.update(sealed.subarray(NONCE_BYTES, end))
      decipher.final() // throws unless authentic; GCM has given every byte before
      return plain
    } catch (error) {
      throw new StorageTrouble('corrupt', `${place.table} ${place.row} ${place.column}`, error)
    }
  }

  sealText(text: string, place: Place): Uint8Array {
    return this.seal(Buffer.from(text, 'utf8'), place)
  }

  openText(sealed: Uint8Array, place: Place): string {
    return this.open(sealed, place).toString('utf8')
  }

  /** `vector` as little-endian float32. */
  sealVector(vector: Float32Array, place: Place): Uint8Array {
    return this.seal(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength), place)
  }

  openVector(sealed: Uint8Array, place: Place): Float32Array {
    return new Float32Array(new Uint8Array(this.open(sealed, place)).buffer)
  }

  /** Equal for equal texts, and tells nothing else without the key: finds a name that cannot be read. */
  tag(text: string): Uint8Array {
    return createHmac('sha256', this.#namingKey).update(text, 'utf8').digest()
  }
}

function derive(masterKey: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', masterKey, new Uint8Array(0), purpose, 32))
}

/** JSON, so that no two places give the same bytes. */
function associatedData({ table, row, column, person }: Place): Uint8Array {
  return Buffer.from(JSON.stringify([table, row, column, person]), 'utf8')
}
