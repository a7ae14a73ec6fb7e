import type { Interval } from './binomial-bounds.ts'
import type { Comparisons } from './comparisons.ts'
import { curveOf, detPoints } from './curves.ts'
import type { Curve, DetPoint } from './curves.ts'
import { bootstrapOverPeople } from './people-bootstrap.ts'
import type { Bands, BootstrapOptions } from './people-bootstrap.ts'
import type { Refused } from './refusal.ts'

/** A point of a DET curve, and where the truth may be; null where it is not known of enough errors who makes them. */
export interface BandedPoint extends DetPoint {
  fmrBand: Interval | null
  fnmrBand: Interval | null
}

/** A DET curve, its points evenly spread along a plot's axes, with its 95 % band over people. */
export interface BandedDet {
  kind: 'det'
  points: BandedPoint[]
  /** How the band was made; null where there is none. */
  method: Bands['method'] | null
}

/** The bootstrap takes nearly all of the time. Refuses with 'cancelled'; where no band can be made there is a curve without one. */
export async function bandedDet(
  compared: Comparisons,
  bootstrap: BootstrapOptions,
  curve: Curve = curveOf(compared),
): Promise<BandedDet | Refused> {
  const det = detPoints(curve, shownPoints).filter(({ threshold }) => threshold > -Infinity)
  const thresholds = Float64Array.from(det, ({ threshold }) => threshold)
  const bands = await bootstrapOverPeople(compared, thresholds, bootstrap)
  if (bands.kind === 'refused' && bands.reason === 'cancelled') return bands
  const known = bands.kind === 'bands' ? bands : null
  return {
    kind: 'det',
    points: det.map((point, i) => ({
      ...point,
      fmrBand: known?.fmr[i] ?? null,
      fnmrBand: known?.fnmr[i] ?? null,
    })),
    method: known?.method ?? null,
  }
}

const shownPoints = 64
