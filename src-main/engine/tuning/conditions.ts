import type { CaptureConditions } from '../../evaluation/condition-contrasts.ts'
import type { Photograph } from '../../gallery/records.ts'
import type { Parts } from '../parts.ts'
import type { MeasuredGallery } from './measured-gallery.ts'

const dim = 0.35 // mean luminance of the face, of white; between the two the light is called even
const bright = 0.6

/** What each of the gallery's rows was taken under, as far as it is known. */
export function conditionsOf({ gallery }: Pick<Parts, 'gallery'>, of: MeasuredGallery): CaptureConditions {
  const kept = new Map(
    of.people.flatMap(({ person }) =>
      gallery.photographs(person).map((photograph) => [photograph.photograph, photograph] as const),
    ),
  )
  const each = (value: (photograph: Photograph) => string | null) =>
    of.photographs.map((photograph) => {
      const known = kept.get(photograph)
      return known ? value(known) : null
    })
  return {
    // A file that does not say when it was taken is kept under when it was handed in.
    day: each(({ source, taken, capturedAt }) =>
      source === 'camera' || taken?.dated ? dayOf(capturedAt) : null,
    ),
    camera: each(({ source, taken }) => (source === 'camera' ? 'camera' : (taken?.camera ?? 'file'))),
    light: each(({ quality }) =>
      lightOf(quality.find(({ component }) => component === 'Luminance')?.value ?? NaN),
    ),
  }
}

/** The day where the photograph was taken: the machine's own time zone. */
function dayOf(at: number): string {
  const date = new Date(at)
  const two = (number: number) => String(number).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

/** `luminance` is the mean of the face, 0–1. A dark skin in bright light is taken for a light one in dim light: it is a stand-in. */
export function lightOf(luminance: number): string | null {
  if (Number.isNaN(luminance)) return null
  return luminance < dim ? 'dim' : luminance < bright ? 'even' : 'bright'
}
