import type { Crops } from '../people/kept-crops.ts'
import type { NetworkRun } from '../retrain-network.ts'

/** The gallery's rows, then hard examples, then those that are mixed in. */
export function together({ set, crop, png, mixIn, recipe, hardExamples }: NetworkRun): Crops {
  const others = recipe.others > 0 ? mixIn : null
  const own = set.owners.length
  const hard = hardExamples?.owners.length ?? 0
  const parts = [set.vectors, hardExamples?.vectors, others?.vectors].filter((part) => part !== undefined)
  const vectors = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    vectors.set(part, at)
    at += part.length
  }
  const whose = (row: number): [Pick<Crops, 'crop' | 'png'>, number] =>
    row < own
      ? [{ crop, png }, row]
      : row < own + hard
        ? [hardExamples!, row - own]
        : [others!, row - own - hard]
  const arePngs = png && (!hardExamples || hardExamples.png) && (!others || others.png)
  return {
    people: Int32Array.from([...set.owners, ...(hardExamples?.owners ?? []), ...(others?.people ?? [])]),
    vectors,
    crop(row) {
      const [crops, at] = whose(row)
      return crops.crop(at)
    },
    ...(arePngs && {
      png(row: number) {
        const [crops, at] = whose(row)
        return crops.png!(at)
      },
    }),
  }
}

/** Hard examples that belong to these people: who is left out of a training must not come in by the back door. */
export function hardRows({ set, hardExamples }: NetworkRun, people: readonly number[]) {
  const training = new Set(people)
  return Array.from(hardExamples?.owners ?? [], (owner, i) => ({
    row: set.owners.length + i,
    // A stranger who was taken for somebody is a person of their own, to be told from everybody.
    label: owner === -1 ? set.people.length + i : owner,
    belongs: training.has(owner === -1 ? hardExamples!.takenFor[i]! : owner),
  })).filter(({ belongs }) => belongs)
}
