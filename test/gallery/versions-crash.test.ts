import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { enrolled, newHome, openGallery, photographOf } from './fixture.ts'

const script = join(import.meta.dirname, 'promoting-process.ts')

/** Kills (SIGKILL) the process so long after its first promotion began, and gives what it had said. */
function killed(home: string, ms: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, home], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (bytes: Buffer) => {
      const isFirst = text === ''
      text += bytes.toString()
      if (isFirst) setTimeout(() => child.kill('SIGKILL'), ms)
    })
    child.on('error', reject)
    child.on('close', () => resolve(text.split('\n').slice(0, -1)))
  })
}

test.each([
  ['a head', 12, { head: Float32Array.of(1, 2, 3) }],
  ['a network', 6, { network: Uint8Array.from({ length: 100_000 }, (_, i) => i % 251) }],
])(
  'a process killed at any instant of promoting %s leaves one whole model in force',
  async (_, rounds, made) => {
    const home = newHome()
    const first = await openGallery(home)
    const photographs = 60
    for (let person = 0; person < photographs / 3; person++)
      enrolled(
        first,
        `Person ${person}`,
        [1, 2, 3].map((i) => photographOf(person * 10 + i, { crop: null })),
      )
    const candidate = {
      base: 'model-1',
      parent: 'model-1',
      recipe: {},
      processor: 'cpu',
      seconds: 1,
      trainedOn: { people: [1], photographs, others: '', hash: '' },
      verdict: 'promote' as const,
      report: {},
      card: {},
      ...made,
    }
    const added = first.models.add(candidate)
    const version = added.kind === 'added' ? added.version : ''
    const templates = first.templates('model-1')
    const embeddings = first.embeddings('model-1')
    first.close()

    for (let round = 0; round < rounds; round++) {
      const lines = await killed(home, randomInt(0, 60))
      const gallery = await openGallery(home)
      const { inUse, replaced } = gallery.models.inUse()
      const events = gallery.models.events()
      // What was acknowledged holds; at most the step after it was finished too.
      const last = lines.at(-1)
      expect([last === 'promoted' ? version : null, last === 'promoted' ? null : version]).toContain(inUse)
      expect(gallery.templates('model-1')).toEqual(templates)
      expect(gallery.embeddings('model-1')).toEqual(embeddings)
      if (inUse === version) {
        expect(gallery.embeddings(version)).toHaveLength(photographs)
        expect(gallery.templates(version)).toHaveLength(templates.length)
        expect(replaced).toEqual([null])
        expect(events[0]?.kind).toBe('promoted')
        gallery.models.rollBack((_version, by) => ({ ...by[0]!, modelVersion: 'model-1' }))
      } else {
        expect([0, photographs]).toContain(gallery.embeddings(version).length)
        expect(replaced).toEqual([])
        expect(events[0]?.kind ?? 'rolled-back').toBe('rolled-back')
      }
      // Gone and made anew, so that the next promotion has everything to do again.
      expect(gallery.models.remove(version)).toEqual({ kind: 'removed' })
      expect(gallery.models.add(candidate)).toEqual({ kind: 'added', version })
      gallery.close()
    }
  },
  60_000,
)
