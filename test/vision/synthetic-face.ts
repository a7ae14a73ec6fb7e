/**
 * 68 landmarks of a drawn face, upright and seen from the front, for tests of geometry alone: eyes ±31.5 mm apart from
 * the middle, mouth 69 mm below, chin 110. In millimetres, x to the picture's right, y down, z towards the camera.
 */
export const headPoints: readonly (readonly [x: number, y: number, z: number])[] = (() => {
  const points: [number, number, number][] = []
  for (let i = 0; i <= 16; i++) {
    const angle = (Math.PI * i) / 16
    points.push([-70 * Math.cos(angle), 10 + 100 * Math.sin(angle), -60 + 50 * Math.sin(angle)])
  }
  for (const x of [-58, -48, -38, -27, -16, 16, 27, 38, 48, 58]) points.push([x, -20, 5])
  points.push([0, -4, 10], [0, 9, 16], [0, 21, 23], [0, 33, 30])
  points.push([-14, 43, 12], [-7, 45, 16], [0, 46, 18], [7, 45, 16], [14, 43, 12])
  for (const middle of [-31, 31]) {
    const outer = middle < 0 ? -10 : -2
    const inner = middle < 0 ? -2 : -10
    points.push([middle - 14, 0, outer], [middle - 5, -5, 0], [middle + 5, -5, 0])
    points.push([middle + 14, 0, inner], [middle + 5, 5, 0], [middle - 5, 5, 0])
  }
  points.push([-25, 69, 4], [-16, 65, 10], [-7, 62, 14], [0, 63, 17], [7, 62, 14], [16, 65, 10], [25, 69, 4])
  points.push([16, 75, 10], [7, 77, 14], [0, 78, 15], [-7, 77, 14], [-16, 75, 10])
  points.push(
    [-20, 69, 6],
    [-7, 68, 13],
    [0, 68, 14],
    [7, 68, 13],
    [20, 69, 6],
    [7, 70, 13],
    [0, 70, 14],
    [-7, 70, 13],
  )
  return points
})()

export interface View {
  yaw?: number // degrees, to the subject's left
  pitch?: number // degrees, up
  roll?: number // degrees, to the picture's right
  scale?: number // pixels per millimetre
  x?: number // where the point between the eyes lies
  y?: number
}

/** The drawn face turned and projected without perspective, [x0, y0, …] in pixels. */
export function project({ yaw = 0, pitch = 0, roll = 0, scale = 1, x = 0, y = 0 }: View): Float32Array {
  const [cosYaw, sinYaw] = cosSin(yaw)
  const [cosPitch, sinPitch] = cosSin(pitch)
  const [cosRoll, sinRoll] = cosSin(roll)
  return Float32Array.from(
    headPoints.flatMap(([px, py, pz]) => {
      const nodY = py * cosPitch - pz * sinPitch // up: what is in front rises
      const nodZ = pz * cosPitch + py * sinPitch
      const turnX = px * cosYaw + nodZ * sinYaw // to the subject's left: what is in front goes to the picture's right
      return [x + scale * (turnX * cosRoll - nodY * sinRoll), y + scale * (turnX * sinRoll + nodY * cosRoll)]
    }),
  )
}

function cosSin(degrees: number): [number, number] {
  return [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)]
}
