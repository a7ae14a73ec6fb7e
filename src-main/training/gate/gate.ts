import { amongLine } from './among-line.ts'
import { cardLine, type CardEvidence } from './card-line.ts'
import { galleryLine } from './gallery-line.ts'
import { healthLine, type Health } from './health-line.ts'
import type { Line } from './line.ts'
import type { Paired } from './paired.ts'
import { parityLine } from './parity-line.ts'
import { changesOfPeople, peopleLine, type PersonChange } from './people-line.ts'
import { separationLine } from './separation-line.ts'
import { strangersLine, type StrangersPart } from './strangers-line.ts'

/** Everything that was measured about a candidate, before against after. Numbers only: no file, no model. */
export interface GateEvidence {
  wantedFmr: number
  /** Held-out photographs of gallery people against templates, impostors being gallery people. */
  gallery: readonly Paired[]
  /**
   * The same genuine comparisons, impostors being people in no training: those of people-disjoint folds, a cohort, or
   * virtual ones. Each pool is judged for itself.
   */
  strangers: readonly {
    inWords: string
    parts: readonly StrangersPart[]
    /** The same in halves, each at the threshold that the other gave, where these strangers are all that sets it. */
    atThreshold?: readonly StrangersPart[]
    /** These strangers among themselves, photograph × photograph, where they have several. */
    among?: readonly Paired[]
    /** They can show that it is worse, but are too few to show that it is not: others have to judge beside them. */
    areTooFew?: boolean
    /** They can show that it is worse and nothing else: whoever offers it says that it was trained on them. */
    onlyAgainst?: boolean
  }[]
  /** The cohort that the shipped reference statistics were measured on, where the user has it. */
  card?: CardEvidence
  health: { before: Health; after: Health }
  parity: number
}

/** Whether a candidate may replace the model in use, and every line that says so. */
export interface Verdict {
  kind: 'promote' | 'reject'
  lines: Line[]
  /** The first line that failed; null where the candidate is promoted, or nothing failed and nothing got better. */
  failed: Line['id'] | null
  sentence: string
  people: PersonChange[]
}

/**
 * Promotes only where no line is worse, the gallery and strangers, enough of them, could be judged, and something is better: the gallery,
 * the strangers, or, where errors are too few to tell, the separation.
 */
export function judge(evidence: GateEvidence): Verdict {
  const { wantedFmr, gallery, strangers, health, parity } = evidence
  const people = changesOfPeople(gallery, wantedFmr)
  const lines: Line[] = [healthLine(health.before, health.after), parityLine(parity)]
  // What is no number has no distances to judge.
  if (health.after.finite) {
    lines.push(
      galleryLine('gallery', gallery, wantedFmr),
      separationLine(gallery, wantedFmr, 'gallery people'),
    )
    for (const { inWords, parts, atThreshold = parts, among = [], onlyAgainst = false } of strangers) {
      const judged = [
        galleryLine('gallery-by-strangers', parts, wantedFmr),
        strangersLine(atThreshold, inWords),
        separationLine(parts, wantedFmr, inWords),
        amongLine(among, inWords),
      ]
      lines.push(...(onlyAgainst ? judged.map(noMerit) : judged))
    }
    lines.push(cardLine(evidence.card ?? null))
    lines.push(peopleLine(people))
  }
  const worse = lines.find(({ outcome }) => outcome === 'worse')
  const judged = (id: Line['id']) => lines.some((line) => line.id === id && line.outcome !== 'not-judged')
  const areEnough = strangers.some(
    ({ areTooFew, onlyAgainst, parts }) =>
      !areTooFew && !onlyAgainst && parts.some(({ impostor }) => impostor.people.length > 0),
  )
  const better = lines.filter(({ outcome }) => outcome === 'better')
  const reject = (sentence: string): Verdict => ({
    kind: 'reject',
    lines,
    failed: worse?.id ?? null,
    sentence,
    people,
  })
  if (worse) return reject(`Rejected: ${worse.title}. ${worse.sentence}`)
  if (!judged('gallery'))
    return reject(
      'Rejected: there are too few photographs to hold any out, so nothing says that it is no worse.',
    )
  if (!judged('strangers'))
    return reject('Rejected: there is nobody to stand for strangers, so nothing says that they are kept out.')
  if (!areEnough)
    return reject(
      'Rejected: too few people stand for strangers, so hardly anything says that they are kept out.',
    )
  if (better.length === 0)
    return reject('Rejected: nothing got worse, but nothing got better either beyond chance.')
  return {
    kind: 'promote',
    lines,
    failed: null,
    sentence: `Better: ${better.map(({ title }) => title.toLowerCase()).join('; ')}. Nothing is worse.`,
    people,
  }
}

function noMerit(line: Line): Line {
  return line.outcome === 'better' ? { ...line, outcome: 'not-worse' } : line
}
