import { crc32, deflateSync } from 'node:zlib'
import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { maxPixels, readPicture } from '../../src-main/vision/read-picture.ts'

const ascii = (text: string) => new TextEncoder().encode(text)

/** 48×32: red left, blue right, upper half of each lighter, so that every turn and flip shows. */
const width = 48
const height = 32
const scene = Buffer.alloc(width * height * 3)
for (let y = 0; y < height; y++)
  for (let x = 0; x < width; x++) {
    const light = y < height / 2 ? 100 : 0
    scene.set(x < width / 2 ? [150 + light, light, light] : [light, light, 150 + light], (y * width + x) * 3)
  }
const drawn = () => sharp(scene, { raw: { width, height, channels: 3 } })
const lossless = { quality: 100, chromaSubsampling: '4:4:4' }

async function read(bytes: Uint8Array, name = 'photo.jpg') {
  const result = await readPicture(bytes, name)
  if (result.kind === 'refused') throw new Error(`${result.reason}: ${result.message}`)
  return result
}

async function reasonFor(bytes: Uint8Array, name = 'photo.jpg') {
  const result = await readPicture(bytes, name)
  return result.kind === 'refused' ? result.reason : result.kind
}

/** The largest difference to the scene, away from the edges between its four colours, where lossy formats ring. */
function farthestFromScene({ rgb }: { rgb: Uint8Array }) {
  let farthest = 0
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (Math.abs(x - width / 2) < 8 || Math.abs(y - height / 2) < 8) continue
      for (let channel = 0; channel < 3; channel++) {
        const at = (y * width + x) * 3 + channel
        farthest = Math.max(farthest, Math.abs(rgb[at]! - scene[at]!))
      }
    }
  return farthest
}

describe('pictures that can be read', () => {
  test.each([
    ['JPEG', () => drawn().jpeg(lossless), 4],
    ['PNG', () => drawn().png(), 0],
    ['WebP', () => drawn().webp({ lossless: true }), 0],
    ['GIF', () => drawn().gif(), 8],
    ['TIFF', () => drawn().tiff({ compression: 'lzw' }), 0],
    ['AVIF', () => drawn().avif({ lossless: true }), 4],
    ['16-bit PNG', () => drawn().toColourspace('rgb16').png(), 1],
    ['CMYK JPEG', () => drawn().toColourspace('cmyk').jpeg(lossless), 130], // inks cannot show these colours
  ])('%s', async (_, draw, tolerance) => {
    const { picture, note } = await read(await draw().toBuffer())
    expect([picture.width, picture.height, picture.rgb.length]).toEqual([width, height, width * height * 3])
    expect(farthestFromScene(picture)).toBeLessThanOrEqual(tolerance)
    expect(note).toBeNull()
  })

  test.each([
    ['8-bit grey', () => drawn().toColourspace('b-w').png()],
    ['16-bit grey', () => drawn().toColourspace('grey16').png()],
    ['grey JPEG', () => drawn().toColourspace('b-w').jpeg(lossless)],
  ])('%s fills all three channels alike', async (_, draw) => {
    const { picture } = await read(await draw().toBuffer())
    expect(picture.rgb.length).toBe(width * height * 3)
    const [upper, lower] = [0, (height - 1) * width * 3].map((at) =>
      Array.from(picture.rgb.subarray(at, at + 3)),
    )
    expect(new Set(upper).size).toBe(1)
    expect(new Set(lower).size).toBe(1)
    expect(upper![0]! - lower![0]!).toBeGreaterThan(40)
  })

  test('PGM', async () => {
    const header = ascii(`P5\n${width} ${height}\n255\n`)
    const grey = Uint8Array.from({ length: width * height }, (_, i) => i % 251)
    const { picture } = await read(new Uint8Array([...header, ...grey]), 'face.pgm')
    expect(picture.rgb[3 * 100]).toBe(100)
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i is applied', async (orientation) => {
    // Where the scene's pixel lies that a camera, held so, stores at column x of row y (TIFF 6.0, Orientation).
    const [lastX, lastY] = [width - 1, height - 1]
    const stored: Record<number, (x: number, y: number) => [number, number]> = {
      1: (x, y) => [x, y],
      2: (x, y) => [lastX - x, y],
      3: (x, y) => [lastX - x, lastY - y],
      4: (x, y) => [x, lastY - y],
      5: (x, y) => [y, x],
      6: (x, y) => [lastX - y, x],
      7: (x, y) => [lastX - y, lastY - x],
      8: (x, y) => [y, lastY - x],
    }
    const [storedWidth, storedHeight] = orientation < 5 ? [width, height] : [height, width]
    const pixels = Buffer.alloc(scene.length)
    for (let y = 0; y < storedHeight; y++)
      for (let x = 0; x < storedWidth; x++) {
        const [fromX, fromY] = stored[orientation]!(x, y)
        scene.copy(
          pixels,
          (y * storedWidth + x) * 3,
          (fromY * width + fromX) * 3,
          (fromY * width + fromX) * 3 + 3,
        )
      }
    const camera = sharp(pixels, { raw: { width: storedWidth, height: storedHeight, channels: 3 } })
    const { picture } = await read(await camera.withMetadata({ orientation }).jpeg(lossless).toBuffer())
    expect([picture.width, picture.height]).toEqual([width, height])
    expect(farthestFromScene(picture)).toBeLessThanOrEqual(4)
  })

  test('the transparent becomes white', async () => {
    const clear = sharp({
      create: { width, height, channels: 4, background: { r: 9, g: 9, b: 9, alpha: 0 } },
    })
    const { picture } = await read(await clear.png().toBuffer())
    expect(Array.from(picture.rgb.subarray(0, 3))).toEqual([255, 255, 255])
  })

  test('of an animation the first frame, and says so', async () => {
    const frames = Buffer.concat([scene, Buffer.alloc(scene.length, 255), Buffer.alloc(scene.length)])
    const gif = await sharp(frames, { raw: { width, height: height * 3, channels: 3, pageHeight: height } })
      .gif()
      .toBuffer()
    const { picture, note } = await read(gif, 'wave.gif')
    expect([picture.width, picture.height]).toEqual([width, height])
    expect(farthestFromScene(picture)).toBeLessThanOrEqual(8)
    expect(note).toBe('the first of 3 frames was used')
  })
})

describe('files that are refused', () => {
  test.each<[string, string, () => Uint8Array | Promise<Uint8Array>]>([
    ['file-empty', 'an empty file', () => new Uint8Array(0)],
    ['not-a-picture', 'text named .jpg', () => ascii('Dear diary, today I met')],
    [
      'not-a-picture',
      'an SVG',
      () => ascii('<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"/>'),
    ],
    ['not-a-picture', 'a PDF', () => ascii('%PDF-1.7\n')],
    ['not-a-picture', 'one byte', () => new Uint8Array([0xff])],
    ['format-not-supported', 'an iPhone’s HEIC', () => ascii('\0\0\0\x18ftypheic\0\0\0\0mif1heic')],
    ['file-damaged', 'a JPEG of two bytes', () => new Uint8Array([0xff, 0xd8])],
    [
      'file-damaged',
      'a PNG with a broken chunk',
      async () => (await drawn().png().toBuffer()).fill(7, 50, 80),
    ],
    ['file-damaged', 'a truncated PGM', () => ascii(`P5 ${width} ${height} 255\nabc`)],
    ['picture-too-small', 'a 1×1 PNG', () => drawn().resize(1, 1).png().toBuffer()],
    ['picture-too-small', 'a 1×1 PGM', () => ascii('P2 1 1 255 7')],
    ['picture-too-large', '20,000×20,000 by its PNG header', () => hugePng(20_000)],
    ['picture-too-large', '20,000×20,000 by its PGM header', () => ascii('P5 20000 20000 255\n')],
  ])('%s: %s', async (reason, _, bytes) => {
    expect(await reasonFor(await bytes())).toBe(reason)
  })

  test('a JPEG cut anywhere after its header is refused, never half shown', async () => {
    const jpeg = await drawn().resize(320, 240).jpeg().toBuffer()
    for (const share of [0.2, 0.5, 0.8, 0.95])
      expect(await reasonFor(jpeg.subarray(0, Math.floor(jpeg.length * share)))).toBe('file-damaged')
  })

  test('a decompression bomb is refused by its header, before anything is inflated', async () => {
    const bomb = hugePng(30_000, deflateSync(Buffer.alloc(30_000 * 1000)))
    const before = process.memoryUsage().rss
    const started = performance.now()
    expect(await reasonFor(bomb)).toBe('picture-too-large')
    expect(performance.now() - started).toBeLessThan(500)
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6)
  })

  test('the sentence names the file, the number and the limit', async () => {
    const refused = await readPicture(hugePng(20_000), 'holiday.png')
    expect(refused).toMatchObject({ kind: 'refused' })
    expect('message' in refused && refused.message).toBe(
      '“holiday.png” has 20,000 × 20,000 pixels; 50 million pixels are the limit. Save it smaller.',
    )
    expect(maxPixels).toBe(50_331_648)
  })

  test('a file name cannot turn the sentence round or break its line', async () => {
    const refused = await readPicture(new Uint8Array(0), 'a\u202Egpj.exe\n\x1b[31m' + 'x'.repeat(10_000))
    expect('message' in refused && /[\p{Cc}\p{Cf}]/u.test(refused.message)).toBe(false)
    expect('message' in refused && refused.message.length).toBeLessThan(200)
  })

  test('never throws, whatever the bytes', async () => {
    const starts = [
      '',
      '\xff\xd8\xff',
      '\x89PNG\r\n\x1a\n',
      'GIF89a',
      'RIFF0000WEBP',
      'II*\0',
      '\0\0\0\x20ftypavif',
      'P6 20 20 255\n',
    ]
    const start = fc.constantFrom(...starts.map((text) => Uint8Array.from(text, (c) => c.charCodeAt(0))))
    await fc.assert(
      fc.asyncProperty(start, fc.uint8Array({ maxLength: 200 }), async (first, rest) => {
        expect(['refused', 'picture']).toContain(
          (await readPicture(new Uint8Array([...first, ...rest]), 'x')).kind,
        )
      }),
      { numRuns: 200 },
    )
  })
})

/** A PNG whose header claims side × side pixels. */
function hugePng(side: number, idat = deflateSync(Buffer.alloc(100))): Uint8Array {
  const chunk = (type: string, body: Uint8Array) => {
    const named = Buffer.concat([ascii(type), body])
    const framed = Buffer.alloc(8 + named.length)
    framed.writeUInt32BE(body.length, 0)
    named.copy(framed, 4)
    framed.writeUInt32BE(crc32(named), 4 + named.length)
    return framed
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  header.set([8, 2, 0, 0, 0], 8) // 8 bits, RGB
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', idat),
    chunk('IEND', new Uint8Array(0)),
  ])
}
