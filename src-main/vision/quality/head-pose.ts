import type { Pose, QualityMeasure } from '../../contract.ts'

const limits = {
  turned: 45, // degrees between the nose and the camera; guided views end at 35, of LFW's photographs 0.4 % lie beyond
  tilted: 45, // degrees of roll; the crop is turned upright, but the detectors begin to miss faces
}

/** How far the head is turned away or tilted; the worse of the two, in degrees, against its own limit. */
export function headPose({ roll, yaw, pitch }: Pose): QualityMeasure {
  const radians = Math.PI / 180
  const turned = Math.acos(Math.cos(yaw * radians) * Math.cos(pitch * radians)) / radians
  const tilted = Math.abs(roll)
  const tiltIsWorse = tilted / limits.tilted > turned / limits.turned
  const value = tiltIsWorse ? tilted : turned
  const limit = tiltIsWorse ? limits.tilted : limits.turned
  const passes = value <= limit
  const angle = `${Math.ceil(value)}°, ${limit}° at most`
  return {
    component: 'HeadPose',
    value,
    limit,
    unit: '°',
    passes,
    sentence: passes
      ? ''
      : tiltIsWorse
        ? `Hold your head upright: it is tilted by ${angle}`
        : `Turn your face to the camera: it points ${direction(yaw, pitch)} by ${angle}`,
  }
}

function direction(yaw: number, pitch: number): string {
  if (Math.abs(yaw) >= Math.abs(pitch)) return yaw > 0 ? 'to your left' : 'to your right'
  return pitch > 0 ? 'up' : 'down'
}
