import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Picture } from '../../src-main/vision/face.ts'
import { letterbox } from '../../src-main/vision/letterbox.ts'
import { raiseLight } from '../../src-main/vision/light.ts'
import type { Network } from '../../src-main/vision/network.ts'
import { findFaces } from '../../src-main/vision/search.ts'
import { stillSquare } from '../../src-main/vision/still-detector.ts'

afterEach(() => vi.unstubAllGlobals())

interface Look {
  values: Float32Array
  shape: readonly number[]
}

/** Sees nothing but in one of its looks: there a face in the middle of the square's left half. */
function seesInLook(look: number, seen: Look[] = []): Network {
  const run = async (values: Float32Array, shape: readonly number[]) => {
    seen.push({ values, shape })
    return {
      boxes: Float32Array.of(0.25, 0.375, 0.5, 0.625), // top, left, bottom, right
      scores: Float32Array.of(seen.length === look ? 0.9 : 0),
    }
  }
  return { run } as unknown as Network
}

const striped = (width: number, height: number): Picture => ({
  width,
  height,
  rgb: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7) % 251),
})

/** The picture with its outermost pixels repeated around it. */
function bordered({ width, height, rgb }: Picture, left: number, top: number): Picture {
  const [wide, tall] = [width + 2 * left, height + 2 * top]
  const inside = (place: number, end: number) => Math.min(Math.max(place, 0), end - 1)
  return {
    width: wide,
    height: tall,
    rgb: Uint8Array.from({ length: wide * tall * 3 }, (_, i) => {
      const [row, column] = [Math.floor(i / (wide * 3)), Math.floor(i / 3) % wide]
      return rgb[(inside(row - top, height) * width + inside(column - left, width)) * 3 + (i % 3)]!
    }),
  }
}

test('a picture without a face is looked at in four ways: as it is, raised with a border, and with either alone', async () => {
  const picture = striped(250, 250)
  const raised = raiseLight(picture)
  const ways = [picture, bordered(raised, 125, 63), raised, bordered(picture, 125, 63)]
  const seen: Look[] = []
  const { detections } = await findFaces(seesInLook(0, seen), picture)
  expect(detections).toEqual([])
  expect(seen).toHaveLength(4)
  for (const [i, way] of ways.entries()) {
    const { values } = letterbox(way, stillSquare)
    expect(seen[i]!.values).toHaveLength(values.length)
    const worst = values.reduce(
      (most, value, at) => Math.max(most, Math.abs(seen[i]!.values[at]! - value)),
      0,
    )
    expect(worst).toBeLessThan(1e-5)
  }
})

test.each([
  [1, 'as-it-is'],
  [2, 'raised'],
  [3, 'raised'],
  [4, 'as-it-is'],
] as const)(
  'a face seen in look %i ends the search, and its landmarks are looked for in the picture %s',
  async (look, way) => {
    const picture = striped(64, 48)
    const seen: Look[] = []
    const found = await findFaces(seesInLook(look, seen), picture)
    expect(seen).toHaveLength(look)
    expect(found.picture.rgb).toEqual(way === 'raised' ? raiseLight(picture).rgb : picture.rgb)
    expect(found.detections).toHaveLength(1)
  },
)

test('a wide picture is looked at without the black below it', async () => {
  const seen: Look[] = []
  await findFaces(seesInLook(0, seen), striped(1280, 720))
  expect(seen.map(({ shape }) => shape[2])).toEqual([288, 288, 288, 288])
})

describe('a face that fills the picture is looked for with a border round it', () => {
  test.each([
    [200, 100],
    [3000, 1500],
  ])('and is found in its place in %i × %i pixels', async (width, height) => {
    const { detections } = await findFaces(seesInLook(4), striped(width, height))
    const [{ box }] = detections as [(typeof detections)[number]]
    // The border is half the longer side at each end, so the square that the net sees is twice as long; above and below
    // it is a quarter of the longer side.
    expect(box.left / width).toBeCloseTo(2 * 0.375 - 0.5, 2)
    expect(box.width / width).toBeCloseTo(2 * 0.25, 2)
    expect(box.top / width).toBeCloseTo(2 * 0.25 - 0.25, 2)
    expect(box.height / width).toBeCloseTo(2 * 0.25, 2)
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
    await findFaces(seesInLook(4), picture)
    expect(most).toBe(picture.rgb.length) // of the raised light; the border would have taken four times as much
  })
})
