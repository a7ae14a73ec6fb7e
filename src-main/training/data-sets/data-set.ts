import type { Picture } from '../../vision/face.ts'

/** Labelled pictures to train or judge on. */
export interface DataSet {
  classes: readonly string[]
  /** Class of each picture, an index into `classes`. */
  labels: Int32Array
  framing: Framing
  /** Decodes one picture. Throws with the file's name when it cannot be read. */
  picture(index: number): Promise<Picture>
}

/**
 * What a network sees of a picture: all of it, made square by its own border, or the standard crop in the middle of a
 * kept crop, whose margin leaves room for jitter.
 */
export type Framing = 'whole' | 'kept-crop'

/** A picture's place in a data set before it is decoded. */
export interface LabelledFile {
  class: string
  file: string
}

/** Puts files into classes, both in the order of their names, so that a folder gives the same data set everywhere. */
export function dataSetOf(
  files: readonly LabelledFile[],
  framing: Framing,
  decode: (file: string) => Promise<Picture>,
): DataSet {
  const byName = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  const sorted = [...files].sort((a, b) => byName(a.class, b.class) || byName(a.file, b.file))
  const classes = [...new Set(sorted.map((file) => file.class))]
  const numbers = new Map(classes.map((name, i) => [name, i]))
  return {
    classes,
    labels: Int32Array.from(sorted, (file) => numbers.get(file.class)!),
    framing,
    picture: (index) => decode(sorted[index]!.file),
  }
}

/** The pictures of some classes, as a data set of its own: the people held out, say. */
export function classesOf(set: DataSet, kept: (name: string, label: number) => boolean): DataSet {
  const classes = set.classes.filter(kept)
  const numbers = new Map(classes.map((name, i) => [name, i]))
  const indices = Array.from(set.labels.keys()).filter((i) => numbers.has(set.classes[set.labels[i]!]!))
  return {
    classes,
    labels: Int32Array.from(indices, (i) => numbers.get(set.classes[set.labels[i]!]!)!),
    framing: set.framing,
    picture: (index) => set.picture(indices[index]!),
  }
}
