import { join } from 'node:path'
import type { Picture } from '../../src-main/vision/face.ts'
import { writeFakeCamera } from './fake-camera.ts'
import { turnHead } from './head-turn.ts'
import { framesOf, people, samplePicture, type Hold, type PersonName } from './people.ts'

const framesPerSecond = 10
const still = { yaw: 0, pitch: 0, eyeDistancePx: 84, light: 1, noise: 2 }

/** What the fake camera sees, each scene played in a loop. */
const scenes = {
  /**
   * The views that a guided enrolment asks for, one after the other, held long enough to be caught. The photograph was
   * taken from above and a little aside, so its own pose is made up for first; "up" is out of a warp's reach from there.
   */
  enrolling: () =>
    framesOf('inGreen', [
      { ...still, yaw: 9, pitch: 40, frames: 25 },
      // Seen at 15–17.5° and at −15–16°, 14° aside at most: the engine takes 11–35° and 18° aside, its noise is 3°.
      { ...still, yaw: 38, pitch: 10, eyeDistancePx: 100, frames: 25 },
      { ...still, yaw: -19, pitch: 22, frames: 25 },
      { ...still, yaw: 8, pitch: 0, frames: 25 },
    ]),
  /** The same person on other pictures than those enrolled: nearer, darker, noisier, turned otherwise. */
  samePerson: () =>
    framesOf('inGreen', [{ yaw: 14, pitch: 26, eyeDistancePx: 97, light: 0.86, noise: 5, frames: 20 }]),
  otherPerson: () => framesOf('inBlack', [{ ...still, frames: 20 }]),
  nobody: async () => Array.from({ length: 10 }, () => wall()),
  twoPeople: () => neighbours('inGreen', { ...still, frames: 10 }),
}
export type SceneName = keyof typeof scenes

/** Writes the scenes as `.y4m` files into a folder outside the repository: they show faces. */
export async function writeScenes(folder: string, names: SceneName[]): Promise<Record<SceneName, string>> {
  const paths = {} as Record<SceneName, string>
  for (const name of names) {
    paths[name] = join(folder, `${name}.y4m`)
    writeFakeCamera(paths[name], await scenes[name](), framesPerSecond)
  }
  return paths
}

/** A person with whoever stands beside them on the photograph. */
async function neighbours(person: PersonName, hold: Hold): Promise<Picture[]> {
  const { sample, ...anchor } = people[person]
  const picture = await samplePicture(sample)
  return Array.from({ length: hold.frames }, (_, frame) =>
    turnHead(picture, anchor as never, { ...hold, yaw: Math.sin(frame) }),
  )
}

function wall(): Picture {
  return {
    width: 640,
    height: 480,
    rgb: new Uint8Array(640 * 480 * 3).map((_, i) => 110 + ((i * 2654435761) % 13)),
  }
}
