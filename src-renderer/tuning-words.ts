import type { ComparisonForm, Wish } from '../src-main/contract.ts'
import type { DoubtedRate } from '../src-main/evaluation/doubt.ts'
import type { Forecast } from '../src-main/evaluation/forecast.ts'
import { shownDistance, shownRate, shownUpper } from '../src-main/evaluation/shown-rates.ts'
import type { Animal } from '../src-main/evaluation/zoo.ts'

/** The three forms of comparison, as the choice offers them. */
export const formItems: { value: ComparisonForm; label: string }[] = [
  { value: 'burst-template', label: 'Burst × template' },
  { value: 'photograph-template', label: 'Photograph × template' },
  { value: 'photograph-photograph', label: 'Photograph × photograph' },
]

/** Which form is measured, in a sentence. */
export const formSentences: Record<ComparisonForm, string> = {
  'burst-template': 'Three photographs fused against everything enrolled: what Verify does with the camera.',
  'photograph-template': 'One photograph against everything enrolled.',
  'photograph-photograph': 'One photograph against one.',
}

/** Both rates in one breath, for a screen reader. */
export function sayRates(
  threshold: number,
  fmr: DoubtedRate,
  fnmr: DoubtedRate,
  forecast: Forecast | null = null,
): string {
  const matches = forecast
    ? forecast.extrapolated
      ? 'false matches cannot be forecast here'
      : `false matches ${shownRate(forecast.fmr)} expected`
    : `false matches ${shownRate(fmr.rate)}, at most ${shownUpper(fmr.upper95).slice(2)}`
  return `Threshold ${shownDistance(threshold)}: ${matches}; false non-matches ${shownRate(fnmr.rate)}, at most ${shownUpper(fnmr.upper95).slice(2)}.`
}

/** How a threshold was wished for. */
export function wishWords(wish: Wish): string {
  switch (wish.by) {
    case 'fmr':
      return `for a false match rate of ${shownRate(wish.fmr)}`
    case 'eer':
      return 'where both errors are equal'
    case 'cost':
      return `by cost (false match ${wish.falseMatch}, false non-match ${wish.falseNonMatch}, impostors ${shownRate(wish.impostorPrior)} of claims)`
    case 'hand':
      return 'by hand'
  }
}

/** Doddington's and Yager's names, and whether they are a risk, a nuisance or neither. */
export const animalWords: Record<Animal, { word: string; tone: 'no-match' | 'caution' | 'match' | '' }> = {
  goat: { word: 'goat', tone: 'caution' },
  lamb: { word: 'lamb', tone: 'no-match' },
  wolf: { word: 'wolf', tone: 'no-match' },
  worm: { word: 'worm', tone: 'no-match' },
  chameleon: { word: 'chameleon', tone: 'caution' },
  phantom: { word: 'phantom', tone: 'caution' },
  dove: { word: 'dove', tone: 'match' },
}

/** A number stays with its percent sign when the line breaks. */
export const unbroken = (sentence: string) => sentence.replaceAll(' %', '\u00a0%')
