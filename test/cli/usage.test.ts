import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { semblance } from './command-line.ts'

const commands = [
  'enrol',
  'people',
  'forget',
  'verify',
  'compare',
  'faces',
  'embed',
  'activity',
  'export',
  'import',
  'evaluate',
  'serve',
]

test('the help names every command and every exit code', async () => {
  const { code, stdout, stderr } = await semblance(['--help'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  for (const command of commands) expect(stdout).toContain(`\n  ${command} `)
  expect(stdout).toContain('0 match or done, 1 no match, 2 refused')
})

test.each(commands)('%s has help of its own, with --json', async (command) => {
  const { code, stdout } = await semblance([command, '--help'])
  expect(code).toBe(0)
  expect(stdout).toContain(`Usage: semblance ${command} `)
  expect(stdout).toContain('--json')
})

describe('wrong words are refused with exit code 2', () => {
  test.each([
    [['nonsense']],
    [['compare', 'one.jpg']],
    [['enrol', 'Ada']],
    [['people', '--nonsense']],
    [['compare', 'a', 'b', '--fmr', '2']],
    [['activity', '--limit', 'many']],
    [['serve', '--port', '70000']],
  ])('%j', async (words) => {
    const { code, stdout, stderr } = await semblance(words)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('error: ')
  })

  test('with --json, in a document', async () => {
    const { code, json } = await semblance(['compare', 'one.jpg', '--json'])
    expect(code).toBe(2)
    expect(json).toMatchObject({ kind: 'refused', reason: 'usage' })
  })
})

/** A Node before 24 on this machine, which the `bin` has to hand over from. */
const oldNode = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'node'))
  .find((path) => existsSync(path) && Number(versionOf(path).split('.')[0]) < 24)

function versionOf(node: string): string {
  return execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' })
}

test.skipIf(!oldNode)('an older Node hands over to the one that comes with the packages', async () => {
  const { code, stdout, stderr } = await semblance(['people', '--help'], { node: oldNode! })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain('who is enrolled')
})

test.skipIf(!oldNode)('an exit code comes through it', async () => {
  expect(await semblance(['nonsense'], { node: oldNode! })).toMatchObject({ code: 2 })
})
