import type { Picture } from '../../src-main/vision/face.ts'

/** Where a face is in a picture, in pixels of it: enough to lay a generic head over it. */
export interface FaceAnchor {
  leftEye: [x: number, y: number] // in the picture, so the subject's right eye
  rightEye: [x: number, y: number]
  mouth: [x: number, y: number]
}

/** How a frame shows the head. Degrees as in the contract's `Pose`: yaw to the subject's own left, pitch up. */
export interface HeadView {
  yaw: number
  pitch: number
  eyeDistancePx: number
  /** Multiplies every channel. */
  light: number
  /** Standard deviation of the sensor noise, grey levels. */
  noise: number
  /** Fades what lies farther from the face than this many half head widths to a plain wall: nobody else in the frame. */
  aloneWithin?: number
  shiftPx?: [x: number, y: number]
}

const gridStep = 8 // px of the frame: fine enough for a smooth surface, coarse enough for many frames a second

/**
 * A frame of the face turned by a few degrees: the picture is laid over a generic 3-D head (an ellipsoid with a nose),
 * rotated and seen again. What lies beside the head follows it less and less, so that no seam shows.
 */
export function turnHead(
  picture: Picture,
  anchor: FaceAnchor,
  view: HeadView,
  width = 640,
  height = 480,
): Picture {
  const toPicture = frameToPicture(anchor, view, width, height)
  const unit = view.eyeDistancePx / 0.86 // half the width of a head; eyes stand at ±0.43 of it
  const [cx, cy] = [width / 2 + (view.shiftPx?.[0] ?? 0), height / 2 + (view.shiftPx?.[1] ?? 0)]
  const yaw = (view.yaw * Math.PI) / 180
  const pitch = (view.pitch * Math.PI) / 180
  const columns = Math.ceil(width / gridStep) + 1
  const rows = Math.ceil(height / gridStep) + 1

  // Each grid point is a point of the head's surface seen from the front, then turned.
  const turned = new Float32Array(columns * rows * 3)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const x = (column * gridStep - cx) / unit
      const y = (row * gridStep - cy) / unit
      const radius = Math.hypot(x / 1.05, (y + 0.1) / 1.45)
      const follows = radius <= 1 ? 1 : Math.max(0, 1 - (radius - 1) / 0.9) ** 2
      const z =
        0.95 * Math.sqrt(Math.max(0, 1 - radius * radius)) +
        0.28 * Math.exp(-((x / 0.2) ** 2) - ((y - 0.12) / 0.3) ** 2)
      // The subject's left is the frame's right; pitch up moves the front upwards.
      const x1 = x * Math.cos(yaw) + z * Math.sin(yaw)
      const z1 = -x * Math.sin(yaw) + z * Math.cos(yaw)
      const y1 = y * Math.cos(pitch) - z1 * Math.sin(pitch)
      const at = (row * columns + column) * 3
      turned[at] = cx + unit * (x + (x1 - x) * follows)
      turned[at + 1] = cy + unit * (y + (y1 - y) * follows)
      turned[at + 2] = y * Math.sin(pitch) + z1 * Math.cos(pitch)
    }
  }

  const rgb = new Uint8Array(width * height * 3)
  const depth = new Float32Array(width * height).fill(-Infinity)
  const paint = (a: number, b: number, c: number) => {
    const [ax, ay, az] = [turned[a * 3]!, turned[a * 3 + 1]!, turned[a * 3 + 2]!]
    const [bx, by, bz] = [turned[b * 3]!, turned[b * 3 + 1]!, turned[b * 3 + 2]!]
    const [px, py, pz] = [turned[c * 3]!, turned[c * 3 + 1]!, turned[c * 3 + 2]!]
    const area = (bx - ax) * (py - ay) - (px - ax) * (by - ay)
    if (area <= 0) return // seen from behind
    const source = [a, b, c].map((point) => [
      (point % columns) * gridStep,
      Math.floor(point / columns) * gridStep,
    ])
    const [left, right] = [
      Math.max(0, Math.floor(Math.min(ax, bx, px))),
      Math.min(width - 1, Math.max(ax, bx, px)),
    ]
    const [top, bottom] = [
      Math.max(0, Math.floor(Math.min(ay, by, py))),
      Math.min(height - 1, Math.max(ay, by, py)),
    ]
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const wb = ((x - ax) * (py - ay) - (px - ax) * (y - ay)) / area
        const wc = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / area
        const wa = 1 - wb - wc
        if (wa < -1e-3 || wb < -1e-3 || wc < -1e-3) continue
        const z = wa * az + wb * bz + wc * pz
        const at = y * width + x
        if (z <= depth[at]!) continue
        depth[at] = z
        const fx = wa * source[0]![0]! + wb * source[1]![0]! + wc * source[2]![0]!
        const fy = wa * source[0]![1]! + wb * source[1]![1]! + wc * source[2]![1]!
        sample(picture, ...toPicture(fx, fy), rgb, at * 3)
        if (view.aloneWithin)
          fadeToWall(rgb, at * 3, Math.hypot(fx - cx, (fy - cy) * 0.8) / unit - view.aloneWithin)
      }
    }
  }
  for (let row = 0; row + 1 < rows; row++) {
    for (let column = 0; column + 1 < columns; column++) {
      const a = row * columns + column
      paint(a, a + 1, a + columns)
      paint(a + 1, a + columns + 1, a + columns)
    }
  }
  lightAndNoise(rgb, view)
  return { width, height, rgb }
}

/** Similarity transform that takes the frame's upright, centred face to where it is in the picture. */
function frameToPicture(anchor: FaceAnchor, view: HeadView, width: number, height: number) {
  const [lx, ly] = anchor.leftEye
  const [rx, ry] = anchor.rightEye
  const scale = Math.hypot(rx - lx, ry - ly) / view.eyeDistancePx
  const roll = Math.atan2(ry - ly, rx - lx)
  const [cx, cy] = [((lx + rx) / 2 + anchor.mouth[0]) / 2, ((ly + ry) / 2 + anchor.mouth[1]) / 2]
  const [cos, sin] = [scale * Math.cos(roll), scale * Math.sin(roll)]
  const [sx, sy] = view.shiftPx ?? [0, 0]
  return (x: number, y: number): [number, number] => {
    const [dx, dy] = [x - width / 2 - sx, y - height / 2 - sy]
    return [cx + cos * dx - sin * dy, cy + sin * dx + cos * dy]
  }
}

/** Bilinear; beyond the edge the edge goes on. */
function sample(picture: Picture, x: number, y: number, into: Uint8Array, at: number): void {
  const px = Math.min(Math.max(x, 0), picture.width - 1.001)
  const py = Math.min(Math.max(y, 0), picture.height - 1.001)
  const [x0, y0] = [Math.floor(px), Math.floor(py)]
  const [fx, fy] = [px - x0, py - y0]
  const stride = picture.width * 3
  const from = y0 * stride + x0 * 3
  for (let channel = 0; channel < 3; channel++) {
    const i = from + channel
    const upper = picture.rgb[i]! * (1 - fx) + picture.rgb[i + 3]! * fx
    const lower = picture.rgb[i + stride]! * (1 - fx) + picture.rgb[i + stride + 3]! * fx
    into[at + channel] = upper * (1 - fy) + lower * fy
  }
}

const wall = [122, 126, 132]

/** `beyond`: how far outside, in half head widths; a tenth of one is enough for a soft edge. */
function fadeToWall(rgb: Uint8Array, at: number, beyond: number): void {
  const share = Math.min(1, Math.max(0, beyond / 0.1))
  for (let channel = 0; channel < 3; channel++) {
    rgb[at + channel] = rgb[at + channel]! * (1 - share) + wall[channel]! * share
  }
}

function lightAndNoise(rgb: Uint8Array, view: HeadView): void {
  let state = 0x9e3779b9 ^ Math.round(view.yaw * 1000 + view.pitch * 7919 + view.light * 104729)
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  for (let i = 0; i < rgb.length; i++) {
    // The sum of three uniform numbers is near enough to a Gaussian for a sensor.
    const noise = view.noise > 0 ? (random() + random() + random() - 1.5) * 2 * view.noise : 0
    rgb[i] = Math.min(255, Math.max(0, Math.round(rgb[i]! * view.light + noise)))
  }
}
