/** How far one person's photographs are from their own and from others', on average; NaN where nothing was compared. */
export interface PersonMeans {
  person: number
  genuineMean: number
  impostorMean: number // others' probes against this person
  probingMean: number // this person's probes against others; the same where photograph meets photograph
}

/** Doddington et al. 1998; the last four Yager & Dunstone 2010. */
export type Animal = 'goat' | 'lamb' | 'wolf' | 'dove' | 'worm' | 'chameleon' | 'phantom'

export interface ZooPlace extends PersonMeans {
  animals: Animal[]
  /** In words, for the page. Empty for a sheep. */
  sentences: string[]
}

const fewest = 4 // people below whom quartiles say nothing

/**
 * Who is often refused (goats), easily taken for by others (lambs), taken for others (wolves), and Yager and
 * Dunstone's corners of both: a person in the worst or best quarter of the people in this gallery, so always some.
 */
export function zooOf(places: PersonMeans[]): ZooPlace[] {
  const [genuine, impostor, probing] = [
    quarters(places.map((place) => place.genuineMean)),
    quarters(places.map((place) => place.impostorMean)),
    quarters(places.map((place) => place.probingMean)),
  ]
  return places.map((place) => {
    const hardToMatch = place.genuineMean > genuine.high
    const easyToMatch = place.genuineMean < genuine.low
    const nearStrangers = place.impostorMean < impostor.low
    const farFromStrangers = place.impostorMean > impostor.high
    const found: [boolean, Animal, string][] = [
      [
        hardToMatch,
        'goat',
        'Often refused: their photographs differ from each other more than most people’s.',
      ],
      [nearStrangers, 'lamb', 'Easily imitated: strangers come nearer to them than to most.'],
      [
        place.probingMean < probing.low,
        'wolf',
        'Easily taken for others: their photographs come near other people.',
      ],
      [easyToMatch && farFromStrangers, 'dove', 'Matches well and is like nobody else.'],
      [
        hardToMatch && nearStrangers,
        'worm',
        'Matches badly and is like others: their threshold deserves a look.',
      ],
      [easyToMatch && nearStrangers, 'chameleon', 'Looks like everybody, themselves included.'],
      [hardToMatch && farFromStrangers, 'phantom', 'Looks like nobody, themselves included.'],
    ]
    const own = found.filter(([is]) => is)
    return { ...place, animals: own.map(([, animal]) => animal), sentences: own.map(([, , why]) => why) }
  })
}

function quarters(values: number[]): { low: number; high: number } {
  const known = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b)
  if (known.length < fewest) return { low: -Infinity, high: Infinity }
  const at = (share: number) => {
    const rank = share * (known.length - 1)
    const [below, above] = [known[Math.floor(rank)]!, known[Math.ceil(rank)]!]
    return below + (rank - Math.floor(rank)) * (above - below)
  }
  return { low: at(0.25), high: at(0.75) }
}
