import sharp from 'sharp'
import type { Random } from '../../learning/random.ts'
import { standardSidePx } from '../../vision/crop.ts'
import { cropSidePx, type Picture } from '../../vision/face.ts'
import { sample } from '../../vision/sample.ts'
import { squareAround } from '../../vision/similarity.ts'
import type { Framing } from '../data-sets/data-set.ts'
import type { Change } from './augmentation.ts'

/**
 * A picture as a network sees it, sidePx × sidePx × 3 levels of 0–255, changed as drawn. Geometry comes first and in one
 * sampling, then light, then what a camera and a file do to it.
 */
export async function render(
  picture: Picture,
  framing: Framing,
  sidePx: number,
  change: Change,
  random: Random,
): Promise<Uint8ClampedArray> {
  let pixels = new Uint8ClampedArray(sidePx * sidePx * 3)
  sample(picture, framed(picture, framing, sidePx, change), sidePx, sidePx, pixels)
  if (change.mirrored) mirror(pixels, sidePx)
  light(pixels, change)
  if (change.occlusion) occlude(pixels, sidePx, change.occlusion)
  if (change.lowSidePx) pixels = await reduce(pixels, sidePx, change.lowSidePx)
  if (change.blurPx > 0) blur(pixels, sidePx, change.blurPx)
  if (change.noise > 0) for (let i = 0; i < pixels.length; i++) pixels[i]! += change.noise * random.normal()
  if (change.jpegQuality !== null) pixels = await compress(pixels, sidePx, change.jpegQuality)
  if (change.grey) grey(pixels)
  return pixels
}

/** From output pixels to the picture's. */
function framed({ width, height }: Picture, framing: Framing, sidePx: number, change: Change) {
  const whole = Math.max(width, height)
  const side = framing === 'whole' ? whole : (whole * standardSidePx) / cropSidePx
  const centre = { x: width / 2 + change.shiftX * side, y: height / 2 + change.shiftY * side }
  return squareAround(centre, side * change.scale, change.roll, sidePx)
}

function mirror(pixels: Uint8ClampedArray, side: number) {
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side >> 1; column++)
      for (let channel = 0; channel < 3; channel++) {
        const left = (row * side + column) * 3 + channel
        const right = (row * side + side - 1 - column) * 3 + channel
        const kept = pixels[left]!
        pixels[left] = pixels[right]!
        pixels[right] = kept
      }
}

/** Gamma, then contrast around the middle, then brightness, by one table. */
function light(pixels: Uint8ClampedArray, { gamma, contrast, brightness }: Change) {
  if (gamma === 1 && contrast === 1 && brightness === 0) return
  const table = Uint8ClampedArray.from(
    { length: 256 },
    (_, level) => (255 * (level / 255) ** gamma - 127.5) * contrast + 127.5 + brightness,
  )
  for (let i = 0; i < pixels.length; i++) pixels[i] = table[pixels[i]!]!
}

function occlude(pixels: Uint8ClampedArray, side: number, box: NonNullable<Change['occlusion']>) {
  const [left, right] = [box.left, box.left + box.width].map((share) => Math.round(share * side)) as [
    number,
    number,
  ]
  const [top, bottom] = [box.top, box.top + box.height].map((share) => Math.round(share * side)) as [
    number,
    number,
  ]
  for (let row = top; row < bottom; row++)
    pixels.fill(box.level, (row * side + left) * 3, (row * side + right) * 3)
}

/** A Gaussian along rows, then along columns; beyond the edge its outermost pixels repeated. */
function blur(pixels: Uint8ClampedArray, side: number, deviation: number) {
  const radius = Math.ceil(2 * deviation)
  const weights = Float32Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * deviation ** 2)),
  )
  const total = weights.reduce((sum, weight) => sum + weight)
  const line = new Float32Array(side)
  for (const [step, across] of [
    [3, side * 3],
    [side * 3, 3],
  ] as const)
    for (let start = 0; start < side; start++)
      for (let channel = 0; channel < 3; channel++) {
        const first = start * across + channel
        for (let i = 0; i < side; i++) line[i] = pixels[first + i * step]!
        for (let i = 0; i < side; i++) {
          let sum = 0
          for (let j = -radius; j <= radius; j++)
            sum += weights[j + radius]! * line[Math.min(side - 1, Math.max(0, i + j))]!
          pixels[first + i * step] = sum / total
        }
      }
}

function grey(pixels: Uint8ClampedArray) {
  for (let i = 0; i < pixels.length; i += 3)
    pixels.fill(0.299 * pixels[i]! + 0.587 * pixels[i + 1]! + 0.114 * pixels[i + 2]!, i, i + 3) // ITU-R BT.601
}

const raw = (pixels: Uint8ClampedArray, side: number) =>
  sharp(pixels, { raw: { width: side, height: side, channels: 3 } })

async function reduce(
  pixels: Uint8ClampedArray,
  side: number,
  lowSide: number,
): Promise<Uint8ClampedArray<ArrayBuffer>> {
  const small = await raw(pixels, side).resize(lowSide, lowSide, { fit: 'fill' }).raw().toBuffer()
  const large = await raw(Uint8ClampedArray.from(small), lowSide)
    .resize(side, side, { fit: 'fill' })
    .raw()
    .toBuffer()
  return Uint8ClampedArray.from(large)
}

async function compress(
  pixels: Uint8ClampedArray,
  side: number,
  quality: number,
): Promise<Uint8ClampedArray<ArrayBuffer>> {
  return Uint8ClampedArray.from(
    await sharp(await raw(pixels, side).jpeg({ quality }).toBuffer())
      .raw()
      .toBuffer(),
  )
}
