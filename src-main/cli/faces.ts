import type { Face } from '../vision/face.ts'
import { openModels } from './models.ts'
import type { Outcome } from './outcome.ts'
import { filesUnder, photographsAhead } from './photograph-files.ts'
import { count, shown } from './shown.ts'
import type { Terminal } from './terminal.ts'

/** Every face in photographs: where it is, where it looks, and what of its quality fails. */
export async function faces(paths: string[], terminal: Terminal): Promise<Outcome> {
  const { networks } = await openModels(terminal)
  const files = await filesUnder(paths)
  const progress = await terminal.progress(files.length, 'Looking for faces')
  const photographs: object[] = []
  const text: string[] = []
  let refusals = 0
  for await (const { path: file, read } of photographsAhead(files)) {
    if (read.kind === 'refused') {
      refusals++
      photographs.push({ file, refused: { reason: read.reason, message: read.message } })
      progress.say(`${shown(file)}: refused: ${read.message}`)
    } else {
      const { width, height } = read.picture
      const found = await networks.faces(read.picture, { source: 'file', embed: false })
      photographs.push({ file, width, height, note: read.note, faces: found.map(plain) })
      text.push(`${shown(file)}: ${count(found.length, 'face')}`, ...found.flatMap(inWords))
    }
    progress.step(photographs.length)
  }
  progress.stop()
  return { exitCode: refusals > 0 ? 2 : 0, json: { photographs }, text }
}

function plain({ box, score, pose, quality, landmarks }: Face) {
  return {
    box,
    score,
    pose,
    landmarks: Array.from(landmarks),
    quality,
    passes: quality.every((measure) => measure.passes),
    reasons: quality.filter((measure) => !measure.passes).map((measure) => measure.sentence),
  }
}

function inWords({ box, score, pose, quality }: Face): string[] {
  const place = `${box.width.toFixed(0)} × ${box.height.toFixed(0)} px at ${box.left.toFixed(0)}, ${box.top.toFixed(0)}`
  const angles = `roll ${pose.roll.toFixed(0)}°, yaw ${pose.yaw.toFixed(0)}°, pitch ${pose.pitch.toFixed(0)}°`
  const failing = quality.filter((measure) => !measure.passes)
  return [
    `  ${place}, score ${score.toFixed(2)}, ${angles}, quality ${failing.length === 0 ? 'good' : 'poor'}`,
    ...failing.map((measure) => `    ${measure.component}: ${measure.sentence}`),
  ]
}
