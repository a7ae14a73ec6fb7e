import type { CohortPhotographId, Refusal, Strangers } from '../../contract.ts'
import type { Embeddings } from '../../evaluation/embeddings.ts'
import type { StrangersCorrection } from '../../evaluation/forecast.ts'
import type { Form } from '../../evaluation/form.ts'
import { drawStrangers } from '../../evaluation/virtual-strangers.ts'
import { random } from '../../learning/random.ts'
import type { Parts } from '../parts.ts'
import { refused } from '../refusal.ts'
import { correctionFor } from '../strangers-model.ts'
import { hashStrangers } from './cohort-photographs.ts'

/** People who are not enrolled, to probe everybody's references. */
export interface StandIns {
  kind: 'stand-ins'
  embeddings: Embeddings
  rows: number[][] // of each stranger
  /** Of each row; null where the strangers are virtual. */
  photographs: CohortPhotographId[] | null
  /** Of each stranger, as in "stranger 12". */
  names: string[]
  inWords: string
  correction: StrangersCorrection | null
  notes: string[]
}

const virtualPeople = 4000 // 3/4,000 for a single enrolled person; more people, more pairs

/** Refuses, in a sentence, where there are none of the kind. */
export async function standIns(
  parts: Pick<Parts, 'gallery' | 'model' | 'strangers'>,
  strangers: Exclude<Strangers, { kind: 'gallery' }>,
  form: Form,
): Promise<StandIns | Refusal> {
  if (strangers.kind !== 'cohort') return virtual(parts, form)
  await hashStrangers(parts) // who trained the model in use is known by it
  return fromCohort(parts, strangers.cohort)
}

function fromCohort(
  { gallery, model }: Pick<Parts, 'gallery' | 'model'>,
  cohort: number | null,
): StandIns | Refusal {
  const everybody = gallery.cohorts.strangerEmbeddings(model.version, cohort)
  const trained = whoTrained(gallery, model.version)
  const stored = everybody.filter((one) => !trained.has(keyOf(one)))
  const leftOut = new Set(everybody.map(keyOf).filter((key) => trained.has(key))).size
  if (stored.length === 0)
    return refused(
      'no-strangers',
      gallery.cohorts.all().length === 0
        ? 'No strangers have been imported: import a folder of people who are not enrolled as a cohort first.'
        : leftOut > 0
          ? 'The model in use was trained on everybody in this cohort, and holds them apart better than strangers: a threshold chosen by them would be too lax. Import people whom it was not trained on.'
          : 'There is no photograph in this cohort.',
    )
  const dimension = stored[0]!.embedding.length
  const vectors = new Float32Array(stored.length * dimension)
  const owner = new Int32Array(stored.length)
  const place = new Map<string, number>()
  const rows: number[][] = []
  for (const [row, one] of stored.entries()) {
    const { embedding } = one
    const key = keyOf(one)
    if (!place.has(key)) {
      place.set(key, rows.length)
      rows.push([])
    }
    vectors.set(embedding, row * dimension)
    owner[row] = place.get(key)!
    rows[owner[row]!]!.push(row)
  }
  const people = rows.length
  const mayTrain = gallery.cohorts
    .all()
    .some((one) => (cohort === null || one.cohort === cohort) && one.mayTrain)
  return {
    kind: 'stand-ins',
    embeddings: { vectors, dimension, people: owner },
    rows,
    photographs: stored.map(({ photograph }) => photograph),
    names: [...place.keys()].map((key) => `stranger ${key.split(' ')[1]}`),
    inWords: `${people.toLocaleString('en')} ${people === 1 ? 'person' : 'people'} imported as strangers`,
    correction: null,
    notes: [
      ...(leftOut > 0
        ? [
            `${leftOut.toLocaleString('en')} ${leftOut === 1 ? 'person is' : 'people are'} left out: the model in use was trained on them, and holds them apart better than strangers.`,
          ]
        : []),
      ...(mayTrain
        ? [
            'These strangers may be trained on: a model that was trained on them is not judged fairly by them.',
          ]
        : []),
    ],
  }
}

const keyOf = ({ cohort, stranger }: { cohort: number; stranger: number }) => `${cohort} ${stranger}`

/** People of cohorts one of whose crops trained a model, or one that it descends from. */
function whoTrained(gallery: Parts['gallery'], version: string): ReadonlySet<string> {
  const crops = gallery.models.strangersThatTrained(version)
  if (crops.size === 0) return new Set()
  return new Set(
    gallery.cohorts
      .strangers()
      .filter(({ crop }) => crop !== null && crops.has(crop))
      .map(keyOf),
  )
}

async function virtual(
  { strangers, model }: Pick<Parts, 'strangers' | 'model'>,
  form: Form,
): Promise<StandIns | Refusal> {
  const fitted = await strangers
  if (!fitted || fitted.version !== model.version)
    return refused(
      'no-strangers',
      'The card of the model in use has no model of strangers to draw virtual ones from. Import a cohort instead.',
    )
  const correction = correctionFor(fitted, form)
  if (!correction)
    return refused(
      'no-strangers',
      'Virtual strangers were not checked against real people in this form of comparison. Import a cohort instead.',
    )
  const each = form.burstPhotographs
  const embeddings = drawStrangers(fitted.model, virtualPeople, each, random(1, 'virtual strangers').uniform)
  const worst = correction.worstRatio.toPrecision(2)
  return {
    kind: 'stand-ins',
    embeddings,
    rows: Array.from({ length: virtualPeople }, (_, person) =>
      Array.from({ length: each }, (_, i) => person * each + i),
    ),
    photographs: null,
    names: Array.from({ length: virtualPeople }, (_, i) => `virtual stranger ${i + 1}`),
    inWords: `${virtualPeople.toLocaleString('en')} virtual strangers (a forecast, not a measurement)`,
    correction,
    notes: [
      `Virtual strangers come from a Gaussian model of ${fitted.model.people.toLocaleString('en')} people photographed elsewhere. Their tail is too kind; it is corrected on ${correction.correction.heldOutPeople.toLocaleString('en')} other people, and the worst case is ${worst} times the forecast.`,
      'No virtual stranger knows this camera and its light: before one camera real strangers matched 5 to 20 times as often as photographs from elsewhere foretold. Import a cohort of your own where it matters.',
    ],
  }
}
