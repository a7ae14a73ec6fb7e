/** Which photographs make up each step's batch. A step's batch depends on the seed and its number alone. */
export interface Sampler {
  batchSize: number
  /** Steps until every class has had its turn once. */
  stepsPerEpoch: number
  /** Indices into the labels, for a step counted from 0. */
  batch(step: number): number[]
}

/** Indices of each class's photographs, classes in order of first appearance. */
export function byClass(labels: ArrayLike<number>): Map<number, number[]> {
  const classes = new Map<number, number[]>()
  for (let i = 0; i < labels.length; i++) {
    const members = classes.get(labels[i]!)
    if (members) members.push(i)
    else classes.set(labels[i]!, [i])
  }
  return classes
}
