import { cropSidePx } from './face.ts'
import type { Similarity } from './similarity.ts'

/** Central part of the kept crop that holds the recognition net's standard crop; the margin leaves room for jitter. */
export const standardSidePx = 192

/**
 * Where landmarks lie in the recognition net's standard crop: landmark number, x, y, in sides of the crop from its
 * middle. The standard crop is face-api's (and so nearly dlib's, which trained the net): its side is the mean eye–mouth
 * distance / 0.45, the centroid of eyes and mouth lies at (0.5, 0.43). These are the mean places, made symmetric, that
 * landmarks of 4,000 photographs of LFW take in crops cut by that rule. As in dlib's own alignment brows, lower lip and
 * jaw are left out: they move with expression and yaw.
 */
export const standardPlaces: readonly (readonly [landmark: number, x: number, y: number])[] = [
  [27, 0, -0.1995],
  [28, 0, -0.1239],
  [29, 0, -0.0534],
  [30, 0, 0.0125],
  [31, -0.0719, 0.0537],
  [32, -0.0402, 0.0637],
  [33, 0, 0.0727],
  [34, 0.0402, 0.0637],
  [35, 0.0719, 0.0537],
  [36, -0.2507, -0.2088],
  [37, -0.2132, -0.227],
  [38, -0.1584, -0.2284],
  [39, -0.1108, -0.202],
  [40, -0.1546, -0.1875],
  [41, -0.2104, -0.1875],
  [42, 0.1108, -0.202],
  [43, 0.1584, -0.2284],
  [44, 0.2132, -0.227],
  [45, 0.2507, -0.2088],
  [46, 0.2104, -0.1875],
  [47, 0.1546, -0.1875],
  [48, -0.1603, 0.1946],
  [49, -0.105, 0.166],
  [50, -0.0353, 0.1448],
  [51, 0, 0.1532],
  [52, 0.0353, 0.1448],
  [53, 0.105, 0.166],
  [54, 0.1603, 0.1946],
  [60, -0.1487, 0.1942],
  [61, -0.0489, 0.1841],
  [62, 0, 0.1831],
  [63, 0.0489, 0.1841],
  [64, 0.1487, 0.1942],
]

/**
 * From the pixels of the kept crop to those of the picture: the similarity transform that brings a face's landmarks
 * nearest to their places in the standard crop, in least squares (Umeyama 1991, without reflection). With 33 landmarks
 * the error of a few weighs little: beside the rule's own three points it lets 3 in 100 more genuine pairs of LFW match
 * at FMR 1e-4.
 */
export function alignmentOf(landmarks: ArrayLike<number>): Similarity {
  let [meanX, meanY] = [0, 0]
  for (const [landmark] of standardPlaces) {
    meanX += landmarks[landmark * 2]! / standardPlaces.length
    meanY += landmarks[landmark * 2 + 1]! / standardPlaces.length
  }
  // In complex numbers: landmark ≈ (a + ib) · place + shift.
  let [a, b] = [0, 0]
  for (const [landmark, u, v] of standardPlaces) {
    const x = landmarks[landmark * 2]! - meanX
    const y = landmarks[landmark * 2 + 1]! - meanY
    a += x * (u - centroid.u) + y * (v - centroid.v)
    b += y * (u - centroid.u) - x * (v - centroid.v)
  }
  a /= spread * standardSidePx
  b /= spread * standardSidePx
  // The middle of the crop lies off the landmarks' centroid.
  const u = centroid.u * standardSidePx + cropSidePx / 2
  const v = centroid.v * standardSidePx + cropSidePx / 2
  return { a, b, x0: meanX - a * u + b * v, y0: meanY - b * u - a * v }
}

const centroid = {
  u: standardPlaces.reduce((sum, [, u]) => sum + u, 0) / standardPlaces.length,
  v: standardPlaces.reduce((sum, [, , v]) => sum + v, 0) / standardPlaces.length,
}
const spread = standardPlaces.reduce(
  (sum, [, u, v]) => sum + (u - centroid.u) ** 2 + (v - centroid.v) ** 2,
  0,
)
