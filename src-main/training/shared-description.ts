import type { RunDescription } from './run-description.ts'

/**
 * What a trained network's file says of its run: how it was trained, but no path of this machine and no name of a class,
 * which may be a person.
 */
export function sharedDescription({ dataSet, classes, from, ...how }: RunDescription): object {
  return {
    dataSet: {
      kind: dataSet.kind,
      ...('framing' in dataSet && { framing: dataSet.framing }),
      ...('part' in dataSet && { part: dataSet.part }),
      ...('turned' in dataSet && { turned: dataSet.turned }),
    },
    ...(classes && { classes: classes.length }),
    from: from.kind,
    ...how,
  }
}
