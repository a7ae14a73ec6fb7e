import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { Seal } from '../../src-main/gallery/seal.ts'
import { migrate } from '../../src-main/gallery/schema.ts'
import { StorageTrouble, storageTrouble } from '../../src-main/gallery/storage-trouble.ts'
import { Store } from '../../src-main/gallery/store.ts'

function newStore(): Store {
  const database = new DatabaseSync(':memory:')
  migrate(database)
  return new Store(database, new Seal(new Uint8Array(32)), ':memory:', Date.now)
}
const set = (store: Store, name: string) => store.run("INSERT INTO setting VALUES (?, x'00')", name)
const names = (store: Store) => store.all('SELECT name FROM setting ORDER BY name').map(({ name }) => name)

test('what is written stays', () => {
  const store = newStore()
  expect(store.write(() => set(store, 'a'))).toBe(1)
  expect(names(store)).toEqual(['a'])
})

test('a refusal takes back what was written before it', () => {
  const store = newStore()
  const refusal = store.write(() => {
    set(store, 'a')
    return { kind: 'refused', reason: 'x', message: 'X.' }
  })
  expect(refusal.kind).toBe('refused')
  expect(names(store)).toEqual([])
})

test('an exception takes back what was written before it, and the next transaction works', () => {
  const store = newStore()
  const fault = new Error('fault')
  const work = () => {
    set(store, 'a')
    throw fault
  }
  expect(() => store.write(work)).toThrow(fault)
  store.write(() => set(store, 'b'))
  expect(names(store)).toEqual(['b'])
})

test('a part of a transaction is taken back alone', () => {
  const store = newStore()
  store.write(() => {
    set(store, 'a')
    store.write(() => set(store, 'b'))
    store.write(() => {
      set(store, 'c')
      return { kind: 'refused', reason: 'x', message: 'X.' }
    })
    const work = () => {
      set(store, 'd')
      throw new Error('fault')
    }
    expect(() => store.write(work)).toThrow('fault')
  })
  expect(names(store)).toEqual(['a', 'b'])
})

test('numbers go on where they stopped, though the last row is gone', () => {
  const store = newStore()
  const add = () =>
    store.write(() => {
      const id = store.nextId('attempt')
      store.run(
        "INSERT INTO attempt (id, at, claim, outcome, form, model_version) VALUES (?, 1, x'00', '', '', '')",
        id,
      )
      return id
    })
  expect([add(), add()]).toEqual([1, 2])
  store.run('DELETE FROM attempt WHERE id = 2')
  expect(add()).toBe(3)
})

test.each([
  [5, 'busy'],
  [261, 'busy'], // SQLITE_BUSY_RECOVERY
  [8, 'read-only'],
  [1032, 'read-only'], // SQLITE_READONLY_DBMOVED
  [778, 'input-output'], // SQLITE_IOERR_WRITE
  [4874, 'disk-full'], // SQLITE_IOERR_SHMSIZE
  [11, 'corrupt'],
  [267, 'corrupt'], // SQLITE_CORRUPT_VTAB
  [13, 'disk-full'],
  [14, 'cannot-open'],
  [26, 'corrupt'],
])('SQLite’s code %i is told as "%s"', (errcode, reason) => {
  const error = Object.assign(new Error('SQLite'), { code: 'ERR_SQLITE_ERROR', errcode })
  expect(storageTrouble(error)?.refusal).toMatchObject({ kind: 'refused', reason })
})

test.each([
  ['ENOSPC', 'disk-full'],
  ['EROFS', 'read-only'],
  ['EACCES', 'read-only'],
  ['EIO', 'input-output'],
])('the system’s %s is told as "%s"', (code, reason) => {
  expect(storageTrouble(Object.assign(new Error('system'), { code }))?.refusal.reason).toBe(reason)
})

test('a fault of ours is not told as the disk’s', () => {
  const store = newStore()
  expect(storageTrouble(new TypeError('x is not a function'))).toBeNull()
  expect(() => store.get('SELECT missing')).toThrow('no such column')
  expect(() => store.get('SELECT missing')).not.toThrow(StorageTrouble)
})
