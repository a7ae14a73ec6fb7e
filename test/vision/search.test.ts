import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Picture } from '../../src-main/vision/face.ts'
import { letterbox } from '../../src-main/vision/letterbox.ts'
import type { Network } from '../../src-main/vision/network.ts'
import { findFaces } from '../../src-main/vision/search.ts'

afterEach(() => vi.unstubAllGlobals())

/** Sees nothing but in its third look, the first with a border: there a face that fills the picture's middle half. */
function thirdLook(seen: Float32Array[] = []): Network {
  const run = async (input: Float32Array) => {
    seen.push(input)
    const found = seen.length === 3
    return {
      boxes: Float32Array.of(0.375, 0.375, 0.5, 0.625), // top, left, bottom, right
      scores: Float32Array.of(found ? 0.9 : 0),
    }
  }
  return { run } as unknown as Network
}

const striped = (width: number, height: number): Picture => ({
  width,
  height,
  rgb: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7) % 251),
})

describe('a face that fills the picture is looked for with a border round it', () => {
  test.each([
    [200, 100],
    [3000, 1500],
  ])('and is found in its place in %i × %i pixels', async (width, height) => {
    const { detections } = await findFaces(thirdLook(), striped(width, height))
    const [{ box }] = detections as [(typeof detections)[number]]
    // The border is half the longer side, so the square that the net sees is twice as long.
    expect(box.left / width).toBeCloseTo(2 * 0.375 - 0.5, 2)
    expect(box.width / width).toBeCloseTo(2 * 0.25, 2)
    expect(box.top / height).toBeCloseTo((2 * 0.375 - 0.5) * 2, 2)
    expect(box.height / height).toBeCloseTo(2 * 0.125 * 2, 2)
  })

  test('which round a small picture is of its own pixels, to the last', async () => {
    const picture = striped(250, 250)
    const seen: Float32Array[] = []
    await findFaces(thirdLook(seen), picture)
    const side = 500
    const inside = (place: number) => Math.min(Math.max(place - 125, 0), 249)
    const rgb = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
      const [row, column] = [Math.floor(i / (side * 3)), Math.floor(i / 3) % side]
      return picture.rgb[(inside(row) * 250 + inside(column)) * 3 + (i % 3)]!
    })
    expect(seen[2]).toEqual(letterbox({ width: side, height: side, rgb }, 512))
  })

  test('and takes no more memory than the picture itself, however large that is', async () => {
    const picture = striped(3000, 1500)
    let most = 0
    for (const name of ['Uint8Array', 'Uint8ClampedArray'] as const) {
      const counting = new Proxy(globalThis[name], {
        construct(original, [first, ...rest]: unknown[]) {
          if (typeof first === 'number') most = Math.max(most, first)
          return Reflect.construct(original, [first, ...rest]) as object
        },
      })
      vi.stubGlobal(name, counting)
    }
    await findFaces(thirdLook(), picture)
    expect(most).toBe(picture.rgb.length) // of the raised light; the border would have taken four times as much
  })
})
