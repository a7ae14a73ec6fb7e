import type { Line } from '../../../src-main/training/gate/line.ts'

/** A made-up line of a verdict. */
export const said = (id: Line['id'], outcome: Line['outcome'], title: string = id): Line => ({
  id,
  title,
  outcome,
  sentence: `${title} was ${outcome}.`,
  before: null,
  after: 0,
})

/** The lines of a pool of strangers, titled as the gate's are. */
export const pool = (inWords: string, outcome: Line['outcome']) => [
  said('gallery-by-strangers', outcome, 'Gallery people recognised, impostors being strangers'),
  said('strangers', outcome, 'Strangers kept out at the threshold in use'),
  said('separation', outcome, `Genuine distances inside those of ${inWords}`),
  said('among-strangers', outcome, `TAR of ${inWords} among themselves`),
]
