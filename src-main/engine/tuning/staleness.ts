import { createHash } from 'node:crypto'
import type { Strangers, ThresholdChoice } from '../../contract.ts'
import type { Parts } from '../parts.ts'

/** Of everything that a measurement is made from but the model: changes whenever one photograph of it does. */
export function evidenceFingerprint({ gallery }: Pick<Parts, 'gallery'>, strangers: Strangers): string {
  const own = gallery.fingerprint()
  if (strangers.kind !== 'cohort') return own
  const theirs = createHash('sha256').update(gallery.cohorts.fingerprint(strangers.cohort)).digest('hex')
  return `${own} ${theirs.slice(0, 32)}`
}

/** Why a chosen threshold does not quite hold any more, in a sentence; null while it does. */
export function staleReason(
  parts: Pick<Parts, 'gallery' | 'model'>,
  choice: Pick<ThresholdChoice, 'model' | 'gallery' | 'strangers'>,
): string | null {
  if (choice.model.version !== parts.model.version)
    return 'It was chosen for another model, whose distances mean something else: it is used only as far as it is stricter, carried over. Choose again.'
  const now = evidenceFingerprint(parts, choice.strangers)
  if (choice.gallery === now) return null
  return choice.gallery.split(' ')[0] === now.split(' ')[0]
    ? 'The strangers it was measured on have changed since. It is still used; choose again.'
    : 'People or photographs have changed since it was chosen. It is still used; choose again.'
}
