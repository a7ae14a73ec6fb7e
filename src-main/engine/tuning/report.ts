import type { Refusal } from '../../contract.ts'
import type { Comparisons } from '../../evaluation/comparisons.ts'
import { binsPerUnit } from '../../evaluation/distance-counts.ts'
import { doubtedFmr, doubtedFnmr } from '../../evaluation/doubt.ts'
import type { DoubtedRate } from '../../evaluation/doubt.ts'
import type { Findings } from '../../evaluation/findings.ts'
import { forecastFmr } from '../../evaluation/forecast.ts'
import type { Forecast, StrangersCorrection } from '../../evaluation/forecast.ts'
import { formInWords } from '../../evaluation/form.ts'
import type { Form } from '../../evaluation/form.ts'
import { supportedFmr } from '../../evaluation/supported-rate.ts'
import { cropFromPng } from '../../vision/kept-crop.ts'
import { jpegOf } from '../jpeg.ts'
import type { Parts } from '../parts.ts'
import { inWordsOf, type Measured } from './measured.ts'
import { tailPairs } from './pairs.ts'
import { reportPage } from './report-page.ts'
import { evidenceFingerprint } from './staleness.ts'
import { inForceFor } from './in-force.ts'

/** What a report says; its JSON. People are numbers in it, and names only where photographs were asked for. */
export interface Report {
  title: string
  at: string // ISO 8601
  model: { name: string; version: string }
  /** Of the list of people and photographs: equal for an equal gallery. */
  list: string
  form: Form & { inWords: string }
  strangers: string
  people: number
  strangerPeople: number
  photographs: number
  pairsOfPeople: number
  genuinePairs: number
  impostorPairs: number
  threshold: number
  thresholdFrom: string
  fmr: DoubtedRate
  fnmr: DoubtedRate
  forecast: Forecast | null
  supportedFmr: string[]
  findings: Findings
  byPerson: {
    label: string
    photographs: number
    genuineMean: number
    impostorMean: number
    sentences: string[]
  }[]
  limits: string[]
}

/** Two crops side by side, as JPEG data addresses. */
export interface ShownPair {
  distance: number
  left: { label: string; src: string | null }
  right: { label: string; src: string | null }
}

/** A report to be kept: one page that loads nothing, and the same as JSON. */
export async function reportOf(
  parts: Parts,
  { measured, findings }: { measured: Measured; findings: Findings },
  { threshold, photographs }: { threshold?: number; photographs: boolean },
): Promise<{ kind: 'report'; html: string; json: string } | Refusal> {
  const { subject, gallery } = measured
  const inForce = inForceFor(parts, subject.form)
  const fromCard = inForce.origin.kind === 'card' ? ', from the model’s card' : ''
  const report = compiled({
    compared: measured.compared,
    findings,
    correction: measured.strangers?.correction ?? null,
    at: parts.now(),
    model: parts.model,
    list: evidenceFingerprint(parts, subject.strangers),
    strangers: inWordsOf(measured),
    people: gallery.people.length,
    strangerPeople: measured.strangerPeople,
    photographs: gallery.photographs.length,
    pairsOfPeople: measured.pairsOfPeople,
    threshold: threshold ?? inForce.distance,
    thresholdFrom:
      threshold !== undefined ? 'given for this report' : `in force${fromCard}: ${inForce.origin.note}`,
    byPerson: measured.byPerson.map((each, i) => ({
      label: photographs ? each.name : `person ${i + 1}`,
      photographs: each.photographs,
      genuineMean: each.genuine.mean,
      impostorMean: each.impostor.mean,
      sentences: each.sentences,
    })),
    notes: [
      ...measured.notes,
      ...(measured.strangers
        ? []
        : ['Strangers are the other enrolled people: one from elsewhere may come nearer, or stay farther.']),
    ],
  })
  const pairs = photographs
    ? {
        alike: await shownPairs(parts, measured, 'alike-strangers'),
        unlike: await shownPairs(parts, measured, 'unlike-photographs'),
      }
    : null
  return { kind: 'report', html: reportPage(report, pairs), json: JSON.stringify(report, null, 2) }
}

/** What a report is made of, besides what is computed from the comparisons. */
export type ReportSource = Pick<
  Report,
  | 'findings'
  | 'model'
  | 'list'
  | 'strangers'
  | 'people'
  | 'strangerPeople'
  | 'photographs'
  | 'pairsOfPeople'
  | 'threshold'
  | 'thresholdFrom'
  | 'byPerson'
> & { compared: Comparisons; correction: StrangersCorrection | null; at: number; notes: string[] }

/** A report with its rates and bounds at the threshold, and its limits. */
export function compiled({ compared, correction, at, notes, ...source }: ReportSource): Report {
  const { genuine, impostor, form } = compared
  const { threshold } = source
  return {
    title: 'How well faces are told apart here',
    at: new Date(at).toISOString(),
    form: { ...form, inWords: formInWords(form) },
    genuinePairs: genuine.total,
    impostorPairs: impostor.total,
    fmr: doubtedFmr(compared, threshold),
    fnmr: doubtedFnmr(compared, threshold),
    forecast: correction && forecastFmr(correction, impostor, threshold),
    supportedFmr: correction
      ? []
      : [1e-2, 1e-3, 1e-4].map((wanted) => supportedFmr(compared.people, wanted, compared).sentence),
    limits: [
      ...notes,
      'A threshold belongs to its form of comparison, to its model and to the camera and light of these photographs.',
      'Nobody tried to deceive the camera: rates under attack (printed or shown faces, masks) are not measured.',
      'Comparisons are counted, not transactions: several attempts raise the rate of false accepts.',
      ...(impostor.cumulative
        ? [
            `Beyond the exact tail, counts are exact at every ${binsPerUnit.toLocaleString('en')}th of a unit of distance.`,
          ]
        : []),
    ],
    ...source,
  }
}

async function shownPairs(
  parts: Parts,
  measured: Measured,
  tail: 'alike-strangers' | 'unlike-photographs',
): Promise<ShownPair[]> {
  const shown: ShownPair[] = []
  for (const { distance, probe, reference } of tailPairs(measured, tail, 12, parts.gallery.notSame()))
    shown.push({
      distance,
      left: { label: probe.name, src: await source(parts, probe) },
      right: { label: reference.name, src: await source(parts, reference) },
    })
  return shown
}

async function source(
  { gallery }: Parts,
  { photograph, stranger }: { photograph: number | null; stranger: number | null },
): Promise<string | null> {
  const png =
    photograph !== null ? gallery.crop(photograph) : stranger !== null ? gallery.strangerCrop(stranger) : null
  if (!png) return null
  const jpeg = await jpegOf(await cropFromPng(png))
  return `data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}`
}
