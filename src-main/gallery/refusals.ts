import type { Refusal } from '../contract.ts'

export const notEnrolled: Refusal = {
  kind: 'refused',
  reason: 'not-enrolled',
  message: 'This person is not enrolled, or has been forgotten.',
}

export const noSuchPhotograph: Refusal = {
  kind: 'refused',
  reason: 'no-such-photograph',
  message: 'This photograph is not in the gallery, or has been dropped.',
}
