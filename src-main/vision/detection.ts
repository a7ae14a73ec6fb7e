import type { Box } from '../contract.ts'

/** A box in which a detector sees a face. */
export interface Detection {
  box: Box
  score: number // 0–1
}

/** Share of the union of two boxes that both cover. */
export function intersectionOverUnion(first: Box, second: Box): number {
  const both = intersection(first, second)
  return both / (area(first) + area(second) - both)
}

/** Of the smaller of two boxes, the share beyond which it lies in the larger: one face, seen at two sizes. */
const nested = 0.7

/**
 * Greedy non-maximum suppression: best first, each box dropped that overlaps a better one by more than `overlap`
 * (intersection over union), or that nearly lies in it or it in this one. Heads side by side do neither.
 */
export function suppress(detections: readonly Detection[], overlap: number): Detection[] {
  const kept: Detection[] = []
  for (const detection of detections.toSorted((a, b) => b.score - a.score))
    if (!kept.some(({ box }) => isSameFace(box, detection.box, overlap))) kept.push(detection)
  return kept
}

function isSameFace(first: Box, second: Box, overlap: number): boolean {
  if (intersectionOverUnion(first, second) > overlap) return true
  return intersection(first, second) > nested * Math.min(area(first), area(second))
}

const area = ({ width, height }: Box) => width * height

function intersection(first: Box, second: Box): number {
  const right = Math.min(first.left + first.width, second.left + second.width)
  const bottom = Math.min(first.top + first.height, second.top + second.height)
  const width = right - Math.max(first.left, second.left)
  const height = bottom - Math.max(first.top, second.top)
  return width > 0 && height > 0 ? width * height : 0
}
