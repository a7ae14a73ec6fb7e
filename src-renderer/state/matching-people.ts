import type { PersonSummary } from '../../src-main/contract.ts'

/** People whose name holds every word of the search, whatever its accents and case. */
export function matching(people: PersonSummary[], search: string): PersonSummary[] {
  const words = plain(search).split(/\s+/).filter(Boolean)
  return people.filter((person) => words.every((word) => plain(person.name).includes(word)))
}

const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase()
