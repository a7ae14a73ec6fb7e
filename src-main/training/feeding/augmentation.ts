import type { Random } from '../../learning/random.ts'

/** How far training pictures are changed; zero everywhere is no augmentation. */
export interface Augmentation {
  mirror: boolean // half of the pictures
  rollDegrees: number // each drawn from ± this
  scale: number // share of the size
  shift: number // share of the side
  brightness: number // share of full scale, added
  contrast: number // share, around the middle
  gamma: number // exponent between 1 / (1 + gamma) and 1 + gamma
  blur: number // probability
  noise: number // probability
  jpeg: number // probability
  lowResolution: number // probability
  occlusion: number // probability
  grey: number // probability
}

export const noAugmentation: Augmentation = {
  mirror: false,
  rollDegrees: 0,
  scale: 0,
  shift: 0,
  brightness: 0,
  contrast: 0,
  gamma: 0,
  blur: 0,
  noise: 0,
  jpeg: 0,
  lowResolution: 0,
  occlusion: 0,
  grey: 0,
}

/** For aligned faces: what a webcam and an alignment do to them; measured to help in the project's design notes. */
export const faceAugmentation: Augmentation = {
  mirror: true,
  rollDegrees: 5,
  scale: 0.06,
  shift: 0.03,
  brightness: 0.1,
  contrast: 0.25,
  gamma: 0.25,
  blur: 0.1,
  noise: 0.1,
  jpeg: 0.1,
  lowResolution: 0.1,
  occlusion: 0.05,
  grey: 0.1,
}

/** For drawn characters, which a mirror would turn into others. */
export const characterAugmentation: Augmentation = {
  ...noAugmentation,
  rollDegrees: 10,
  scale: 0.15,
  shift: 0.05,
}

/** What happens to one picture, drawn once. */
export interface Change {
  mirrored: boolean
  roll: number // radians
  scale: number // of the part shown: above 1 shows more
  shiftX: number // share of the side
  shiftY: number
  brightness: number // added, in levels of 0–255
  contrast: number // factor around 127.5
  gamma: number // exponent
  blurPx: number // deviation, in output pixels; 0: none
  noise: number // deviation in levels; 0: none
  jpegQuality: number | null // 1–100
  /** Side of the small picture it is reduced to and enlarged from; null: none. */
  lowSidePx: number | null
  occlusion: { left: number; top: number; width: number; height: number; level: number } | null // shares of the side
  grey: boolean
}

/** Draws what happens to one picture of a side; every number is drawn whether it is used or not, so none moves another. */
export function drawChange(augmentation: Augmentation, sidePx: number, random: Random): Change {
  const between = (low: number, high: number) => low + (high - low) * random.uniform()
  const around = (extent: number) => between(-extent, extent)
  const happens = (probability: number) => random.uniform() < probability
  const a = augmentation
  const mirrored = happens(0.5)
  const roll = (around(a.rollDegrees) * Math.PI) / 180
  const scale = 1 + around(a.scale)
  const [shiftX, shiftY] = [around(a.shift), around(a.shift)]
  const brightness = 255 * around(a.brightness)
  const contrast = 1 + around(a.contrast)
  const gamma = (1 + a.gamma) ** around(1)
  const [blurs, blurPx] = [happens(a.blur), between(0.5, 1.5) * (sidePx / 112)]
  const [noisy, noise] = [happens(a.noise), between(2, 10)]
  const [compressed, jpegQuality] = [happens(a.jpeg), Math.round(between(20, 80))]
  const [reduced, lowSidePx] = [happens(a.lowResolution), Math.round(sidePx * between(0.2, 0.6))]
  const [hidden, width, height] = [happens(a.occlusion), between(0.15, 0.4), between(0.15, 0.4)]
  const [left, top, level] = [between(0, 1 - width), between(0, 1 - height), between(0, 255)]
  return {
    mirrored: a.mirror && mirrored,
    roll,
    scale,
    shiftX,
    shiftY,
    brightness,
    contrast,
    gamma,
    blurPx: blurs ? blurPx : 0,
    noise: noisy ? noise : 0,
    jpegQuality: compressed ? jpegQuality : null,
    lowSidePx: reduced ? lowSidePx : null,
    occlusion: hidden ? { left, top, width, height, level } : null,
    grey: happens(a.grey),
  }
}
