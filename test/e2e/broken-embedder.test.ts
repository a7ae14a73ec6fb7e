import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createEngine } from '../../src-main/engine.ts'
import { openParts } from '../../src-main/engine/open-parts.ts'
import type { Networks } from '../../src-main/engine/parts.ts'
import { servePage } from '../../src-main/engine/serve-page.ts'
import { startServer } from '../../src-main/localhost/server.ts'
import { framesOf } from './people.ts'
import { verify } from './journeys.ts'
import { writeScenes, type SceneName } from './scenes.ts'
import { launchChromium, pageIn } from './shell.ts'

/**
 * The page's verdicts come from the embedder and from nothing else: with a worthless one, the specification of
 * `enrol-and-verify.test.ts` no longer holds.
 */

const name = 'Fay Beispiel'
let folder: string
let scenes: Record<SceneName, string>
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'semblance-broken-'))
  scenes = await writeScenes(folder, ['samePerson', 'otherPerson'])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a real embedder tells the two people apart', async () => {
  expect(await verdictWith((embedding) => embedding, 'samePerson')).toBe('Match')
  expect(await verdictWith((embedding) => embedding, 'otherPerson')).toBe('No match')
}, 120_000)

test('a constant embedder lets the other person in', async () => {
  const constant = unit(() => 1)
  expect(await verdictWith(() => constant, 'otherPerson')).toBe('Match')
}, 120_000)

test('a noisy embedder knows nobody', async () => {
  let state = 1
  const noise = () => unit(() => (state = (state * 16807) % 2147483647) / 2147483647 - 0.5)
  // Frames that disagree this much are taken for several people, which is a refusal too.
  expect(['No match', 'Several faces']).toContain(await verdictWith(noise, 'samePerson'))
}, 120_000)

/** Enrols from two pictures with the given embedder behind the real engine, and verifies on the page. */
async function verdictWith(
  replace: (embedding: Float32Array) => Float32Array,
  scene: SceneName,
): Promise<string> {
  const home = mkdtempSync(join(folder, 'home-'))
  const opened = await openParts({ home, key: { kind: 'key-file' } })
  if (opened.kind === 'refused') throw new Error(opened.message)
  const networks = opened.parts.vision.then((vision) => withEmbedder(vision, replace))
  const engine = createEngine({ ...opened.parts, vision: networks })
  const begun = await engine.call('enrol.begin', { name, consent: true })
  if (begun.kind === 'refused') throw new Error(begun.message)
  const pictures = await framesOf('inGreen', [
    { yaw: 9, pitch: 40, eyeDistancePx: 84, light: 1, noise: 2, frames: 1 },
    { yaw: 12, pitch: 34, eyeDistancePx: 90, light: 0.95, noise: 3, frames: 1 },
  ])
  for (const { width, height, rgb } of pictures) {
    const rgba = new Uint8Array(width * height * 4).map((_, i) =>
      i % 4 === 3 ? 255 : rgb[(i >> 2) * 3 + (i % 4)]!,
    )
    await engine.call('enrol.frame', { draft: begun.draft, view: 'front', frame: { width, height, rgba } })
  }
  const saved = await engine.call('enrol.save', { draft: begun.draft })
  if (saved.kind === 'refused') throw new Error(saved.message)

  const server = await startServer({
    pageFolder: 'out/renderer',
    port: 0,
    engine: { connect: (answer) => servePage(engine, answer) },
  })
  const browser = await launchChromium(scenes[scene])
  try {
    return await verify(await pageIn(browser, server.newAddress()), name)
  } finally {
    await browser.close()
    await server.close()
    engine.close()
    opened.parts.gallery.close()
  }
}

function withEmbedder(vision: Networks, replace: (embedding: Float32Array) => Float32Array): Networks {
  return {
    preview: (picture) => vision.preview(picture),
    embed: async (crop) => {
      const embedded = await vision.embed(crop)
      return { ...embedded, embedding: replace(embedded.embedding) }
    },
    faces: async (picture, options) =>
      (await vision.faces(picture, options)).map((face) => ({ ...face, embedding: replace(face.embedding) })),
  }
}

function unit(draw: () => number): Float32Array {
  const values = Float32Array.from({ length: 128 }, draw)
  const length = Math.hypot(...values)
  return values.map((value) => value / length)
}
