import { bandedDet } from './banded-det.ts'
import type { BandedPoint } from './banded-det.ts'
import { calibrate } from './calibration.ts'
import type { Calibration } from './calibration.ts'
import { chooseThreshold } from './choice.ts'
import type { Comparisons } from './comparisons.ts'
import { contrastOf, histogramOf } from './contrast.ts'
import type { Contrast, Histogram } from './contrast.ts'
import { areaUnder, curveOf, ratesByThreshold } from './curves.ts'
import { doubtedFmr, doubtedFnmr } from './doubt.ts'
import type { DoubtedRate } from './doubt.ts'
import { equalErrorRate } from './error-rates.ts'
import { forecastFmr, forecastThreshold } from './forecast.ts'
import type { Forecast, StrangersCorrection } from './forecast.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'
import { percent } from './supported-rate.ts'

/** Everything the page, the report and the command line show of one measurement; plain data. */
export interface Findings {
  kind: 'findings'
  eer: { rate: number; threshold: number; fmr: DoubtedRate; fnmr: DoubtedRate }
  /** The chance that a genuine distance is the smaller one. */
  area: number
  contrast: Contrast
  /** 128 bins over 0–2, exact counts. */
  histograms: { genuine: Histogram; impostor: Histogram }
  /** Evenly spread along a DET plot's axes, with its 95 % band where enough is known of who errs. */
  det: BandedPoint[]
  /** FMR and FNMR at evenly spaced thresholds. */
  byThreshold: { threshold: number; fmr: number; fnmr: number }[]
  operatingPoints: OperatingPointRow[]
  calibration: Calibration | Refused
  /** How the bounds and the band were made. */
  methods: { bounds: string; band: string | null }
}

/** The largest threshold that is held to `wantedFmr` by its bound, or why there is none. */
export type OperatingPointRow =
  | {
      kind: 'supported'
      wantedFmr: number
      threshold: number
      fmr: DoubtedRate
      fnmr: DoubtedRate
      /** Where the strangers are virtual: the rate to expect of real ones. */
      forecast: Forecast | null
    }
  | { kind: 'unsupported'; wantedFmr: number; sentence: string }

export interface FindingsOptions {
  random: () => number // from a seed: the page and the command line print the same digits
  draws?: number
  wantedFmrs?: number[]
  margin?: number // of the contrastive loss
  /** Given where the impostors are virtual strangers. */
  correction?: StrangersCorrection | null
  onProgress?: (done: number, total: number) => void
  signal?: AbortSignal
}

export const usualFmrs = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5]

/** Computes what there is to say about comparisons; the bootstrap takes nearly all of the time. */
export async function findingsOf(
  compared: Comparisons,
  { wantedFmrs = usualFmrs, margin = 1, correction = null, ...bootstrap }: FindingsOptions,
): Promise<Findings | Refused> {
  const curve = curveOf(compared)
  const det = await bandedDet(compared, bootstrap, curve)
  if (det.kind === 'refused') return det
  const eer = equalErrorRate(compared)
  return {
    kind: 'findings',
    eer: { ...eer, fmr: doubtedFmr(compared, eer.threshold), fnmr: doubtedFnmr(compared, eer.threshold) },
    area: areaUnder(curve),
    contrast: contrastOf(compared, margin),
    histograms: {
      genuine: histogramOf(compared.genuine, 128),
      impostor: histogramOf(compared.impostor, 128),
    },
    det: det.points,
    byThreshold: ratesByThreshold(compared, 256),
    operatingPoints: wantedFmrs.map((wantedFmr) => operatingPointRow(compared, wantedFmr, correction)),
    calibration: calibrate(compared),
    methods: {
      bounds: compared.behind
        ? 'Clopper–Pearson on effective comparisons over people (delete-one jackknife, Korn & Graubard 1998)'
        : 'Clopper–Pearson, comparisons taken as independent',
      band: det.method,
    },
  }
}

/** A row of the table of operating points; the bound, not the measured rate, is held to the wanted FMR. */
export function operatingPointRow(
  compared: Comparisons,
  wantedFmr: number,
  correction: StrangersCorrection | null = null,
): OperatingPointRow {
  const threshold = boundedThreshold(compared, wantedFmr, correction)
  // The way out stands once beside the table, not in each of its rows.
  if (typeof threshold !== 'number')
    return {
      kind: 'unsupported',
      wantedFmr,
      sentence: `${threshold.message.split('. ')[0]!.replace(/\.$/, '')}.`,
    }
  return {
    kind: 'supported',
    wantedFmr,
    threshold,
    fmr: doubtedFmr(compared, threshold),
    fnmr: doubtedFnmr(compared, threshold),
    forecast: correction && forecastFmr(correction, compared.impostor, threshold),
  }
}

/** The threshold for a wanted FMR: by the one-sided 95 % bound, or by the forecast's worst case where strangers are virtual. */
export function boundedThreshold(
  compared: Comparisons,
  wantedFmr: number,
  correction: StrangersCorrection | null = null,
): number | Refused {
  if (correction) {
    const found = forecastThreshold(correction, compared.impostor, wantedFmr)
    return found ?? refused('unsupported-rate', tooFar(correction, wantedFmr))
  }
  const source = { model: '', gallery: '', at: 0, cohort: '' }
  const choice = chooseThreshold(compared, { by: 'fmr', fmr: wantedFmr }, source)
  return choice.kind === 'refused' ? choice : choice.threshold
}

function tooFar({ correction, worstRatio }: StrangersCorrection, wantedFmr: number): string {
  const last = correction.points.at(-1)?.realFmr ?? 1
  return `Virtual strangers were checked down to ${percent(Math.min(1, last * worstRatio))} in the worst case, not to ${percent(wantedFmr)}. Import a cohort, or enrol more people.`
}
