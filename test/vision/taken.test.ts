import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { readPicture } from '../../src-main/vision/read-picture.ts'
import { takenOf } from '../../src-main/vision/taken.ts'

interface Tags {
  make?: string
  model?: string
  date?: string
  offset?: string
}

/** A photograph as sharp writes one with these tags, and with a place, which must not come back. */
async function photograph(
  format: 'jpeg' | 'png' | 'webp' | 'tiff' | 'avif',
  { make, model, date, offset }: Tags,
) {
  const image = sharp({ create: { width: 32, height: 32, channels: 3, background: 'grey' } })
  const said = (tags: Record<string, string | undefined>) =>
    Object.fromEntries(
      Object.entries(tags).filter((entry): entry is [string, string] => entry[1] !== undefined),
    )
  const exif = {
    IFD0: said({ Make: make, Model: model, Copyright: 'nobody' }),
    IFD2: said({ DateTimeOriginal: date, OffsetTimeOriginal: offset }),
    IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 3230/100', GPSLongitudeRef: 'W' },
  }
  return new Uint8Array(await image.withExif(exif).toFormat(format).toBuffer())
}

async function takenWith(tags: Tags, format: Parameters<typeof photograph>[0] = 'jpeg') {
  const read = await readPicture(await photograph(format, tags), 'a.jpg')
  if (read.kind === 'refused') throw new Error(read.message)
  return read.taken
}

const noon = { date: '2024:05:17 12:00:00', offset: '+02:00' }

describe('when a photograph was taken', () => {
  test('is said by its file, in its own time zone', async () => {
    expect(await takenWith(noon)).toEqual({ at: Date.UTC(2024, 4, 17, 10), camera: null })
    expect((await takenWith({ ...noon, offset: '-03:30' })).at).toBe(Date.UTC(2024, 4, 17, 15, 30))
  })

  test('or, without a zone, by this machine’s clock: the day is the photograph’s', async () => {
    const { at } = await takenWith({ date: '2024:05:17 23:59:59' })
    expect(at).toBe(new Date(2024, 4, 17, 23, 59, 59).getTime())
  })

  test.each(['png', 'webp', 'avif'] as const)('is read from a %s too', async (format) => {
    expect((await takenWith(noon, format)).at).toBe(Date.UTC(2024, 4, 17, 10))
  })

  test.each([
    ['no date', undefined],
    ['a date never set', '0000:00:00 00:00:00'],
    ['the year 0', '0000:05:17 12:00:00'],
    ['a clock never set', '1970:01:01 00:00:00'],
    ['the thirtieth of February', '2024:02:30 12:00:00'],
    ['a thirteenth month', '2024:13:01 12:00:00'],
    ['hour 25', '2024:05:17 25:00:00'],
    ['spaces', '    :  :     :  :  '],
    ['something else', 'yesterday, at noon..'],
  ])('is not known from %s', async (_, date) => {
    expect(await takenWith({ date, model: 'X' })).toEqual({ at: null, camera: 'X' })
  })
})

describe('the camera', () => {
  test.each([
    ['Canon', 'Canon EOS 5D', 'Canon EOS 5D'],
    ['NIKON CORPORATION', 'NIKON D90', 'NIKON D90'],
    ['Google', 'Pixel 8', 'Google Pixel 8'],
    [undefined, 'Pixel 8', 'Pixel 8'],
    ['Google', undefined, 'Google'],
    [undefined, undefined, null],
  ])('of make %s and model %s is %s', async (make, model, camera) => {
    expect((await takenWith({ make, model })).camera).toBe(camera)
  })
})

test('nothing of the place is in what is read', async () => {
  const read = await readPicture(
    await photograph('jpeg', { ...noon, make: 'Google', model: 'Pixel 8' }),
    'a.jpg',
  )
  if (read.kind === 'refused') throw new Error(read.message)
  expect(Object.keys(read.taken).sort()).toEqual(['at', 'camera'])
})

describe('a hostile block', () => {
  test('of any bytes is read without a throw', async () => {
    const real = new Uint8Array(
      (await sharp(await photograph('jpeg', { ...noon, make: 'A' })).metadata()).exif!,
    )
    expect(takenOf(real).at).not.toBeNull()
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(real.length - 1), fc.nat(255)), { maxLength: 40 }),
        fc.nat(real.length),
        (changes, length) => {
          const broken = real.slice(0, length)
          for (const [at, byte] of changes) if (at < length) broken[at] = byte
          const { at, camera } = takenOf(broken)
          expect(at === null || Number.isFinite(at)).toBe(true)
          expect(camera === null || camera.length <= 2 * 256 + 1).toBe(true)
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('whose every entry claims four gigabytes is read at once', () => {
    const block = new Uint8Array(65_000)
    const view = new DataView(block.buffer)
    block.set([0x49, 0x49, 0x2a, 0])
    view.setUint32(4, 8, true)
    view.setUint16(8, 5000, true)
    for (let at = 10; at + 12 <= block.length; at += 12) {
      view.setUint16(at, 0x9003, true)
      view.setUint16(at + 2, 2, true)
      view.setUint32(at + 4, 0xffffffff, true)
    }
    const started = performance.now()
    expect(takenOf(block)).toEqual({ at: null, camera: null })
    expect(performance.now() - started).toBeLessThan(200)
  })
})
