import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { netpbmHeader, netpbmPixels } from '../../src-main/vision/netpbm.ts'

const ascii = (text: string) => new TextEncoder().encode(text)

function read(bytes: Uint8Array) {
  const header = netpbmHeader(bytes)
  return header && netpbmPixels(bytes, header)
}

describe('Netpbm', () => {
  test('reads a plain grey picture with comments between its numbers', () => {
    const picture = read(ascii('P2\n# made by hand\n3 # columns\n2\n15\n0 5 10 # ten\n15 15 0\n'))
    expect(picture).toEqual({
      width: 3,
      height: 2,
      rgb: new Uint8Array([0, 85, 170, 255, 255, 0].flatMap((level) => [level, level, level])),
    })
  })

  test('reads a plain colour picture', () => {
    expect(read(ascii('P3 2 1 255 1 2 3 4 5 6'))?.rgb).toEqual(new Uint8Array([1, 2, 3, 4, 5, 6]))
  })

  test('reads binary pixels even where they look like spaces or comments', () => {
    const bytes = new Uint8Array([...ascii('P6\n2 1\n255\n'), 0x23, 0x0a, 0x20, 0x0a, 0x23, 0x09])
    expect(read(bytes)?.rgb).toEqual(new Uint8Array([0x23, 0x0a, 0x20, 0x0a, 0x23, 0x09]))
  })

  test('reads 16-bit values high byte first', () => {
    const bytes = new Uint8Array([...ascii('P5 2 1 65535\n'), 0xff, 0xff, 0x80, 0x00])
    expect(read(bytes)?.rgb).toEqual(new Uint8Array([255, 255, 255, 128, 128, 128]))
  })

  test.each([
    ['pixels that end early', 'P2 2 2 255 1 2 3'],
    ['binary pixels that end early', 'P6 2 2 255\nabc'],
    ['a value above the maximum', 'P2 2 1 15 3 16'],
    ['a word among the pixels', 'P2 2 1 255 12 ab'],
  ])('gives up on %s', (_, text) => {
    expect(read(ascii(text))).toBeNull()
  })

  test.each([
    ['a bitmap', 'P4 8 1\n\xff'],
    ['no maximum', 'P5 2 2'],
    ['a maximum of 0', 'P5 2 2 0\nabcd'],
    ['a maximum of 17 bits', 'P5 2 2 65536\nabcdefgh'],
    ['no columns', 'P5 0 2 255\n'],
    ['a word in the header', 'P5 two 2 255\n'],
    ['a letter glued to the format', 'P55 2 2 255\n'],
  ])('sees no header in %s', (_, text) => {
    expect(netpbmHeader(ascii(text))).toBeNull()
  })

  test('reads back any picture that was written in any of the four formats', () => {
    const picture = fc
      .record({ width: fc.integer({ min: 1, max: 9 }), height: fc.integer({ min: 1, max: 9 }) })
      .chain(({ width, height }) =>
        fc.record({
          width: fc.constant(width),
          height: fc.constant(height),
          rgb: fc.uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 }),
        }),
      )
    fc.assert(
      fc.property(picture, fc.boolean(), ({ width, height, rgb }, binary) => {
        const head = ascii(`${binary ? 'P6' : 'P3'}\n${width} ${height}\n255\n`)
        const pixels = binary ? rgb : ascii(Array.from(rgb).join('\n'))
        expect(read(new Uint8Array([...head, ...pixels]))).toEqual({ width, height, rgb })
      }),
    )
  })

  test('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('P2', 'P3', 'P5', 'P6'),
        fc.string({ unit: 'binary', maxLength: 60 }),
        (format, rest) => {
          read(ascii(format + rest))
        },
      ),
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void read(bytes)))
  })
})
