import type { AttemptOutcome, QualityMeasure, View } from '../src-main/contract.ts'

export type Tone = 'match' | 'no-match' | 'caution'

/** How each outcome is said and which of the three tones it carries. */
export const outcomes: Record<AttemptOutcome, { word: string; tone: Tone }> = {
  match: { word: 'Match', tone: 'match' },
  'no-match': { word: 'No match', tone: 'no-match' },
  'not-enrolled': { word: 'Not enrolled', tone: 'caution' },
  'no-face': { word: 'No face', tone: 'caution' },
  'several-faces': { word: 'Several faces', tone: 'caution' },
  'poor-quality': { word: 'Picture too poor', tone: 'caution' },
  'locked-out': { word: 'Locked', tone: 'caution' },
}

/** The five guided views in the order they are asked for. */
export const views: readonly View[] = ['front', 'left', 'right', 'up', 'down']

export const viewWords: Record<View, { word: string; ask: string }> = {
  front: { word: 'Front', ask: 'Look straight into the camera' },
  left: { word: 'Left', ask: 'Turn your head a little to your left' },
  right: { word: 'Right', ask: 'Turn your head a little to your right' },
  up: { word: 'Up', ask: 'Raise your chin a little' },
  down: { word: 'Down', ask: 'Lower your chin a little' },
}

const distanceFormat = new Intl.NumberFormat('en', { minimumFractionDigits: 3, maximumFractionDigits: 3 })
const countFormat = new Intl.NumberFormat('en')
const dateFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
const timeFormat = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})
const relativeFormat = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

/** A distance between unit-length embeddings, three decimals. */
export const distanceWords = (distance: number) => distanceFormat.format(distance)

export const countWords = (count: number, one: string, many: string) =>
  `${countFormat.format(count)} ${count === 1 ? one : many}`

/** A rate as people say it: 1e-4 is "1 in 10,000". */
export const rateWords = (rate: number) => `1 in ${countFormat.format(Math.round(1 / rate))}`

export const dateWords = (at: number) => dateFormat.format(at)
/** Today as it goes into a file's name: 2026-11-22. */
export const todayInFileName = () => new Date().toISOString().slice(0, 10)

export const timeWords = (at: number) => timeFormat.format(at)

/** How long ago, as coarse as it is useful: "3 minutes ago", "yesterday", then the date. */
export function agoWords(at: number, now = Date.now()): string {
  const seconds = (now - at) / 1000
  if (seconds < 45) return 'just now'
  if (seconds < 3600) return relativeFormat.format(-Math.round(seconds / 60), 'minute')
  if (seconds < 86_400) return relativeFormat.format(-Math.round(seconds / 3600), 'hour')
  if (seconds < 7 * 86_400) return relativeFormat.format(-Math.round(seconds / 86_400), 'day')
  return dateFormat.format(at)
}

/** What is left of a long job: "about 40 s left". */
export function remainingWords(ms: number | null): string {
  if (ms === null) return ''
  const seconds = Math.max(1, Math.round(ms / 1000))
  if (seconds < 60) return `about ${seconds} s left`
  return `about ${Math.round(seconds / 60)} min left`
}

const componentWords: Record<QualityMeasure['component'], string> = {
  SingleFacePresent: 'Single face',
  FaceCutOff: 'Face inside the picture',
  InterEyeDistance: 'Distance between the eyes',
  HeadPose: 'Head pose',
  Luminance: 'Light',
  UnderExposure: 'Dark parts',
  OverExposure: 'Burnt-out parts',
  DynamicRange: 'Range of light',
  Sharpness: 'Sharpness',
  EyesOpen: 'Eyes open',
}

/** A measured quality component in words: "Sharpness: 12, limit 20". */
export function measureWords(measure: QualityMeasure): string {
  const unit = measure.unit ? ` ${measure.unit}` : ''
  const number = (value: number) => (Number.isInteger(value) ? String(value) : value.toPrecision(3))
  return `${componentWords[measure.component]}: ${number(measure.value)}${unit}, limit ${number(measure.limit)}${unit}`
}

/** Share of the components that pass, 0–1. */
export const qualityShare = (quality: QualityMeasure[]) =>
  quality.length === 0 ? 0 : quality.filter((measure) => measure.passes).length / quality.length

/** The contract's limit on what one call carries to the engine, in bytes. */
export const largestFileBytes = 256 * 1024 * 1024

/** How a gallery file gets in that is too large for this page; null where it is not. */
export function largeGalleryWords(bytes: number): string | null {
  return bytes > largestFileBytes
    ? 'The file is larger than the 256 MiB that this page can take in. Import it on the command line: semblance import FILE.'
    : null
}
