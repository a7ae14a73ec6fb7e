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
function prominence(detection: Detection, picture: { width: number; height: number }): number {
  const box = inside(detection.box, picture)
  const x = (box.left + box.width / 2) / picture.width - 0.5
  const y = (box.top + box.height / 2) / picture.height - 0.5
  const offCentre = Math.hypot(x, y) / Math.SQRT1_2 // 0 in the middle, 1 at a corner
  return area(box) * (1 - 0.75 * Math.min(1, offCentre))
}

/** What of a box can be seen: one that is found with a border round the picture may reach far into it. */
function inside(box: Box, { width, height }: { width: number; height: number }): Box {
  const left = Math.max(0, box.left)
  const top = Math.max(0, box.top)
  return {
    left,
    top,
    width: Math.max(0, Math.min(width, box.left + box.width) - left),
    height: Math.max(0, Math.min(height, box.top + box.height) - top),
  }
}
