import type { ComparisonForm, MeasuredPerson, Refusal, TuningSubject } from '../../contract.ts'
import type { Comparisons } from '../../evaluation/comparisons.ts'
import { conditionContrastOf, conditionContrasts } from '../../evaluation/condition-contrasts.ts'
import type { ConditionContrast } from '../../evaluation/condition-contrasts.ts'
import { confusionMatrix } from '../../evaluation/confusion-matrix.ts'
import type { ConfusionMatrix } from '../../evaluation/confusion-matrix.ts'
import { confusablePairs } from '../../evaluation/confusable-pairs.ts'
import type { PeopleAlike } from '../../evaluation/confusable-pairs.ts'
import type { Embeddings } from '../../evaluation/embeddings.ts'
import type { Form } from '../../evaluation/form.ts'
import { measure } from '../../evaluation/measure.ts'
import { peopleCompared } from '../../evaluation/pairs-of-people.ts'
import { PeopleSpreads } from '../../evaluation/people-spreads.ts'
import type { Spread } from '../../evaluation/people-statistics.ts'
import { allPairsPlan, leaveOneOutPlan } from '../../evaluation/plan.ts'
import type { Plan } from '../../evaluation/plan.ts'
import { strangersPlan } from '../../evaluation/strangers-plan.ts'
import { zooOf } from '../../evaluation/zoo.ts'
import type { Job } from '../jobs.ts'
import type { Parts } from '../parts.ts'
import { refused } from '../refusal.ts'
import { conditionsOf } from './conditions.ts'
import { measuredGallery } from './measured-gallery.ts'
import type { MeasuredGallery } from './measured-gallery.ts'
import { multiplier } from './multiply.ts'
import { standIns } from './stand-ins.ts'
import type { StandIns } from './stand-ins.ts'

const mostInMatrix = 12 // rows and columns that still can be read side by side

/** A measurement as the engine keeps it: the comparisons, and whose photographs stand behind every index in them. */
export interface Measured {
  kind: 'measured'
  subject: TuningSubject
  compared: Comparisons
  plan: Plan
  /** Of the enrolled people alone, strangers left out. */
  ownPlan: Plan
  gallery: MeasuredGallery
  strangers: StandIns | null
  pairsOfPeople: number
  strangerPeople: number
  byPerson: MeasuredPerson[]
  everyone: Spread
  alike: PeopleAlike[]
  matrix: ConfusionMatrix
  conditions: ConditionContrast[]
  notes: string[]
}

/** "the other people of this gallery": which strangers a rate was measured on. */
export function inWordsOf({ strangers }: Pick<Measured, 'strangers'>): string {
  return strangers?.inWords ?? 'the other people of this gallery'
}

/** Compares everybody with everybody in one form. What the gallery cannot support is refused in a sentence. */
export async function measureGallery(
  parts: Parts,
  subject: TuningSubject,
  job: Pick<Job, 'signal'> & { progress(share: number): void },
): Promise<Measured | Refusal> {
  const gallery = measuredGallery(parts)
  if (gallery.people.length === 0)
    return refused(
      'nobody-enrolled',
      'Nobody is enrolled yet, so there is nothing to measure. Enrol somebody first.',
    )
  const own = ownPlan(parts, subject, gallery)
  if (own.plan.genuine.length === 0) return noGenuine(subject)
  const strangers =
    subject.strangers.kind === 'gallery' ? null : await standIns(parts, subject.strangers, own.plan.form)
  if (strangers?.kind === 'refused') return strangers
  if (!strangers && gallery.people.length < 2)
    return refused(
      'one-person',
      'One person supports no false match rate: there is nobody to be mistaken for. Enrol a second person, import a cohort, or measure against virtual strangers.',
    )

  const { embeddings, plan, notes } = joined(own.plan, gallery, strangers)
  const spreads = new PeopleSpreads(gallery.people.length + (strangers?.rows.length ?? 0))
  const multiply = await multiplier(embeddings.people.length, embeddings.dimension)
  const options = { multiply, signal: job.signal }
  const compared = await measure(plan, embeddings, {
    ...options,
    byPerson: spreads,
    onProgress: (done, total) => job.progress((0.6 * done) / total),
  })
  if (compared.kind === 'refused') return compared
  const alike = await confusablePairs(gallery.embeddings, gallery.rows, options)
  if (alike.kind === 'refused') return alike
  const taken = conditionsOf(parts, gallery)
  const conditions = await conditionContrasts(gallery.embeddings, taken, {
    ...options,
    onProgress: (done, total) => job.progress(0.7 + (0.3 * done) / total),
  })
  if (conditions.kind === 'refused') return conditions
  job.progress(1)

  const counted = peopleCompared(compared.behind!)
  return {
    kind: 'measured',
    subject,
    compared,
    plan,
    ownPlan: own.plan,
    gallery,
    strangers,
    pairsOfPeople: counted.pairs,
    strangerPeople: counted.strangers,
    byPerson: peopleOf(gallery, spreads, alike.nearest, strangers ? counted.strangers : counted.enrolled - 1),
    everyone: spreads.everyone(),
    alike: alike.pairs,
    matrix: confusionMatrix(own.plan, gallery.embeddings, riskiest(alike.pairs)),
    conditions: conditions.conditions.map(conditionContrastOf),
    notes: [...own.notes, ...notes, ...(strangers?.notes ?? [])],
  }
}

/** Who is compared with whom within the gallery; pairs marked as not the same person are no genuine ones. */
function ownPlan(
  parts: Parts,
  { form, burst }: TuningSubject,
  gallery: MeasuredGallery,
): { plan: Plan; notes: string[] } {
  const notes: string[] = []
  const withoutEmbedding = parts.gallery.stale(parts.model.version).length
  if (withoutEmbedding > 0)
    notes.push(
      `${withoutEmbedding} ${withoutEmbedding === 1 ? 'photograph is' : 'photographs are'} left out: the crop was not kept, so the model in use cannot read it.`,
    )
  const marked = parts.gallery.notSame().photographs
  if (form === 'photograph-photograph') {
    const plan = allPairsPlan(gallery.rows)
    const kept = withoutMarked(plan, gallery, marked)
    const left = (plan.genuine.length - kept.length) / 2
    if (left > 0)
      notes.push(
        `${left} genuine ${left === 1 ? 'pair is' : 'pairs are'} left out: marked as not the same person.`,
      )
    return { plan: { ...plan, genuine: kept }, notes }
  }
  const burstPhotographs = form === 'burst-template' ? burst : 1
  const plan = leaveOneOutPlan(gallery.rows, burstPhotographs)
  if (marked.length > 0)
    notes.push(
      `${marked.length} ${marked.length === 1 ? 'pair' : 'pairs'} of photographs marked as not the same person ${marked.length === 1 ? 'is' : 'are'} still in templates: drop the wrong photographs.`,
    )
  if (form === 'burst-template') {
    const without = gallery.rows.filter((rows) => rows.length <= burst).length
    notes.push(
      `Each burst is ${burst} enrolled photographs, which differ more than the frames of one burst do; measured bursts are this gallery’s best stand-in.`,
    )
    if (without > 0)
      notes.push(
        `${without} ${without === 1 ? 'person has' : 'people have'} too few photographs for a genuine burst of ${burst} against the others.`,
      )
  }
  return { plan: { ...plan, form: named(plan.form, form, burstPhotographs) }, notes }
}

/** A template of one photograph in the median is still compared as a template. */
function named(form: Form, wanted: ComparisonForm, burstPhotographs: number): Form {
  return form.form === wanted
    ? form
    : { form: wanted, templatePhotographs: form.templatePhotographs, burstPhotographs }
}

function withoutMarked(plan: Plan, gallery: MeasuredGallery, marked: [number, number][]): Uint32Array {
  if (marked.length === 0) return plan.genuine
  const keys = new Set(marked.map(([a, b]) => `${a} ${b}`))
  const photograph = (probe: number) => gallery.photographs[plan.probes[probe]!.photographs[0]!]!
  const kept: number[] = []
  for (let i = 0; i < plan.genuine.length; i += 2) {
    const [a, b] = [photograph(plan.genuine[i]!), photograph(plan.genuine[i + 1]!)]
    if (!keys.has(`${Math.min(a, b)} ${Math.max(a, b)}`)) kept.push(plan.genuine[i]!, plan.genuine[i + 1]!)
  }
  return Uint32Array.from(kept)
}

/** Everybody of the most alike pairs, as many as can be read in one matrix. */
function riskiest(alike: PeopleAlike[]): number[] {
  const people = new Set<number>()
  for (const { a, b } of alike) {
    if (people.size + (people.has(a) ? 0 : 1) + (people.has(b) ? 0 : 1) > mostInMatrix) break
    people.add(a).add(b)
  }
  return [...people]
}

/** Strangers' rows stand behind the gallery's, and strangers behind its people. */
export function joined(
  plan: Plan,
  gallery: MeasuredGallery,
  strangers: StandIns | null,
): { embeddings: Embeddings; plan: Plan; notes: string[] } {
  if (!strangers) return { embeddings: gallery.embeddings, plan, notes: [] }
  const { vectors, dimension, people } = gallery.embeddings
  const all = new Float32Array(vectors.length + strangers.embeddings.vectors.length)
  all.set(vectors)
  all.set(strangers.embeddings.vectors, vectors.length)
  const owner = new Int32Array(people.length + strangers.embeddings.people.length)
  owner.set(Int32Array.from(people))
  owner.set(
    Int32Array.from(strangers.embeddings.people, (person) => gallery.people.length + person),
    people.length,
  )
  const rows = strangers.rows.map((own) => own.map((row) => people.length + row))
  const { strangers: takingPart, ...withStrangers } = strangersPlan(plan, rows, gallery.people.length)
  const out = rows.length - takingPart
  return {
    embeddings: { vectors: all, dimension, people: owner },
    plan: withStrangers,
    notes:
      out > 0
        ? [
            `${out} of the strangers ${out === 1 ? 'has' : 'have'} too few photographs for a burst of ${plan.form.burstPhotographs} and ${out === 1 ? 'is' : 'are'} left out.`,
          ]
        : [],
  }
}

function peopleOf(
  { people, rows }: MeasuredGallery,
  spreads: PeopleSpreads,
  nearest: Int32Array,
  strangers: number,
): MeasuredPerson[] {
  const zoo = zooOf(
    people.map((_, person) => ({
      person,
      genuineMean: spreads.genuine(person).mean,
      impostorMean: spreads.impostor(person).mean,
      probingMean: spreads.probing(person).mean,
    })),
  )
  return people.map(({ person, name }, i) => ({
    person,
    name,
    photographs: rows[i]!.length,
    genuine: spreads.genuine(i),
    impostor: spreads.impostor(i),
    strangers,
    nearest: nearest[i]! >= 0 ? people[nearest[i]!]! : null,
    animals: zoo[i]!.animals,
    sentences: zoo[i]!.sentences,
  }))
}

function noGenuine({ form, burst }: TuningSubject): Refusal {
  return refused(
    'no-genuine',
    form === 'burst-template'
      ? `A burst of ${burst} photographs against a template of the others takes ${burst + 1} photographs of a person, and nobody has as many. Add photographs, or measure photograph × template.`
      : 'There is no second photograph of anyone, so nothing is known about false non-matches. Add photographs to a person.',
  )
}
