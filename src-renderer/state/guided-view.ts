import type { Pose, Preview, View } from '../../src-main/contract.ts'
import { viewWords } from '../wording.ts'

/** Degrees that count as a view: far enough to show another side, near enough for the landmarks to hold. */
const frontWithin = 10
const turned = { least: 12, most: 38 }
const tilted = { least: 8, most: 30 }

export type Fit = { kind: 'fits' } | { kind: 'not-yet'; hint: string }

/** Whether the newest preview shows `view` well enough to be kept, or what to do about it. */
export function fitOf(view: View, preview: Preview | null): Fit {
  const ask = viewWords[view].ask
  if (!preview?.pose) return { kind: 'not-yet', hint: preview?.hint ?? 'Put your face into the ring' }
  const poor = preview.quality.find((measure) => !measure.passes && !belongsTo(view, measure.component))
  if (poor) return { kind: 'not-yet', hint: poor.sentence || ask }
  const towards = angleTowards(view, preview.pose)
  if (towards === null) return facesForward(preview.pose) ? { kind: 'fits' } : { kind: 'not-yet', hint: ask }
  const { angle, least, most } = towards
  if (angle < least) return { kind: 'not-yet', hint: ask }
  if (angle > most) return { kind: 'not-yet', hint: 'A little less far' }
  return { kind: 'fits' }
}

/** Turning the head is what is asked for, and lowered eyelids come with a lowered chin. */
const belongsTo = (view: View, component: string) =>
  component === 'HeadPose' || (component === 'EyesOpen' && view === 'down')

const facesForward = (pose: Pose) => Math.abs(pose.yaw) <= frontWithin && Math.abs(pose.pitch) <= frontWithin

function angleTowards(view: View, { yaw, pitch }: Pose) {
  switch (view) {
    case 'front':
      return null
    case 'left':
      return { angle: yaw, ...turned }
    case 'right':
      return { angle: -yaw, ...turned }
    case 'up':
      return { angle: pitch, ...tilted }
    case 'down':
      return { angle: -pitch, ...tilted }
  }
}
