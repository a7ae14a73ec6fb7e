import type { Box } from '../contract.ts'
import type { Detection } from './detection.ts'

/** A face whose area is at least this share of the most prominent one's competes with it; smaller ones are background. */
const competingShare = 0.25

/** The face the picture was taken of first: large and central outweighs certain. */
export function byProminence(
  detections: readonly Detection[],
  picture: { width: number; height: number },
): Detection[] {
  return detections.toSorted((a, b) => prominence(b, picture) - prominence(a, picture))
}

/** How many faces may be meant: those about as large as the largest. */
export function competingFaces(boxes: readonly Box[]): number {
  const largest = Math.max(0, ...boxes.map(area))
  return boxes.filter((box) => area(box) >= competingShare * largest).length
}

const area = ({ width, height }: Box) => width * height

/** Area, falling off with the distance from the picture's middle: at its corners a face counts a quarter. */
function prominence({ box }: Detection, { width, height }: { width: number; height: number }): number {
  const x = (box.left + box.width / 2) / width - 0.5
  const y = (box.top + box.height / 2) / height - 0.5
  const offCentre = Math.hypot(x, y) / Math.SQRT1_2 // 0 in the middle, 1 at a corner
  return area(box) * (1 - 0.75 * Math.min(1, offCentre))
}
