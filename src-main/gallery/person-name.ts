import type { NameRefusal, Refusal } from '../contract.ts'

const longestName = 200 // code points; longer than any name on record of a registry office, short enough for a line

/** What is wrong with a name, or null. A name that passes is kept exactly as it was typed. */
export function nameRefusal(name: string): (Refusal & { reason: `name-${NameRefusal}` }) | null {
  // By UTF-16 units first: a name of megabytes is not walked through.
  if (name.length > 2 * longestName || [...name].length > longestName) return refuse('too-long')
  // Lone surrogates cannot be written as UTF-8, so they would not be kept exactly.
  if (/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(name)) return refuse('control-characters')
  // Spaces, direction marks and zero-width joiners alone cannot be seen.
  if (!/[\p{L}\p{N}\p{P}\p{S}]/u.test(name)) return refuse('empty')
  return null
}

/** Why a name is refused, as the answer to give. */
export function refuse(why: NameRefusal): Refusal & { reason: `name-${NameRefusal}` } {
  return { kind: 'refused', reason: `name-${why}`, message: sentences[why] }
}

const sentences: Record<NameRefusal, string> = {
  empty: 'Type a name with at least one visible character.',
  'too-long': `A name may have ${longestName} characters at most: type a shorter one.`,
  'control-characters': 'The name holds a control character, such as a line break: type it without.',
  taken: 'Somebody of this name is already enrolled: choose a name that tells them apart.',
}

/**
 * Equal for names that count as the same: composed (NFC), without spaces at the ends, case folded. JavaScript has no
 * case folding; upper case and back is the nearest without a table (ß = SS = ss, every sigma alike).
 */
export function comparableName(name: string): string {
  return name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC').trim()
}
