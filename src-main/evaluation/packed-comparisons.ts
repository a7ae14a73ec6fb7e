import type { Comparisons } from './comparisons.ts'
import type { DistanceCounts } from './distance-counts.ts'
import type { PeopleBehind } from './doubt.ts'
import type { Form } from './form.ts'
import type { PairTail } from './pair-tail.ts'

/**
 * `Comparisons` as they cross a process or a socket: every typed array as its bytes, because MessagePack gives any
 * typed array back as bytes. About 1 MB for a small gallery, 7 MB at most. Nothing is lost.
 */
export interface PackedComparisons {
  form: Form
  people: number
  genuine: PackedCounts
  impostor: PackedCounts
  behind: PackedPeople | null
}

export type PackedCounts = Omit<DistanceCounts, 'exact' | 'cumulative'> & {
  exact: Uint8Array // float64
  cumulative: Uint8Array | null // float64
}

export type PackedTail = Pick<PairTail, 'end' | 'complete'> &
  Record<'distances' | 'probes' | 'references' | 'probePeople' | 'referencePeople', Uint8Array>

type PackedPeople = Record<
  Exclude<keyof PeopleBehind, 'impostorTail' | 'genuineTail' | 'impostorPairs' | 'symmetric'>,
  Uint8Array
> & {
  impostorTail: PackedTail
  genuineTail: PackedTail
  impostorPairs: Uint8Array | null
  symmetric: boolean
}

export function packComparisons({ form, people, genuine, impostor, behind }: Comparisons): PackedComparisons {
  return {
    form,
    people,
    genuine: packCounts(genuine),
    impostor: packCounts(impostor),
    behind: behind && {
      impostorTail: packTail(behind.impostorTail),
      genuineTail: packTail(behind.genuineTail),
      impostorComparisonsOf: bytesOf(behind.impostorComparisonsOf),
      genuineComparisonsOf: bytesOf(behind.genuineComparisonsOf),
      probesOf: bytesOf(behind.probesOf),
      genuine: bytesOf(behind.genuine),
      personOfProbe: bytesOf(behind.personOfProbe),
      personOfReference: bytesOf(behind.personOfReference),
      impostorProbes: bytesOf(behind.impostorProbes),
      impostorReferences: bytesOf(behind.impostorReferences),
      impostorPairs: behind.impostorPairs && bytesOf(behind.impostorPairs),
      symmetric: behind.symmetric,
    },
  }
}

/** What every function of this folder takes: rates and their bounds at any threshold need no further call. */
export function unpackComparisons(packed: PackedComparisons): Comparisons {
  const { form, people, genuine, impostor, behind } = packed
  return {
    kind: 'comparisons',
    form,
    people,
    genuine: unpackCounts(genuine),
    impostor: unpackCounts(impostor),
    behind: behind && {
      impostorTail: unpackTail(behind.impostorTail),
      genuineTail: unpackTail(behind.genuineTail),
      impostorComparisonsOf: new Float64Array(aligned(behind.impostorComparisonsOf)),
      genuineComparisonsOf: new Float64Array(aligned(behind.genuineComparisonsOf)),
      probesOf: new Float64Array(aligned(behind.probesOf)),
      genuine: new Uint32Array(aligned(behind.genuine)),
      personOfProbe: new Int32Array(aligned(behind.personOfProbe)),
      personOfReference: new Int32Array(aligned(behind.personOfReference)),
      impostorProbes: new Uint32Array(aligned(behind.impostorProbes)),
      impostorReferences: new Uint32Array(aligned(behind.impostorReferences)),
      impostorPairs: behind.impostorPairs && new Uint32Array(aligned(behind.impostorPairs)),
      symmetric: behind.symmetric,
    },
  }
}

function packCounts(counts: DistanceCounts): PackedCounts {
  const { exact, cumulative } = counts
  return { ...counts, exact: bytesOf(exact), cumulative: cumulative && bytesOf(cumulative) }
}

function unpackCounts(packed: PackedCounts): DistanceCounts {
  const { exact, cumulative } = packed
  return {
    ...packed,
    exact: new Float64Array(aligned(exact)),
    cumulative: cumulative && new Float64Array(aligned(cumulative)),
  }
}

function packTail({ end, complete, ...tail }: PairTail): PackedTail {
  return {
    end,
    complete,
    distances: bytesOf(tail.distances),
    probes: bytesOf(tail.probes),
    references: bytesOf(tail.references),
    probePeople: bytesOf(tail.probePeople),
    referencePeople: bytesOf(tail.referencePeople),
  }
}

function unpackTail({ end, complete, ...tail }: PackedTail): PairTail {
  return {
    end,
    complete,
    distances: new Float64Array(aligned(tail.distances)),
    probes: new Uint32Array(aligned(tail.probes)),
    references: new Uint32Array(aligned(tail.references)),
    probePeople: new Int32Array(aligned(tail.probePeople)),
    referencePeople: new Int32Array(aligned(tail.referencePeople)),
  }
}

function bytesOf(numbers: Float64Array | Uint32Array | Int32Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength).slice()
}

/** A copy that starts at a whole number: bytes inside a message may start anywhere. */
function aligned(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}
