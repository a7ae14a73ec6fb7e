import type { Depth } from '../../../learning/networks/network.ts'
import type { Strangers } from './strangers.ts'

/** A photograph of somebody in a cohort. */
export interface CohortRow {
  photograph: number
  /** The same for all photographs of one person. */
  person: string
  /** Known again in another cohort and in another run; null where it was not looked at yet. */
  crop: string | null
  mayTrain: boolean
}

/** Who of the cohorts trains and who judges; everybody in one role only. */
export interface CohortRoles<R extends CohortRow> {
  mayTrain: R[]
  judging: R[]
  /** People of cohorts that judge who may not: they trained the model in use or one it descends from, or are trained on now. */
  leftOut: number
}

/** People of cohorts, and the photograph that each row is. */
export interface CohortPeople extends Strangers {
  photographs: number[]
}

/** People of a cohort who can judge without others beside them: from these on no folds of a network are trained. */
export const fewestJudges = 20

/** People with two photographs: with fewer, too few are left to train the head of a fold on. */
export const fewestPeopleForHeadFolds = 5

/** People with two photographs: with fewer, half of them are too few to train a fold’s network on. */
export const fewestPeopleForNetworkFolds = 8

/** Whether there are people enough to leave some out in turn and judge by them; a network does so only where too few others judge. */
export function hasFolds(depth: Depth, withPairs: number, judges: number): boolean {
  return depth === 'head'
    ? withPairs >= fewestPeopleForHeadFolds
    : judges < fewestJudges && withPairs >= fewestPeopleForNetworkFolds
}

/**
 * Who trained an ancestor judges no descendant, whatever the cohort is called today. Folds would cost a network two more
 * trainings of minutes each: where many may be trained on and hardly anybody judges, a fifth of them judges instead, and
 * is in no training. Who that is follows from their crops, so that the next run asks the same.
 * @param trainedBefore crops that trained the model in use, or one that it descends from
 */
export function rolesOf<R extends CohortRow>(
  rows: readonly R[],
  trainedBefore: ReadonlySet<string>,
  depth: Depth,
): CohortRoles<R> {
  const mayTrain = rows.filter((row) => row.mayTrain)
  const wished = rows.filter((row) => !row.mayTrain)
  const trained = new Set([...trainedBefore, ...mayTrain.map(({ crop }) => crop)])
  const judging = withoutPeople(wished, peopleOf(wished, trained))
  const roles = { mayTrain, judging, leftOut: count(wished) - count(judging) }
  if (depth === 'head' || count(judging) >= fewestJudges) return roles

  const able = withoutPeople(mayTrain, peopleOf(mayTrain, trainedBefore))
  const spared = onceEach(inOrderOfCrops(able), able).slice(0, Math.floor(count(mayTrain) / judgesShare))
  if (spared.length < fewestJudges) return roles
  const isSpared = new Set(spared)
  const sparedRows = mayTrain.filter(({ person }) => isSpared.has(person))
  // The same person may be in two cohorts, under two numbers: under neither do they train.
  const sparedCrops = new Set(sparedRows.map(({ crop }) => crop))
  return {
    ...roles,
    mayTrain: withoutPeople(mayTrain, new Set([...isSpared, ...peopleOf(mayTrain, sparedCrops)])),
    judging: [...judging, ...sparedRows],
  }
}

const judgesShare = 5

/** Why some do not judge, each a sentence; nothing where everybody may. */
export function whoMayNotJudge(leftOut: number, left: number, depth: Depth = 'head'): string[] {
  if (leftOut === 0) return []
  const others =
    left === 0
      ? ' Nobody else was imported to judge: import people whom no model has seen.'
      : depth !== 'head' && left < fewestJudges
        ? ` ${left} of those who were imported are left: too few to judge a network by themselves, so folds of the enrolled people judge it too.`
        : ''
  const [people, trained] = leftOut === 1 ? ['person', 'does'] : ['people', 'do']
  return [
    `${leftOut.toLocaleString('en')} imported ${people} ${trained} not judge: the model in use, one that it descends from, or this one was trained on them.${others}`,
  ]
}

/** Different people. */
export function count(rows: readonly CohortRow[]): number {
  return new Set(rows.map(({ person }) => person)).size
}

/** People one of whose crops is among these. */
export function peopleOf(rows: readonly CohortRow[], crops: ReadonlySet<string | null>): Set<string> {
  return new Set(rows.filter(({ crop }) => crop !== null && crops.has(crop)).map(({ person }) => person))
}

export function withoutPeople<R extends CohortRow>(rows: readonly R[], people: ReadonlySet<string>): R[] {
  return rows.filter(({ person }) => !people.has(person))
}

/** Of who is there under two numbers, as a crop in common tells, the first. */
function onceEach(people: readonly string[], rows: readonly CohortRow[]): string[] {
  const crops = new Map(people.map((person): [string, string[]] => [person, []]))
  for (const { person, crop } of rows) if (crop !== null) crops.get(person)!.push(crop)
  const seen = new Set<string>()
  return people.filter((person) => {
    const own = crops.get(person)!
    const isKnown = own.some((crop) => seen.has(crop))
    for (const crop of own) seen.add(crop)
    return !isKnown
  })
}

/** A crop's hash is as good as a lot: no name and no order of a folder decides who judges. */
function inOrderOfCrops(rows: readonly CohortRow[]): string[] {
  const lot = new Map<string, string>()
  for (const { person, crop } of rows) {
    const own = crop ?? ''
    if (!lot.has(person) || own < lot.get(person)!) lot.set(person, own)
  }
  return [...lot].sort(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([person]) => person)
}
