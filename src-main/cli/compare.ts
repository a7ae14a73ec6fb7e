import { severalFaces } from '../engine/burst.ts'
import { refused } from '../engine/refusal.ts'
import { decide, distanceBetween, thresholdFromCard } from '../engine/threshold.ts'
import type { Refusal, ThresholdInForce } from '../contract.ts'
import type { Face } from '../vision/face.ts'
import { firstFailing } from '../vision/quality/quality.ts'
import type { ReadPicture } from '../vision/read-picture.ts'
import { openModels } from './models.ts'
import { refusedOutcome, type Outcome } from './outcome.ts'
import { readPhotograph } from './photograph-files.ts'
import { shown } from './shown.ts'
import type { Terminal } from './terminal.ts'
import type { Networks } from '../engine/parts.ts'

/** Whether two photographs show the same person, without a gallery: photograph × photograph. */
export async function compare(
  first: string,
  second: string,
  { fmr }: { fmr: number },
  terminal: Terminal,
): Promise<Outcome> {
  // Decoded while the networks load: from the start of the process a second counts.
  const [{ networks, card }, ...read] = await Promise.all([
    openModels(terminal),
    readPhotograph(first),
    readPhotograph(second),
  ])
  const faces: Face[] = []
  for (const [i, path] of [first, second].entries()) {
    const found = await onlyFace(networks, path, read[i]!)
    if (found.kind === 'refused') return refusedOutcome(found)
    faces.push(found.face)
  }
  const form = 'photograph-photograph'
  const distance = distanceBetween(form, faces[0]!.embedding, faces[1]!.embedding)
  const threshold = thresholdFromCard(card, form, { template: 1, burst: 1 }, fmr)
  const { people, impostorPairs, note } = threshold
  const decision = decide(distance, threshold)
  return {
    exitCode: decision === 'match' ? 0 : 1,
    json: {
      kind: decision,
      distance: distance.value,
      threshold: {
        form,
        distance: threshold.distance,
        wantedFmr: threshold.wantedFmr,
        origin: { kind: 'card', people, impostorPairs, note },
      } satisfies ThresholdInForce,
      margin: threshold.distance - distance.value,
      model: { name: card.model, version: card.version },
    },
    text: [
      decision === 'match' ? 'match' : 'no match',
      `distance ${distance.value.toFixed(4)}, threshold ${threshold.distance.toFixed(4)} (${form}, FMR ${fmr})`,
      note,
    ],
  }
}

async function onlyFace(
  networks: Networks,
  path: string,
  read: ReadPicture | Refusal,
): Promise<{ kind: 'face'; face: Face } | Refusal> {
  if (read.kind === 'refused') return read
  const [face] = await networks.faces(read.picture, { source: 'file', embed: 'first' })
  if (!face) return refused('no-face', `No face was found in ${shown(path)}.`)
  const several = severalFaces(face)
  if (several)
    return refused('several-faces', `${several.faces} faces are in ${shown(path)}: one is compared.`)
  const failing = firstFailing(face.quality)
  if (failing) return refused('poor-quality', `${shown(path)}: ${failing.sentence}`)
  return { kind: 'face', face }
}
