import { drawStrangers } from '../../evaluation/virtual-strangers.ts'
import { random } from '../../learning/random.ts'
import type { Depth } from '../../learning/networks/network.ts'
import type { CardEvidence } from '../../training/gate/card-line.ts'
import { judge, type GateEvidence, type Verdict } from '../../training/gate/gate.ts'
import type { Paired } from '../../training/gate/paired.ts'
import { virtualForms, type Moved } from '../../training/gallery-run/judging/candidate-card.ts'
import { crossFitted } from '../../training/gallery-run/judging/cross-fitted.ts'
import { ascending, equalThreshold } from '../../training/gallery-run/judging/equal-threshold.ts'
import { applyToRows, type Head } from '../../training/gallery-run/head/head.ts'
import { formImpostors, rowsByPerson } from '../../training/gallery-run/judging/form-impostors.ts'
import { cardCohortOf } from '../../training/gallery-run/judging/card-cohort.ts'
import { distanceMoved, healthOf } from '../../training/gallery-run/judging/health-of.ts'
import {
  fewestJudges,
  rolesOf,
  whoMayNotJudge,
  withoutPeople,
} from '../../training/gallery-run/people/cohort-roles.ts'
import {
  pairedAmong,
  pairedWithStrangers,
  strangersAmong,
  type Both,
} from '../../training/gallery-run/judging/pairing.ts'
import { cohortRows } from '../../training/gallery-run/people/cohort-people.ts'
import { trainingSet } from '../../training/gallery-run/people/training-set.ts'
import { embeddingLength } from '../../vision/face.ts'
import type { Parts } from '../parts.ts'
import { refused } from '../refusal.ts'
import type { Refusal } from '../../contract.ts'
import type { EmbeddingsUnder } from './embeddings-under.ts'
import { galleryRunOf } from './gallery-run.ts'

export interface Judged {
  kind: 'judged'
  verdict: Verdict
  threshold: { before: number; after: number }
  strangersInWords: string
  /** By whom the thresholds of its card are moved. */
  moved: Moved
  /** Who may not judge, in a sentence. */
  notes: string[]
  /** People imported as strangers who judged: both models can read them. */
  visitors: number
  hasVirtual: boolean
}

/** What of the pre-trained embedding each model makes, where both are heads over it: then virtual strangers can be seen by both. */
export interface Heads {
  before: Head | null // null: the pre-trained one itself
  after: Head | null
}

/** The newer model, and who may judge it. */
export interface Judging {
  heads: Heads | null
  /** Where it is a head: it, and the one that it began from (null: the one that changes nothing), over the same network. */
  moved?: { head: Head; from: Head | null } | null
  parity: number
  /** Crops of strangers that trained either model: they do not judge. */
  trained: ReadonlySet<string>
  /** Those of `trained` that this gallery knows of itself. */
  knownHere?: ReadonlySet<string>
  /** Photographs of this gallery that trained the newer one, where that is known: they do not judge either. */
  trainedHere?: ReadonlySet<number>
  /** At which it was trained here: a network's run spares some of those who may be trained on, to be judged by. */
  depth?: Depth
}

/**
 * The gate for a model whose run is not repeated here, as it was made elsewhere or a while ago: everybody's held-out photographs under the model in use and under it,
 * strangers being the cohort that is not trained on, and virtual ones where those are too few to judge alone. A file says
 * who may not judge it, so that it could choose its judges: a few alone promote nothing, and whom only the file names can
 * reject it all the same. Refuses with 'too-little'.
 */
export async function judgeImport(
  parts: Parts,
  before: EmbeddingsUnder,
  after: EmbeddingsUnder,
  {
    heads,
    moved: movedHead,
    parity,
    trained,
    knownHere = trained,
    trainedHere = new Set(),
    depth = 'head',
  }: Judging,
): Promise<Judged | Refusal> {
  const { threshold, wantedFmr } = await galleryRunOf(parts)
  const both = bothSides(parts, before, after, trainedHere)
  const everybody = both.set.people.map((_, place) => place)
  const held = both.set.heldOut.reduce((sum, rows) => sum + rows.length, 0)
  if (everybody.length < 2 || held === 0)
    return refused('too-little', 'There are too few people with three photographs here to judge a model by.')
  const among = pairedAmong(both, everybody)
  const { cohort, leftOut } = cohortSides(parts, { trained, depth }, before, after)
  const visitors = cohort ? new Set(cohort.people).size : 0
  const areTooFew = visitors < fewestJudges
  const virtual = areTooFew && heads ? await virtualSides(parts, heads) : null
  const byCohort = cohort && pairedWithStrangers(both, everybody, cohort)
  const named = cohortSides(parts, { trained: knownHere, depth, others: trained }, before, after)
  const byNamed = named.cohort && pairedWithStrangers(both, everybody, named.cohort)
  const byVirtual = virtual && pairedWithStrangers(both, everybody, virtual.once)
  const setting = areTooFew ? byVirtual : byCohort
  // The people here may have trained it, whatever its file says: what they pass at less is no reason to be laxer.
  const moved = {
    before: threshold,
    after: setting
      ? equalThreshold(ascending(setting.impostor), threshold)
      : Math.min(threshold, equalThreshold(ascending(among.impostor), threshold)),
  }
  const pool = (inWords: string, paired: Paired, seen: Visitors | null = null) => ({
    inWords,
    parts: [{ ...paired, threshold: moved }],
    ...(seen && { among: [strangersAmong(seen, embeddingLength)] }),
    ...(paired === setting && { atThreshold: crossFitted(paired, threshold) }),
  })
  const strangers: GateEvidence['strangers'] = [
    ...(byCohort ? [{ ...pool('people imported as strangers', byCohort, cohort), areTooFew }] : []),
    ...(byVirtual
      ? [
          pool(
            `virtual strangers (a forecast: ${cohort ? 'the cohort is too few to judge by alone' : 'there is no cohort'})`,
            byVirtual,
          ),
        ]
      : []),
    ...(byNamed
      ? [
          {
            ...pool('people whom it was trained on, as its file says', byNamed, named.cohort),
            onlyAgainst: true,
          },
        ]
      : []),
  ]
  const evidence: GateEvidence = {
    wantedFmr,
    gallery: [among],
    strangers,
    ...(cohort && cardOf(parts, cohort)),
    health: {
      before: healthOf(both.before, both.set.dimension, null, null),
      after: {
        ...healthOf(both.after, both.set.dimension, null, null),
        ...(movedHead && { moved: distanceMoved(movedHead.head, movedHead.from ?? undefined) }),
      },
    },
    parity,
  }
  const verdict = judge(evidence)
  const people = verdict.people.map((own) => ({ ...own, person: both.set.people[own.person]! }))
  const here = { ...both, dimension: embeddingLength, rows: rowsByPerson(both.set.owners) }
  return {
    kind: 'judged',
    verdict: { ...verdict, people },
    threshold: moved,
    strangersInWords: strangers.map(({ inWords }) => inWords).join('; ') || 'nobody',
    moved:
      cohort && !areTooFew
        ? {
            by: 'people it was not trained on',
            forms: [
              formImpostors(here, {
                ...cohort,
                dimension: embeddingLength,
                rows: rowsByPerson(cohort.people),
              }),
            ],
          }
        : virtual
          ? { by: 'virtual strangers', forms: [virtual.inForms] }
          : { by: 'gallery people', forms: [formImpostors(here, null)], isNeverLaxer: true },
    notes: [
      ...whoMayNotJudge(leftOut, visitors),
      ...(byNamed
        ? [
            'Whom nobody but its file says it was trained on can reject it all the same: they speak against it only.',
          ]
        : []),
    ],
    visitors,
    hasVirtual: virtual !== null,
  }
}

function bothSides(
  { gallery }: Parts,
  before: EmbeddingsUnder,
  after: EmbeddingsUnder,
  trainedHere: ReadonlySet<number>,
): Both {
  const rows = gallery
    .people()
    .flatMap(({ person }) => gallery.photographs(person))
    .filter(({ photograph }) => before.people.has(photograph) && after.people.has(photograph))
  const under = ({ people }: EmbeddingsUnder) =>
    trainingSet(
      rows.map(({ photograph, person, capturedAt }) => ({
        person,
        capturedAt,
        embedding: people.get(photograph)!,
      })),
    )
  const whole = under(before)
  const heldOut = whole.heldOut.map((own) => own.filter((row) => !trainedHere.has(rows[row]!.photograph)))
  const set = { ...whole, heldOut }
  return { set, before: set.vectors, after: under(after).vectors }
}

/** People of cohorts under both models, row by row, and the cohort that each is of. */
interface Visitors {
  before: Float32Array
  after: Float32Array
  people: Int32Array
  cohorts: number[]
}

/** @param others only of those who would not judge if these had trained as well */
function cohortSides(
  { gallery }: Parts,
  { trained, depth, others }: { trained: ReadonlySet<string>; depth: Depth; others?: ReadonlySet<string> },
  before: EmbeddingsUnder,
  after: EmbeddingsUnder,
): { cohort: Visitors | null; leftOut: number } {
  const rows = cohortRows(gallery)
  const { judging, leftOut } = rolesOf(rows, trained, depth)
  const judge = new Set(others && rolesOf(rows, others, depth).judging.map(({ person }) => person))
  const photographs = withoutPeople(judging, judge).filter(
    ({ photograph }) => before.strangers.has(photograph) && after.strangers.has(photograph),
  )
  if (photographs.length === 0) return { cohort: null, leftOut }
  const places = new Map<string, number>()
  const people = Int32Array.from(photographs, ({ person }) => {
    if (!places.has(person)) places.set(person, places.size)
    return places.get(person)!
  })
  const vectorsOf = (strangers: ReadonlyMap<number, Float32Array>) => {
    const vectors = new Float32Array(photographs.length * embeddingLength)
    for (const [i, { photograph }] of photographs.entries())
      vectors.set(strangers.get(photograph)!, i * embeddingLength)
    return vectors
  }
  return {
    cohort: {
      before: vectorsOf(before.strangers),
      after: vectorsOf(after.strangers),
      people,
      cohorts: photographs.map(({ cohort }) => cohort),
    },
    leftOut,
  }
}

/** Those of them whom the card of the model in use was measured on, where the user has imported them. */
function cardOf({ gallery, card }: Parts, seen: Visitors): { card: CardEvidence } | null {
  const found = cardCohortOf(card, (isNamed) => {
    const named = new Set(
      gallery.cohorts.all().flatMap(({ cohort, name }) => (isNamed(name) ? [cohort] : [])),
    )
    const rows = seen.cohorts.flatMap((cohort, row) => (named.has(cohort) ? [row] : []))
    return rows.length > 0 ? rowsOf(seen, rows) : null
  })
  return found && { card: { ...found, paired: strangersAmong(found.people, embeddingLength) } }
}

function rowsOf({ before, after, people }: Visitors, rows: readonly number[]) {
  const picked = (vectors: Float32Array) => {
    const found = new Float32Array(rows.length * embeddingLength)
    for (const [i, row] of rows.entries())
      found.set(vectors.subarray(row * embeddingLength, (row + 1) * embeddingLength), i * embeddingLength)
    return found
  }
  return {
    before: picked(before),
    after: picked(after),
    people: Int32Array.from(rows, (row) => people[row]!),
  }
}

const virtualPeople = 1000

async function virtualSides(parts: Parts, { before, after }: Heads) {
  const fitted = await (parts.pretrained ?? parts).strangers
  if (!fitted) return null
  const under = (vectors: Float32Array) => ({
    before: before ? applyToRows(vectors, embeddingLength, before) : vectors,
    after: after ? applyToRows(vectors, embeddingLength, after) : vectors,
  })
  const source = random(1, 'virtual strangers', 'import')
  const { vectors, people } = drawStrangers(fitted.model, virtualPeople, 1, source.uniform)
  return {
    once: { ...under(vectors), people: Int32Array.from(people) },
    inForms: virtualForms(parts.card, fitted.model, under),
  }
}
