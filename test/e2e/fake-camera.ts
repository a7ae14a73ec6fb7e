import { closeSync, openSync, writeSync } from 'node:fs'
import type { Picture } from '../../src-main/vision/face.ts'

/**
 * Writes frames as a `.y4m` that Chromium's fake camera plays in a loop: 4:2:0, limited-range BT.601 (a full-range
 * file, such as ffmpeg's default for MJPEG, would shift the colours).
 */
export function writeFakeCamera(path: string, frames: Picture[], framesPerSecond: number): void {
  const { width, height } = frames[0]!
  const file = openSync(path, 'w')
  writeSync(file, `YUV4MPEG2 W${width} H${height} F${framesPerSecond}:1 Ip A1:1 C420mpeg2\n`)
  for (const frame of frames) {
    writeSync(file, 'FRAME\n')
    writeSync(file, toYuv420(frame))
  }
  closeSync(file)
}

function toYuv420({ width, height, rgb }: Picture): Uint8Array {
  const yuv = new Uint8Array(width * height * 1.5)
  for (let i = 0; i < width * height; i++) {
    yuv[i] = 16 + (65.481 * rgb[i * 3]! + 128.553 * rgb[i * 3 + 1]! + 24.966 * rgb[i * 3 + 2]!) / 255
  }
  let u = width * height
  let v = u * 1.25
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) {
      const mean = [0, 1, 2].map((channel) => {
        const at = (y * width + x) * 3 + channel
        return (rgb[at]! + rgb[at + 3]! + rgb[at + width * 3]! + rgb[at + width * 3 + 3]!) / 4 / 255
      })
      yuv[u++] = 128 - 37.797 * mean[0]! - 74.203 * mean[1]! + 112 * mean[2]!
      yuv[v++] = 128 + 112 * mean[0]! - 93.786 * mean[1]! - 18.214 * mean[2]!
    }
  }
  return yuv
}
