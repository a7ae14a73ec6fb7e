import { drawStrangers } from '../../evaluation/virtual-strangers.ts'
import { random } from '../../learning/random.ts'
import type { Verdict } from '../../training/gate/gate.ts'
import { judge, type GateEvidence } from '../../training/gate/gate.ts'
import type { StrangersPart } from '../../training/gate/strangers-line.ts'
import { crossFitted } from '../../training/gallery-run/cross-fitted.ts'
import { ascending, equalThreshold } from '../../training/gallery-run/equal-threshold.ts'
import { applyToRows, type Head } from '../../training/gallery-run/head.ts'
import { formImpostors, rowsByPerson, type FormImpostors } from '../../training/gallery-run/form-impostors.ts'
import { healthOf } from '../../training/gallery-run/health-of.ts'
import { fewestJudges, rolesOf, whoMayNotJudge } from '../../training/gallery-run/network-judges.ts'
import { pairedAmong, pairedWithStrangers, type Both } from '../../training/gallery-run/pairing.ts'
import { cohortRows } from '../../training/gallery-run/retrain-gallery.ts'
import { trainingSet } from '../../training/gallery-run/training-set.ts'
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
  /** In every form: strangers who were imported, or else the people here among themselves. */
  forms: FormImpostors
  /** Who may not judge, in a sentence. */
  notes: string[]
}

/** What of the pre-trained embedding each model makes, where both are heads over it: then virtual strangers can be seen by both. */
export interface Heads {
  before: Head | null // null: the pre-trained one itself
  after: Head | null
}

/**
 * The gate for a model that was made elsewhere: everybody's held-out photographs under the model in use and under it,
 * strangers being the cohort that is not trained on, else virtual ones. Nobody of this gallery was in its training, as far
 * as its file says. Refuses with 'too-little'.
 * @param trained crops of strangers that trained either model: they do not judge
 */
export async function judgeImport(
  parts: Parts,
  before: EmbeddingsUnder,
  after: EmbeddingsUnder,
  heads: Heads | null,
  parity: number,
  trained: ReadonlySet<string>,
): Promise<Judged | Refusal> {
  const { gallery } = parts
  const { threshold, wantedFmr } = await galleryRunOf(parts)
  const both = bothSides(parts, before, after)
  const everybody = both.set.people.map((_, place) => place)
  const held = both.set.heldOut.reduce((sum, rows) => sum + rows.length, 0)
  if (everybody.length < 2 || held === 0)
    return refused(
      'too-little',
      'There are too few people with three photographs here to judge a model by: nothing was imported.',
    )
  const among = pairedAmong(both, everybody)
  const { cohort, leftOut } = cohortSides(gallery, trained, before, after)
  const virtual = cohort || !heads ? null : await virtualSides(parts, heads)
  const strangers = cohort ?? virtual
  const paired = strangers && pairedWithStrangers(both, everybody, strangers)
  // Hardly anybody gives no threshold: the people here, whom neither model was trained on as far as is known, do.
  const isSetByThem = strangers !== null && new Set(strangers.people).size >= fewestJudges
  const impostor = (isSetByThem ? paired! : among).impostor
  const moved = { before: threshold, after: equalThreshold(ascending(impostor), threshold) }
  const inWords = cohort
    ? 'people imported as strangers'
    : 'virtual strangers (a forecast: there is no cohort)'
  const parts_: StrangersPart[] = paired ? [{ ...paired, threshold: moved }] : []
  const atThreshold = paired && isSetByThem ? crossFitted(paired, threshold) : parts_
  const evidence: GateEvidence = {
    wantedFmr,
    gallery: [among],
    strangers: paired ? [{ inWords, parts: parts_, atThreshold }] : [],
    health: {
      before: healthOf(both.before, both.set.dimension, null, null),
      after: healthOf(both.after, both.set.dimension, null, null),
    },
    parity,
  }
  const verdict = judge(evidence)
  const people = verdict.people.map((own) => ({ ...own, person: both.set.people[own.person]! }))
  return {
    kind: 'judged',
    verdict: { ...verdict, people },
    threshold: moved,
    strangersInWords: paired ? inWords : 'nobody',
    forms: formImpostors(
      { ...both, dimension: embeddingLength, rows: rowsByPerson(both.set.owners) },
      cohort && { ...cohort, dimension: embeddingLength, rows: rowsByPerson(cohort.people) },
    ),
    notes: whoMayNotJudge(leftOut, cohort ? new Set(cohort.people).size : 0),
  }
}

function bothSides({ gallery }: Parts, before: EmbeddingsUnder, after: EmbeddingsUnder): Both {
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
  const set = under(before)
  return { set, before: set.vectors, after: under(after).vectors }
}

function cohortSides(
  gallery: Parts['gallery'],
  trained: ReadonlySet<string>,
  before: EmbeddingsUnder,
  after: EmbeddingsUnder,
) {
  const { judging, leftOut } = rolesOf(cohortRows(gallery), trained, 'head')
  const photographs = judging.filter(
    ({ photograph }) => before.strangers.has(photograph) && after.strangers.has(photograph),
  )
  if (photographs.length === 0) return { cohort: null, leftOut }
  const places = new Map<string, number>()
  const people = Int32Array.from(photographs, ({ person }) => {
    if (!places.has(person)) places.set(person, places.size)
    return places.get(person)!
  })
  const rows = (strangers: ReadonlyMap<number, Float32Array>) => {
    const vectors = new Float32Array(photographs.length * embeddingLength)
    for (const [i, { photograph }] of photographs.entries())
      vectors.set(strangers.get(photograph)!, i * embeddingLength)
    return vectors
  }
  return { cohort: { before: rows(before.strangers), after: rows(after.strangers), people }, leftOut }
}

const virtualPeople = 1000

async function virtualSides(parts: Parts, { before, after }: Heads) {
  const fitted = await (parts.pretrained ?? parts).strangers
  if (!fitted) return null
  const source = random(1, 'virtual strangers', 'import')
  const { vectors, people } = drawStrangers(fitted.model, virtualPeople, 1, source.uniform)
  const under = (head: Head | null) => (head ? applyToRows(vectors, embeddingLength, head) : vectors)
  return { before: under(before), after: under(after), people: Int32Array.from(people) }
}
