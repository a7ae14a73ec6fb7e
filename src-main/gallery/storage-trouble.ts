import type { Refusal } from '../contract.ts'

/** Why storage failed, as a stable word for `Refusal.reason`. */
export type StorageReason = 'corrupt' | 'disk-full' | 'read-only' | 'busy' | 'cannot-open' | 'input-output'

/**
 * Trouble that any method of the gallery can meet, at any line. Thrown, not returned: a union in front of every list
 * of people would hide what the list is for. The engine catches it in one place and answers with `refusal`.
 */
export class StorageTrouble extends Error {
  readonly refusal: Refusal & { reason: StorageReason }

  constructor(reason: StorageReason, detail: string, cause?: unknown) {
    const message = sentences[reason]
    super(`${message} (${detail})`, { cause })
    this.name = 'StorageTrouble'
    this.refusal = { kind: 'refused', reason, message }
  }
}

const sentences: Record<StorageReason, string> = {
  corrupt:
    'The gallery is damaged or was changed by something else than Semblance. Nothing was written to it: put back a copy of its folder, or import an exported file into a new one.',
  'disk-full': 'The disk is full. Nothing was changed: free some space and try again.',
  'read-only':
    'The gallery’s folder can only be read. Nothing was changed: allow writing to it, or choose another one.',
  busy: 'Another Semblance is writing to this gallery. Nothing was changed: try again in a moment.',
  'cannot-open':
    'The gallery cannot be opened: check that its folder is a folder, its file a file, and that you may read and write both.',
  'input-output':
    'The disk failed while the gallery was read or written. Nothing half-done was kept: check the disk and try again.',
}

/** The trouble behind an error of SQLite or the file system; null for anything else, which is a fault of ours. */
export function storageTrouble(error: unknown): StorageTrouble | null {
  if (error instanceof StorageTrouble) return error
  if (!(error instanceof Error)) return null
  const { code, errcode } = error as Error & { code?: string; errcode?: number }
  if (code === 'ERR_SQLITE_ERROR' && errcode !== undefined) {
    const reason = errcode === SHM_SIZE ? 'disk-full' : sqliteReasons[errcode & 0xff]
    return reason ? new StorageTrouble(reason, `SQLite ${errcode}`, error) : null
  }
  const reason = code && systemReasons[code]
  return reason ? new StorageTrouble(reason, code, error) : null
}

/** SQLITE_IOERR_SHMSIZE: the write-ahead log's index could not grow, which a full disk does. */
const SHM_SIZE = 4874

// https://www.sqlite.org/rescode.html
const sqliteReasons: Record<number, StorageReason> = {
  5: 'busy',
  6: 'busy',
  8: 'read-only',
  10: 'input-output',
  11: 'corrupt',
  13: 'disk-full',
  14: 'cannot-open',
  26: 'corrupt', // not a database
}

const systemReasons: Record<string, StorageReason> = {
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  EROFS: 'read-only',
  EACCES: 'read-only',
  EPERM: 'read-only',
  EIO: 'input-output',
  ENOTDIR: 'cannot-open',
  EISDIR: 'cannot-open',
  EEXIST: 'cannot-open', // a file where the folder should be
  ENOENT: 'cannot-open', // what Node says of a folder below one that can only be read
}
