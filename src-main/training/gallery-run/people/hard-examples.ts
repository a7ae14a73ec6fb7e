import type { Labelled, WronglyAccepted } from '../head/train-head.ts'

/** Probes that were decided wrongly, as the model in use embeds them. */
export interface HardExamples {
  vectors: Float32Array // examples × dimension, unit length
  /** Place of the person who was rejected wrongly; −1: a stranger who was accepted. */
  owners: Int32Array
  /** Place of the person whom a stranger was taken for; −1 beside an owner. */
  takenFor: Int32Array
}

/** Those that belong to the people who train: who is left out of a training must not come in by the back door. */
export function hardExamplesFor(
  { vectors, owners, takenFor }: HardExamples,
  people: readonly number[],
  dimension: number,
): { own: Labelled; wronglyAccepted: WronglyAccepted | null } {
  const training = new Set(people)
  const examples = [...owners.keys()]
  const own = examples.filter((i) => training.has(owners[i]!))
  const strangers = examples.filter((i) => owners[i] === -1 && training.has(takenFor[i]!))
  const gathered = (list: readonly number[]) => {
    const rows = new Float32Array(list.length * dimension)
    for (const [place, i] of list.entries())
      rows.set(vectors.subarray(i * dimension, (i + 1) * dimension), place * dimension)
    return rows
  }
  return {
    own: { vectors: gathered(own), dimension, labels: Int32Array.from(own, (i) => owners[i]!) },
    wronglyAccepted:
      strangers.length > 0
        ? { vectors: gathered(strangers), takenFor: Int32Array.from(strangers, (i) => takenFor[i]!) }
        : null,
  }
}
