import type { Box } from '../contract.ts'

/** A box in which a detector sees a face. */
export interface Detection {
  box: Box
  score: number // 0–1
}

/** Share of the union of two boxes that both cover. */
export function intersectionOverUnion(first: Box, second: Box): number {
  const width =
    Math.min(first.left + first.width, second.left + second.width) - Math.max(first.left, second.left)
  const height =
    Math.min(first.top + first.height, second.top + second.height) - Math.max(first.top, second.top)
  if (width <= 0 || height <= 0) return 0
  const both = width * height
  return both / (first.width * first.height + second.width * second.height - both)
}

/** Greedy non-maximum suppression: best first, each box dropped that overlaps a better one by more than `overlap`. */
export function suppress(detections: readonly Detection[], overlap: number, most = 100): Detection[] {
  const kept: Detection[] = []
  for (const detection of [...detections].sort((a, b) => b.score - a.score)) {
    if (kept.length === most) break
    if (kept.every(({ box }) => intersectionOverUnion(box, detection.box) <= overlap)) kept.push(detection)
  }
  return kept
}
