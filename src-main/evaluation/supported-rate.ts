import { ruleOfThree } from './binomial-bounds.ts'
import { doubtedFmr } from './doubt.ts'
import type { Comparisons } from './comparisons.ts'
import { peopleCompared } from './pairs-of-people.ts'
import type { PeopleCompared } from './pairs-of-people.ts'

export interface SupportedFmr {
  people: number
  pairsOfPeople: number
  /** The rule of three over pairs of people: the optimistic floor, as if no two pairs shared a person. */
  floor: number
  /** What these very comparisons bound when the threshold lets none through, people counted; null without them. */
  bound: number | null
  wanted: number
  supported: boolean
  /** How many people the wanted rate takes at least, by the same floor. */
  leastPeople: number
  sentence: string
}

/** What rate so many people can support at best, without an error. */
export function supportedFmr(
  people: number,
  wanted: number,
  compared: Comparisons | null = null,
): SupportedFmr {
  const against = compared?.behind ? peopleCompared(compared.behind) : null
  if (against && against.strangers > 0) return supportedByStrangers(against, wanted, compared!)
  const pairsOfPeople = pairs(people)
  const floor = pairsOfPeople > 0 ? ruleOfThree(pairsOfPeople) : 1
  const supported = reaches(pairsOfPeople, wanted)
  const leastPeople = leastPeopleFor(wanted)
  const own = `${people} ${people === 1 ? 'person supports' : 'people support'}`
  return {
    people,
    pairsOfPeople,
    floor,
    bound: compared?.behind ? doubtedFmr(compared, -1).upper95 : null,
    wanted,
    supported,
    leastPeople,
    sentence: supported
      ? `${own} ${percent(floor)} at best (no error among all pairs of people), which is enough for ${percent(wanted)}.`
      : people < 2
        ? `One person supports no false match rate: there is nobody to be mistaken for. ${leastPeople} people are the least for ${percent(wanted)}.`
        : `${own} ${percent(floor)} at best, not ${percent(wanted)}; ${leastPeople} people are the least for ${percent(wanted)}.`,
  }
}

/** Strangers who only probe: they are pairs with everybody enrolled, not with each other. */
function supportedByStrangers(
  { enrolled, strangers, pairs: pairsOfPeople }: PeopleCompared,
  wanted: number,
  compared: Comparisons,
): SupportedFmr {
  const floor = ruleOfThree(pairsOfPeople)
  const supported = reaches(pairsOfPeople, wanted)
  let least = Math.max(1, Math.floor(2.99 / wanted / enrolled))
  while (!reaches(least * enrolled, wanted)) least++
  const who = `${enrolled} ${enrolled === 1 ? 'person' : 'people'} against ${strangers} ${strangers === 1 ? 'stranger' : 'strangers'}`
  return {
    people: enrolled + strangers,
    pairsOfPeople,
    floor,
    bound: doubtedFmr(compared, -1).upper95,
    wanted,
    supported,
    leastPeople: enrolled + least,
    sentence: supported
      ? `${who} support ${percent(floor)} at best (no error among all pairs of people), which is enough for ${percent(wanted)}.`
      : `${who} support ${percent(floor)} at best, not ${percent(wanted)}; ${least} strangers are the least for ${percent(wanted)}.`,
  }
}

/** The fewest people whose pairs, without an error, bound the FMR by `wanted`. */
export function leastPeopleFor(wanted: number): number {
  let people = Math.max(2, Math.floor(Math.sqrt(5.9 / wanted)))
  while (!reaches(pairs(people), wanted)) people++
  while (people > 2 && reaches(pairs(people - 1), wanted)) people--
  return people
}

/** To three digits: the three of the rule of three is itself 2.9957 rounded up. */
function reaches(pairsOfPeople: number, wanted: number): boolean {
  return pairsOfPeople > 0 && Number(ruleOfThree(pairsOfPeople).toPrecision(3)) <= wanted * (1 + 1e-9)
}

function pairs(people: number): number {
  return (people * (people - 1)) / 2
}

/** A fraction as a percentage with two digits: 0.0454 is "4.5 %", 1e-4 "0.01 %". */
export function percent(fraction: number): string {
  return `${Number((fraction * 100).toPrecision(2))} %`
}
