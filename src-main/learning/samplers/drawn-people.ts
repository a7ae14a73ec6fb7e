/** How many people a batch is drawn of: with several photographs each, and with one. */
export interface DrawnPeople {
  people: number
  singles: number
}

/**
 * As many people as wished, or as have two photographs; people with one are told from the others, half as many as wished
 * at most. Null where no two have two.
 * @param counted all people, and those of them with two photographs
 */
export function drawnPeople(
  wished: number,
  counted: { people: number; withPairs: number },
): DrawnPeople | null {
  const { people, withPairs } = counted
  if (withPairs < 2) return null
  return {
    people: Math.min(wished, withPairs),
    singles: Math.min(Math.floor(wished / 2), people - withPairs),
  }
}

/** All people, and those with two photographs, by whose each photograph is. */
export function countedPeople(labels: Iterable<number | string>): { people: number; withPairs: number } {
  const photographs = new Map<number | string, number>()
  for (const person of labels) photographs.set(person, (photographs.get(person) ?? 0) + 1)
  const withPairs = [...photographs.values()].filter((count) => count >= 2).length
  return { people: photographs.size, withPairs }
}
