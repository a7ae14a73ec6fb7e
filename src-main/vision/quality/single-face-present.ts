import type { Box, QualityMeasure } from '../../contract.ts'
import { competingFaces } from '../prominence.ts'

/** How many faces may be meant; people far in the background do not count. */
export function singleFacePresent(boxes: readonly Box[]): QualityMeasure {
  const faces = competingFaces(boxes)
  const passes = faces === 1
  return {
    component: 'SingleFacePresent',
    value: faces,
    limit: 1, // whose face is meant is not for the program to guess
    unit: 'faces',
    passes,
    sentence: passes ? '' : `Only one person may be in the picture: ${faces} faces can be seen`,
  }
}
