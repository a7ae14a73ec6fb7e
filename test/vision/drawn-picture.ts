import type { Picture } from '../../src-main/vision/face.ts'

/** A picture drawn from a formula: `level(x, y, channel)` at pixel centres, 0–255. */
export function draw(
  width: number,
  height: number,
  level: (x: number, y: number, channel: number) => number,
): Picture {
  const rgb = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < 3; channel++)
        rgb[(y * width + x) * 3 + channel] = Math.min(
          255,
          Math.max(0, Math.round(level(x + 0.5, y + 0.5, channel))),
        )
  return { width, height, rgb }
}

/** Repeatable noise, 0–1: the same for the same seed (mulberry32). */
export function noise(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
