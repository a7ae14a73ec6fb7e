import type {
  ComparedPair,
  ConfusablePair,
  Measurement,
  PairSide,
  Refusal,
  ThresholdInForce,
  TuningSubject,
} from '../../src-main/contract.ts'
import type { Comparisons } from '../../src-main/evaluation/comparisons.ts'
import { conditionContrastOf, conditionContrasts } from '../../src-main/evaluation/condition-contrasts.ts'
import { confusionMatrix } from '../../src-main/evaluation/confusion-matrix.ts'
import { confusablePairs } from '../../src-main/evaluation/confusable-pairs.ts'
import { findingsOf } from '../../src-main/evaluation/findings.ts'
import { formInWords } from '../../src-main/evaluation/form.ts'
import { measure } from '../../src-main/evaluation/measure.ts'
import { packComparisons } from '../../src-main/evaluation/packed-comparisons.ts'
import type { PairTail } from '../../src-main/evaluation/pair-tail.ts'
import { peopleCompared } from '../../src-main/evaluation/pairs-of-people.ts'
import { PeopleSpreads } from '../../src-main/evaluation/people-spreads.ts'
import { allPairsPlan, leaveOneOutPlan } from '../../src-main/evaluation/plan.ts'
import { zooOf } from '../../src-main/evaluation/zoo.ts'
import { seeded, syntheticGallery } from '../evaluation/gallery.ts'

/** A gallery of nobody: vectors drawn at random, measured by the very code that measures real ones. */
export interface DrawnGallery {
  names: string[]
  photographs: number // each
  spread: number // of one person's photographs
  dimension?: number
  draws?: number // of the bootstrap
}

export interface DrawnMeasurement {
  kind: 'drawn'
  measurement: Measurement
  compared: Comparisons
  pairs: Record<'alike-strangers' | 'unlike-photographs', ComparedPair[]>
}

export async function drawnMeasurement(
  { names, photographs, spread, dimension = 24, draws = 60 }: DrawnGallery,
  { form, strangers, burst }: TuningSubject,
  inForce: ThresholdInForce,
): Promise<DrawnMeasurement | Refusal> {
  const sizes = names.map((_, i) => photographs + (i % 3))
  const { embeddings, photographs: rows } = syntheticGallery(sizes, dimension, spread, 7)
  const plan =
    form === 'photograph-photograph'
      ? allPairsPlan(rows)
      : leaveOneOutPlan(rows, form === 'burst-template' ? burst : 1)
  const spreads = new PeopleSpreads(names.length)
  const compared = await measure(plan, embeddings, { byPerson: spreads })
  if (compared.kind === 'refused') return compared
  const findings = await findingsOf(compared, { random: seeded(11), draws })
  if (findings.kind === 'refused') return findings
  const alike = await confusablePairs(embeddings, rows)
  if (alike.kind === 'refused') return alike
  const zoo = zooOf(
    names.map((_, person) => ({
      person,
      genuineMean: spreads.genuine(person).mean,
      impostorMean: spreads.impostor(person).mean,
      probingMean: spreads.probing(person).mean,
    })),
  )
  const risky = alike.pairs.slice(0, 6).flatMap(({ a, b }) => [a, b])
  const matrix = confusionMatrix(plan, embeddings, [...new Set(risky)].slice(0, 12))
  // Half of the photographs of another day, a third from files, the light by chance.
  const conditions = await conditionContrasts(embeddings, {
    day: Array.from(embeddings.people, (_, row) => (row % 2 === 0 ? '2026-11-20' : '2026-11-21')),
    camera: Array.from(embeddings.people, (_, row) => (row % 3 === 0 ? 'file' : 'camera')),
    light: Array.from(embeddings.people, (_, row) => ['dim', 'even', 'bright'][(row * 7) % 3]!),
  })
  if (conditions.kind === 'refused') return conditions
  const one = (i: number) => ({ person: i + 1, name: names[i]! })
  const counted = peopleCompared(compared.behind!)
  const side = (subject: { person: number; photographs: number[] }): PairSide => ({
    ...one(subject.person),
    // Five people are drawn; the others borrow their pictures.
    photograph: ((subject.person % 5) + 1) * 10 + rows[subject.person]!.indexOf(subject.photographs[0]!),
    stranger: null,
    photographs: subject.photographs.length,
  })
  const pairsOf = (tail: PairTail): ComparedPair[] =>
    Array.from(tail.distances.subarray(0, 500), (distance, i) => ({
      distance,
      probe: side(plan.probes[tail.probes[i]!]!),
      reference: side(plan.references[tail.references[i]!]!),
      notSame: false,
    }))
  return {
    kind: 'drawn',
    compared,
    pairs: {
      'alike-strangers': pairsOf(compared.behind!.impostorTail),
      'unlike-photographs': pairsOf(compared.behind!.genuineTail),
    },
    measurement: {
      kind: 'measurement',
      form: { ...compared.form, form },
      formInWords: formInWords({ ...compared.form, form }),
      strangers,
      strangersInWords: 'the other people of this gallery',
      model: { name: 'FaceRecognitionNet', version: '1' },
      at: Date.now() - 60_000,
      people: names.length,
      strangerPeople: 0,
      photographs: embeddings.people.length,
      pairsOfPeople: counted.pairs,
      notes: [],
      comparisons: packComparisons(compared),
      findings,
      correction: null,
      byPerson: names.map((_, i) => ({
        ...one(i),
        photographs: rows[i]!.length,
        genuine: spreads.genuine(i),
        impostor: spreads.impostor(i),
        strangers: names.length - 1,
        nearest: alike.nearest[i]! >= 0 ? one(alike.nearest[i]!) : null,
        animals: zoo[i]!.animals,
        sentences: zoo[i]!.sentences,
      })),
      everyone: spreads.everyone(),
      confusable: alike.pairs
        .slice(0, 40)
        .map(({ a, b, distances }): ConfusablePair => ({ a: one(a), b: one(b), distances, notSame: false })),
      matrix: {
        people: matrix.people.map(one),
        nearest: matrix.nearest,
      },
      conditions: conditions.conditions.map(conditionContrastOf),
      acquisition: { failures: 3, of: 41 },
      inForce,
      choice: null,
    },
  }
}
