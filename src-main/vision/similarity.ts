/**
 * A similarity transform (rotation, scale, shift) from the pixels of an output to the pixels of a source:
 * x = a·u − b·v + x0, y = b·u + a·v + y0. Coordinates are continuous: pixel i covers [i, i + 1), its centre is i + ½.
 */
export interface Similarity {
  a: number // scale · cos(angle), source pixels per output pixel
  b: number // scale · sin(angle)
  x0: number
  y0: number
}

/** Source pixels per output pixel: above 1 the source shrinks. */
export const scaleOf = ({ a, b }: Similarity) => Math.hypot(a, b)

/** Carries points [u0, v0, u1, v1, …] of the output to the source. */
export function toSource(points: ArrayLike<number>, { a, b, x0, y0 }: Similarity): Float32Array {
  const carried = new Float32Array(points.length)
  for (let i = 0; i < points.length; i += 2) {
    const u = points[i]!
    const v = points[i + 1]!
    carried[i] = a * u - b * v + x0
    carried[i + 1] = b * u + a * v + y0
  }
  return carried
}

/** Carries points of the source to the output: the inverse of `toSource`. */
export function toOutput(points: ArrayLike<number>, { a, b, x0, y0 }: Similarity): Float32Array {
  const squared = a * a + b * b
  const carried = new Float32Array(points.length)
  for (let i = 0; i < points.length; i += 2) {
    const x = points[i]! - x0
    const y = points[i + 1]! - y0
    carried[i] = (a * x + b * y) / squared
    carried[i + 1] = (a * y - b * x) / squared
  }
  return carried
}

/** The transform whose output is a square of `sidePx` pixels showing the source's square of side `side` around (x, y), turned by `angle`. */
export function squareAround(
  centre: { x: number; y: number },
  side: number, // source pixels
  angle: number, // radians, clockwise on the screen
  sidePx: number, // output pixels
): Similarity {
  const scale = side / sidePx
  const a = scale * Math.cos(angle)
  const b = scale * Math.sin(angle)
  const half = sidePx / 2
  return { a, b, x0: centre.x - a * half + b * half, y0: centre.y - b * half - a * half }
}
