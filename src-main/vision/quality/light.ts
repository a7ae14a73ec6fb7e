import type { QualityMeasure } from '../../contract.ts'
import { standardSidePx } from '../crop.ts'
import type { Picture } from '../face.ts'
import { luminanceOf } from '../light.ts'

const limits = {
  darkest: 0.15, // mean luminance, of white
  brightest: 0.85,
  under: 0.35, // share of the face's pixels that are nearly black
  over: 0.2, // share that are nearly white
  range: 5, // bits of entropy; a face in even light has about 7
}
const nearlyBlack = 25 // of 255, as in ISO/IEC 29794-5
const nearlyWhite = 247

/** Counts of the 256 levels of luminance over the face, background and hair left out. */
export function faceHistogram(crop: Picture): Float64Array {
  const luminance = luminanceOf(crop)
  const counts = new Float64Array(256)
  // An ellipse round the middle of eyes, nose and mouth, in shares of the standard crop.
  const middle = crop.width / 2
  const horizontal = 0.33 * standardSidePx
  const vertical = 0.4 * standardSidePx
  for (let y = 0; y < crop.height; y++)
    for (let x = 0; x < crop.width; x++)
      if (((x + 0.5 - middle) / horizontal) ** 2 + ((y + 0.5 - middle) / vertical) ** 2 <= 1)
        counts[luminance[y * crop.width + x]!]!++
  return counts
}

/** Mean luminance of the face, 0 black to 1 white. */
export function luminance(histogram: Float64Array): QualityMeasure {
  let sum = 0
  histogram.forEach((count, level) => (sum += count * level))
  const value = sum / (255 * total(histogram))
  const tooDark = value < limits.darkest
  const tooBright = value > limits.brightest
  const limit = tooBright ? limits.brightest : limits.darkest
  return {
    component: 'Luminance',
    value,
    limit,
    unit: 'of white',
    passes: !tooDark && !tooBright,
    sentence: tooDark
      ? `More light is needed: your face is at ${percent(value)} of white, ${percent(limit)} are needed`
      : tooBright
        ? `There is too much light: your face is at ${percent(value)} of white, ${percent(limit)} at most`
        : '',
  }
}

/** Share of the face's pixels that are nearly black. */
export function underExposure(histogram: Float64Array): QualityMeasure {
  const value = share(histogram, 0, nearlyBlack + 1)
  const passes = value <= limits.under
  const numbers = `${percent(value)} of your face is black, ${percent(limits.under)} at most`
  return {
    component: 'UnderExposure',
    value,
    limit: limits.under,
    unit: 'share',
    passes,
    sentence: passes ? '' : `Turn to the light: ${numbers}`,
  }
}

/** Share of the face's pixels that are nearly white. */
export function overExposure(histogram: Float64Array): QualityMeasure {
  const value = share(histogram, nearlyWhite, 256)
  const passes = value <= limits.over
  const numbers = `${percent(value)} of your face is white, ${percent(limits.over)} at most`
  return {
    component: 'OverExposure',
    value,
    limit: limits.over,
    unit: 'share',
    passes,
    sentence: passes ? '' : `Turn away from the bright light: ${numbers}`,
  }
}

/** Entropy of the face's luminance, in bits: how many levels it really uses. */
export function dynamicRange(histogram: Float64Array): QualityMeasure {
  const count = total(histogram)
  let value = 0
  for (const one of histogram) if (one > 0) value -= (one / count) * Math.log2(one / count)
  const passes = value >= limits.range
  return {
    component: 'DynamicRange',
    value,
    limit: limits.range,
    unit: 'bits',
    passes,
    sentence: passes
      ? ''
      : `The picture is flat: your face shows ${value.toFixed(1)} bits of light and shade, ${limits.range} are needed. Clean the lens or find better light`,
  }
}

const total = (histogram: Float64Array) => histogram.reduce((sum, count) => sum + count, 0)
const share = (histogram: Float64Array, from: number, to: number) =>
  total(histogram.subarray(from, to)) / total(histogram)
const percent = (part: number) => `${Math.round(part * 100)} %`
