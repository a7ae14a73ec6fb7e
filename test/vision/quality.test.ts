import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { qualityComponents, type QualityComponent } from '../../src-main/contract.ts'
import { cropSidePx, type Picture } from '../../src-main/vision/face.ts'
import { firstFailing, judge, qualityScore, type Judged } from '../../src-main/vision/quality/quality.ts'
import { draw, noise } from './drawn-picture.ts'
import { project } from './synthetic-face.ts'

/** A crop with the light and the detail of a well-lit face: broad shade, fine texture, mid levels. */
function texturedCrop(darkest: number, brightest: number, detail = 1): Picture {
  const random = noise(7)
  return draw(cropSidePx, cropSidePx, (x, y) => {
    const shade = 0.5 + 0.35 * Math.sin(x / 40) * Math.cos(y / 50)
    const texture = detail * 0.15 * (2 * random() - 1 + Math.sin(x / 2) * Math.sin(y / 2))
    return darkest + (brightest - darkest) * Math.min(1, Math.max(0, shade + texture))
  })
}

function blurred(crop: Picture, radius: number): Picture {
  return draw(crop.width, crop.height, (x, y, channel) => {
    let sum = 0
    let count = 0
    for (let dy = -radius; dy <= radius; dy++)
      for (let dx = -radius; dx <= radius; dx++) {
        const [column, row] = [Math.floor(x) + dx, Math.floor(y) + dy]
        if (column < 0 || row < 0 || column >= crop.width || row >= crop.height) continue
        sum += crop.rgb[(row * crop.width + column) * 3 + channel]!
        count++
      }
    return sum / count
  })
}

const box = { left: 250, top: 150, width: 150, height: 180 }
const good: Judged = {
  picture: { width: 640, height: 480 },
  boxes: [box],
  landmarks: project({ scale: 1.2, x: 320, y: 200 }),
  pose: { roll: 0, yaw: 0, pitch: 0 },
  crop: texturedCrop(40, 220),
  source: 'camera',
}

const closedEyes = () => {
  const landmarks = good.landmarks.slice()
  for (const eye of [36, 42])
    for (const lid of [1, 2, 4, 5]) landmarks[(eye + lid) * 2 + 1] = landmarks[eye * 2 + 1]!
  return landmarks
}

describe('quality', () => {
  test('of a good face passes in every component, in the contract’s order, without a sentence', () => {
    const quality = judge(good)
    expect(quality.map(({ component }) => component)).toEqual([...qualityComponents])
    expect(quality.filter(({ passes }) => !passes)).toEqual([])
    expect(quality.every(({ sentence }) => sentence === '')).toBe(true)
    expect(firstFailing(quality)).toBeNull()
  })

  test.each<[QualityComponent, Partial<Judged>, RegExp]>([
    ['SingleFacePresent', { boxes: [box, { ...box, left: 20 }] }, /2 faces/],
    ['FaceCutOff', { landmarks: project({ scale: 1.2, x: 20, y: 200 }) }, /\d+ % of your face/],
    [
      'InterEyeDistance',
      { landmarks: project({ scale: 0.5, x: 320, y: 200 }) },
      /Move closer: your eyes are 31 px apart, \d+ are needed/,
    ],
    ['HeadPose', { pose: { roll: 3, yaw: 52, pitch: 0 } }, /to your left by 52°, \d+° at most/],
    ['HeadPose', { pose: { roll: 0, yaw: 0, pitch: -50 } }, /down by 50°/],
    ['HeadPose', { pose: { roll: -60, yaw: 0, pitch: 0 } }, /tilted by 60°/],
    ['Luminance', { crop: texturedCrop(2, 45) }, /More light is needed: your face is at \d+ % of white/],
    ['Luminance', { crop: texturedCrop(205, 252) }, /too much light: your face is at \d+ % of white/],
    ['UnderExposure', { crop: texturedCrop(-260, 250) }, /\d+ % of your face is black/],
    ['OverExposure', { crop: texturedCrop(20, 390) }, /\d+ % of your face is white/],
    ['DynamicRange', { crop: texturedCrop(120, 134) }, /shows \d\.\d bits/],
    ['Sharpness', { crop: blurred(good.crop, 7) }, /sharpness is 0\.\d+/],
    ['EyesOpen', { landmarks: closedEyes() }, /open by 0 % of their width/],
  ])('%s fails and says by how much: %o', (component, worse, sentence) => {
    const quality = judge({ ...good, ...worse })
    const measure = quality.find((one) => one.component === component)!
    expect(measure.passes).toBe(false)
    expect(measure.sentence).toMatch(sentence)
  })

  test('the first failing component is the one to mend first', () => {
    const quality = judge({ ...good, boxes: [box, box], landmarks: project({ scale: 0.3, x: 320, y: 200 }) })
    expect(firstFailing(quality)?.component).toBe('SingleFacePresent')
  })

  test('someone far in the background does not count as a second face', () => {
    const quality = judge({ ...good, boxes: [box, { left: 20, top: 20, width: 30, height: 36 }] })
    expect(quality[0]).toMatchObject({ value: 1, passes: true })
  })

  test('a turned head is not told to move closer', () => {
    const eyes = (landmarks: Float32Array, yaw: number) =>
      judge({ ...good, landmarks, pose: { roll: 0, yaw, pitch: 0 } }).find(
        (one) => one.component === 'InterEyeDistance',
      )!.value
    const front = eyes(project({ scale: 1.2, x: 320, y: 200 }), 0)
    expect(eyes(project({ scale: 1.2, x: 320, y: 200, yaw: 35 }), 35) / front).toBeGreaterThan(0.93)
  })

  test('a score prefers what passes more, then what is sharper', () => {
    const soft = judge({ ...good, crop: blurred(good.crop, 1) })
    const dark = judge({ ...good, crop: texturedCrop(2, 45) })
    expect(qualityScore(judge(good))).toBeGreaterThan(qualityScore(soft))
    expect(qualityScore(soft)).toBeGreaterThan(qualityScore(dark))
    expect(qualityScore([])).toBe(0)
  })

  test('any crop and any landmarks give finite numbers, and a sentence exactly where one fails', () => {
    const coordinate = fc.integer({ min: -700, max: 1400 })
    const points = fc
      .array(coordinate, { minLength: 136, maxLength: 136 })
      .filter((all) => new Set(all).size > 20)
    const angle = fc.double({ min: -90, max: 90, noNaN: true })
    fc.assert(
      fc.property(points, angle, angle, fc.integer({ min: 0, max: 255 }), (landmarks, yaw, pitch, level) => {
        const crop = draw(cropSidePx, cropSidePx, () => level)
        const quality = judge({
          ...good,
          crop,
          landmarks: Float32Array.from(landmarks),
          pose: { roll: 0, yaw, pitch },
        })
        for (const { value, passes, sentence } of quality) {
          expect(Number.isFinite(value)).toBe(true)
          expect(sentence === '').toBe(passes)
        }
      }),
      { numRuns: 30 },
    )
  })
})
