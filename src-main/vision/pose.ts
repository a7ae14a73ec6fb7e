import type { Pose, View } from '../contract.ts'

/**
 * A generic head in millimetres: landmark number → x to the picture's right, y down, z towards the camera, from the
 * middle of the eyes. It is the mean shape that best explains this landmark net's own answers on 447 photographs of as
 * many people (Tomasi & Kanade 1992: rank-3 factorisation with metric constraints; made symmetric, 63 mm between the
 * eyes), and 0° is how those people on average look at a camera. Only points that stay on the face are used, no jaw
 * outline, which slides as a head turns.
 */
const head: readonly (readonly [landmark: number, x: number, y: number, z: number])[] = [
  [36, -43.5, -0.5, -3],
  [39, -19.5, 0.5, 3],
  [42, 19.5, 0.5, 3],
  [45, 43.5, -0.5, -3],
  [27, 0, 1.5, 19],
  [28, 0, 15, 26],
  [29, 0, 27, 33],
  [30, 0, 38, 35],
  [31, -12, 46, 13],
  [33, 0, 49, 18.5],
  [35, 12, 46, 13],
  [48, -27.5, 71, -8.5],
  [51, 0, 63, 14],
  [54, 27.5, 71, -8.5],
  [57, 0, 85, 2],
]

/**
 * Where the head points, from its 68 landmarks: the rotation of a generic head that best explains them under
 * scaled orthographic projection (POS: DeMenthon & Davis 1995, without their perspective iterations).
 */
export function poseFromLandmarks(landmarks: ArrayLike<number>): Pose {
  const points = head.map(([landmark]) => [landmarks[landmark * 2]!, landmarks[landmark * 2 + 1]!] as const)
  const meanX = mean(points.map(([x]) => x))
  const meanY = mean(points.map(([, y]) => y))
  // Least squares for the two upper rows of scale · rotation: points = rows · head.
  const first: Vector = [0, 0, 0]
  const second: Vector = [0, 0, 0]
  points.forEach(([x, y], i) => {
    pseudoInverse[i]!.forEach((weight, axis) => {
      first[axis as 0 | 1 | 2] += (x - meanX) * weight
      second[axis as 0 | 1 | 2] += (y - meanY) * weight
    })
  })
  const [right, down] = nearestOrthonormal(first, second)
  const roll = Math.atan2(down[0], right[0])
  // The nose points along the head's z: where that lands in the picture, turned upright by the roll.
  const noseX = right[2] * Math.cos(roll) + down[2] * Math.sin(roll)
  const noseY = down[2] * Math.cos(roll) - right[2] * Math.sin(roll)
  const noseZ = right[0] * down[1] - right[1] * down[0]
  return {
    roll: degrees(roll),
    yaw: degrees(Math.atan2(noseX, noseZ)),
    pitch: degrees(Math.asin(Math.min(1, Math.max(-1, -noseY)))),
  }
}

type Vector = [x: number, y: number, z: number]

/** The two orthogonal unit vectors nearest to two measured ones. */
function nearestOrthonormal(first: Vector, second: Vector): [Vector, Vector] {
  const u = unit(first)
  const v = unit(second)
  const sum = unit([u[0] + v[0], u[1] + v[1], u[2] + v[2]])
  const difference = unit([u[0] - v[0], u[1] - v[1], u[2] - v[2]])
  const half = Math.SQRT1_2
  const add = (i: 0 | 1 | 2) => (sum[i] + difference[i]) * half
  const subtract = (i: 0 | 1 | 2) => (sum[i] - difference[i]) * half
  return [
    [add(0), add(1), add(2)],
    [subtract(0), subtract(1), subtract(2)],
  ]
}

function unit([x, y, z]: Vector): Vector {
  const length = Math.hypot(x, y, z)
  return length > 0 ? [x / length, y / length, z / length] : [0, 0, 0]
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const degrees = (radians: number) => (radians * 180) / Math.PI

/** X (XᵀX)⁻¹ of the centred head X: one row of three for each of its points. */
const pseudoInverse = (() => {
  const centre: Vector = [
    mean(head.map((p) => p[1])),
    mean(head.map((p) => p[2])),
    mean(head.map((p) => p[3])),
  ]
  const points = head.map<Vector>((p) => [p[1] - centre[0], p[2] - centre[1], p[3] - centre[2]])
  const moment = (i: 0 | 1 | 2, j: 0 | 1 | 2) => points.reduce((sum, p) => sum + p[i] * p[j], 0)
  const [xx, xy, xz, yy, yz, zz] = [
    moment(0, 0),
    moment(0, 1),
    moment(0, 2),
    moment(1, 1),
    moment(1, 2),
    moment(2, 2),
  ]
  const cofactors: [Vector, Vector, Vector] = [
    [yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy],
    [xz * yz - xy * zz, xx * zz - xz * xz, xy * xz - xx * yz],
    [xy * yz - xz * yy, xy * xz - xx * yz, xx * yy - xy * xy],
  ]
  const determinant = xx * cofactors[0][0] + xy * cofactors[0][1] + xz * cofactors[0][2]
  return points.map<Vector>(([x, y, z]) => {
    const entry = (row: Vector) => (row[0] * x + row[1] * y + row[2] * z) / determinant
    return [entry(cofactors[0]), entry(cofactors[1]), entry(cofactors[2])]
  })
})()

/** A view is held inside this corridor of its main angle; the other angle stays near the front. Degrees. */
const corridor = {
  front: 9, // both angles, either way
  from: 11, // a turn that can be told from noise (about 3°) and from the front
  to: 35, // beyond, the recognition net's aligned crop shows one cheek only
  aside: 18, // how far the other angle may stray
}

/** Whether the head holds one of the guided views of an enrolment. */
export function holdsView({ yaw, pitch }: Pose, view: View): boolean {
  const within = (angle: number) => angle >= corridor.from && angle <= corridor.to
  switch (view) {
    case 'front':
      return Math.abs(yaw) <= corridor.front && Math.abs(pitch) <= corridor.front
    case 'left':
      return within(yaw) && Math.abs(pitch) <= corridor.aside
    case 'right':
      return within(-yaw) && Math.abs(pitch) <= corridor.aside
    case 'up':
      return within(pitch) && Math.abs(yaw) <= corridor.aside
    case 'down':
      return within(-pitch) && Math.abs(yaw) <= corridor.aside
  }
}

/** The guided view nearest to a pose: the larger of the two angles decides, once it leaves the front. */
export function viewOf({ yaw, pitch }: Pose): View {
  if (Math.max(Math.abs(yaw), Math.abs(pitch)) < (corridor.front + corridor.from) / 2) return 'front'
  if (Math.abs(yaw) >= Math.abs(pitch)) return yaw > 0 ? 'left' : 'right'
  return pitch > 0 ? 'up' : 'down'
}
