import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { filesUnder, readBytes } from '../../src-main/cli/photograph-files.ts'
import { freshFolder } from './command-line.ts'

const folder = freshFolder()
afterAll(() => rmSync(folder, { recursive: true }))

test('a folder gives its files to its depths, in byte order, and nothing that is hidden', async () => {
  const album = join(folder, 'album')
  for (const path of [
    'b.jpg',
    'a/z.jpg',
    'a.jpg',
    '.hidden.jpg',
    '.thumbnails/b.jpg',
    'a/.cache/deep/b.jpg',
  ]) {
    mkdirSync(join(album, path, '..'), { recursive: true })
    writeFileSync(join(album, path), '')
  }
  const found = await filesUnder([album])
  expect(found.map((path) => relative(album, path))).toEqual(['a.jpg', 'a/z.jpg', 'b.jpg'])
})

test('a folder that is hidden itself is read where it was named', async () => {
  mkdirSync(join(folder, '.private'))
  writeFileSync(join(folder, '.private', 'a.jpg'), '')
  expect(await filesUnder([join(folder, '.private')])).toHaveLength(1)
})

test.skipIf(process.platform === 'win32')(
  'a pipe that nobody writes to is refused, not waited for',
  async () => {
    const pipe = join(folder, 'pipe.jpg')
    execFileSync('mkfifo', [pipe])
    expect(await readBytes(pipe)).toMatchObject({ reason: 'not-a-file' })
  },
)

test('a photograph has a limit of bytes; an exported gallery may have another', async () => {
  const file = join(folder, 'large')
  writeFileSync(file, 'eleven byte')
  expect(await readBytes(file, 10)).toMatchObject({ reason: 'file-too-large' })
  expect(await readBytes(file, 11)).toHaveLength(11)
  truncateSync(file, 256 * 1024 * 1024 + 1) // takes no room on the disk
  expect(await readBytes(file)).toMatchObject({
    reason: 'file-too-large',
    message: expect.stringContaining('256 MiB') as string,
  })
})
