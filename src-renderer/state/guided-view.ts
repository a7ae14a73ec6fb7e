import type { Pose, Preview, View } from '../../src-main/contract.ts'
import { viewWords } from '../wording.ts'

/** Degrees that count as a view: a degree inside what the engine takes, whose landmarks differ a little from the preview's. */
const corridor = { front: 8, least: 12, most: 34, aside: 17 }

export type Fit = { kind: 'fits' } | { kind: 'not-yet'; hint: string }

/** Whether the newest preview shows `view` well enough to be kept, or what to do about it. */
export function fitOf(view: View, preview: Preview | null): Fit {
  const ask = viewWords[view].ask
  if (!preview?.pose) return { kind: 'not-yet', hint: preview?.hint ?? 'Put your face into the ring' }
  const poor = preview.quality.find(({ passes, component }) => !passes && component !== 'HeadPose')
  if (poor) return { kind: 'not-yet', hint: poor.sentence || ask }
  // Turning the head is what is asked for, so the pose is held against the view and not against its own limit.
  const { towards, aside } = angles(view, preview.pose)
  if (
    view === 'front'
      ? Math.max(Math.abs(towards), Math.abs(aside)) > corridor.front
      : towards < corridor.least
  )
    return { kind: 'not-yet', hint: ask }
  if (towards > corridor.most) return { kind: 'not-yet', hint: 'A little less far' }
  if (Math.abs(aside) > corridor.aside) return { kind: 'not-yet', hint: straighten[view] }
  return { kind: 'fits' }
}

const straighten: Record<View, string> = {
  front: viewWords.front.ask,
  left: 'Keep your chin level',
  right: 'Keep your chin level',
  up: 'Do not turn aside',
  down: 'Do not turn aside',
}

/** Degrees towards what is asked for, and in the other direction. */
function angles(view: View, { yaw, pitch }: Pose): { towards: number; aside: number } {
  switch (view) {
    case 'front':
    case 'left':
      return { towards: yaw, aside: pitch }
    case 'right':
      return { towards: -yaw, aside: pitch }
    case 'up':
      return { towards: pitch, aside: yaw }
    case 'down':
      return { towards: -pitch, aside: yaw }
  }
}
