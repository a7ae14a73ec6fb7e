import sharp from 'sharp'
import { expect, test } from 'vitest'
import { cropFromPng } from '../../src-main/vision/kept-crop.ts'

const blank = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: 'grey' } })
    .png()
    .toBuffer()

test('a picture larger than a kept crop is refused before its pixels are unpacked', async () => {
  expect(await cropFromPng(await blank(256, 256))).toMatchObject({ width: 256, height: 256 })
  await expect(cropFromPng(await blank(256, 257))).rejects.toThrow('pixel limit')
})
