type Point = readonly [x: number, y: number]

const foreheadRise = 0.55 // of the distance from chin to brows: where hair usually begins

/**
 * A closed, smooth line round the face from its 68 landmarks ([x0, y0, …], pixels): the jaw as it was found, the
 * forehead, which has no landmarks, raised from the brows. Gives the `d` of an SVG path.
 */
export function outlinePath(landmarks: readonly number[]): string {
  const at = (i: number): Point => [landmarks[2 * i] ?? 0, landmarks[2 * i + 1] ?? 0]
  const jaw = Array.from({ length: 17 }, (_, i) => at(i))
  const chin = at(8)
  const brows: Point = [(at(19)[0] + at(24)[0]) / 2, (at(19)[1] + at(24)[1]) / 2]
  const up: Point = [(brows[0] - chin[0]) * foreheadRise, (brows[1] - chin[1]) * foreheadRise]
  const [right, left] = [at(16), at(0)]
  const raised = (side: Point, lift: number, towardsMiddle: number): Point => [
    side[0] + (brows[0] - side[0]) * towardsMiddle + up[0] * lift,
    side[1] + (brows[1] - side[1]) * towardsMiddle + up[1] * lift,
  ]
  const forehead = [
    raised(right, 0.5, 0.06),
    raised(right, 0.85, 0.36),
    raised(brows, 0.96, 0),
    raised(left, 0.85, 0.36),
    raised(left, 0.5, 0.06),
  ]
  return smoothClosed([...jaw, ...forehead])
}

/** Catmull–Rom through the points, written as cubic Béziers. */
function smoothClosed(points: readonly Point[]): string {
  const n = points.length
  const p = (i: number) => points[(i + n) % n] ?? ([0, 0] as const)
  const text = ([x, y]: Point) => `${x.toFixed(1)} ${y.toFixed(1)}`
  const curves = points.map((_, i) => {
    const [before, from, to, after] = [p(i - 1), p(i), p(i + 1), p(i + 2)]
    const first: Point = [from[0] + (to[0] - before[0]) / 6, from[1] + (to[1] - before[1]) / 6]
    const second: Point = [to[0] - (after[0] - from[0]) / 6, to[1] - (after[1] - from[1]) / 6]
    return `C${text(first)} ${text(second)} ${text(to)}`
  })
  return `M${text(p(0))}${curves.join('')}Z`
}
