/** The part of the contract about retraining: runs, candidates and their reports, versions of the model, hard examples. */
import * as v from 'valibot'
import type { PersonId, PhotographId, Refusal } from '../contract.ts'
import type { BandedPoint } from '../evaluation/banded-det.ts'
import type { PackedComparisons } from '../evaluation/packed-comparisons.ts'

const Id = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(Number.MAX_SAFE_INTEGER))
const Word = v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,64}$/))
const Version = v.pipe(v.string(), v.minLength(1), v.maxLength(128))
const Job = v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(64))) // names what is heard of by 'progress'
const gives = <G>() => undefined as unknown as G

/** How much of the network is trained: its last linear layer (or a map after it), its last stage too, or everything. */
export const Depth = v.picklist(['head', 'stage', 'all'])
export type Depth = v.InferOutput<typeof Depth>

/** What trains: 'fastest' is the fastest that gives the CPU's result. */
export const Processor = v.picklist(['fastest', 'cpu', 'webgpu', 'dml', 'cuda', 'tensorflow'])
export type Processor = v.InferOutput<typeof Processor>

/** What the owner may choose of a run; what is left out or null is the usual of that depth. */
export const RetrainWish = v.object({
  depth: Depth,
  loss: v.optional(v.nullable(Word), null), // `id` of `RetrainOptions.losses`
  miner: v.optional(v.nullable(Word), null),
  steps: v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100_000))), null),
  learningRate: v.optional(v.nullable(v.pipe(v.number(), v.gtValue(0), v.maxValue(1))), null),
  /** Weight of staying near the similarities that the model in use sees. */
  distillation: v.optional(v.nullable(v.pipe(v.number(), v.minValue(0), v.maxValue(1000))), null),
  seed: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 31 - 1)), 1),
  processor: v.optional(Processor, 'fastest'),
})
export type RetrainWish = v.InferOutput<typeof RetrainWish>

/** A loss or a miner of the catalogue, to be chosen and to be read about. */
export interface LearningMethod {
  id: string
  name: string
  formula: string
  source: string
}

export interface RetrainOptions {
  losses: (LearningMethod & {
    /** Against class weights: no miner goes with it. */
    takesMiner: boolean
    usualMiner: string | null
  })[]
  miners: LearningMethod[]
  /** What a button alone would run. */
  usual: RetrainWish
  /** What was found about each processor here; empty until it has been tried ('retrain.processors'). */
  processors: ProcessorTried[]
}

/** One processor as its timed step left it; `trouble` is the exact reason why it is not used. */
export interface ProcessorTried {
  processor: Exclude<Processor, 'fastest'>
  device: string | null
  msPerStep: number | null
  /** Largest relative difference from the CPU's result. */
  difference: number | null
  trouble: string | null
  chosen: boolean
}

/** What a run would work with, before it is begun. */
export interface RetrainPlan {
  kind: 'plan'
  people: number
  photographs: number
  /** People with two photographs or more to train on. */
  trainable: number
  /** Photographs that do not train, to judge by. */
  heldOut: number
  cohortPeople: number
  mayTrainPeople: number
  virtualStrangers: boolean
  /** Kept probes that train; the notes say which do not, and why. */
  hardExamples: number
  /** Of those: said to be somebody else, and as like the person as their own photographs. To be looked at before training. */
  doubted: { id: number; person: PersonId; name: string }[]
  /** Whose photographs disagree with each other: to be looked at before training. */
  mixed: { person: PersonId; name: string; photographs: number }[]
  /** Every depth with what it costs here; seconds are measured on this machine, null where they were not yet. */
  depths: {
    depth: Depth
    recommended: boolean
    /** Why it is (not) recommended, or cannot be run. */
    why: string
    possible: boolean
    seconds: number | null
    /** The same on other processors of this machine, where it was measured. */
    elsewhere: { device: string; seconds: number }[]
  }[]
  processor: { processor: Processor; device: string; why: string }
  /** What this depth is run with where the wish leaves it open. */
  usual: { loss: string; miner: string | null; steps: number; learningRate: number; distillation: number }
  /** "37 people, 412 photographs, head, about 20 s on CPU; 9 s on …" */
  sentence: string
  /** Further sentences: what is mixed in, by whom it is judged. */
  notes: string[]
  /** Why no run can be made; null where one can. */
  trouble: string | null
}

export type RunId = number

/** A run that is going on, or the last one; the same for every window and the command line. */
export interface RetrainRun {
  run: RunId
  startedAt: number // ms since 1970
  endedAt: number | null
  startedFrom: 'page' | 'command-line'
  wish: RetrainWish
  /** What runs it, and why that. */
  device: string
  why: string
  state: 'running' | 'done' | 'cancelled' | 'failed'
  /** "Without 8 people, to judge by them" – which of how many trainings this is. */
  stage: { run: number; runs: number; what: string }
  /** Over all trainings of the run. */
  step: number
  steps: number
  imagesPerSecond: number | null
  remainingMs: number | null
  /** Thinned to a few hundred; `run` says of which training. */
  curve: RetrainPoint[]
  /** Set when it is done. */
  candidate: string | null
  /** Why it failed, in a sentence. */
  message: string | null
}

export interface RetrainPoint {
  run: number // training, from 1
  step: number // within it
  loss: number
  activeTriplets: number | null // share
  /** Mean ± deviation where known. */
  positive: { mean: number; deviation: number | null } | null
  negative: { mean: number; deviation: number | null } | null
  gradientNorm: number | null
  /** On held-out photographs, where it was measured at this step; a fraction. */
  heldOutFnmr: number | null
}

/** A line of the list of models. */
export interface ModelSummary {
  version: string
  /** "pre-trained", "retrained 3". */
  name: string
  inUse: boolean
  /** Whether the last promotion can be rolled back to it. */
  wayBack: boolean
  /** Why it cannot be put in use now, in a sentence; null where it can, or is in use. */
  notPromotable: string | null
  /** Null: the pre-trained one. */
  retrained: {
    parent: string
    /** The version that `verdict` and `sentence` compare it with: the one in use when it was judged, or judged again. */
    judgedAgainst: string
    madeAt: number // ms since 1970
    depth: Depth
    loss: string
    miner: string | null
    seed: number
    processor: string
    seconds: number
    people: number
    photographs: number
    /** In words: "1,000 virtual strangers". */
    others: string
    /** SHA-256 over the training photographs' crops and owners. */
    dataHash: string
    verdict: 'promote' | 'reject'
    sentence: string
    bytes: number
    /** A rejected network that nobody used or had judged again: it is here to be looked at, until the next candidate takes its place. */
    untilNextRun: boolean
    /** People who were forgotten since: what they looked like may still be in the model's numbers. */
    forgottenPeople: number
  } | null
}

/** One line of the gate. */
export interface GateLine {
  id: string
  title: string
  outcome: 'better' | 'not-worse' | 'worse' | 'not-judged'
  sentence: string
  /** What `before` and `after` are: a rate or another share of one, numbers of dimensions, or differences of numbers. */
  unit: 'share' | 'dimensions' | 'difference' | null
  before: number | null
  after: number | null
}

/** Two models on the same photographs and the same pairs. `unpackComparisons` makes histograms, curves and rates of them. */
export interface ModelComparison {
  kind: 'comparison'
  before: ModelSummary
  after: ModelSummary
  /** Held-out photographs against templates. */
  comparisons: {
    inWords: string // "gallery people", "40 people imported as strangers"
    before: PackedComparisons
    after: PackedComparisons
    /** Where each decides. */
    threshold: { before: number; after: number }
    /** Both curves with their 95 % bands over people. */
    det: { before: BandedPoint[]; after: BandedPoint[] }
  }[]
  /** Everybody's own errors and distances, those who lose most first. */
  people: {
    person: PersonId
    name: string
    comparisons: number
    errors: { before: number; after: number }
    meanDistance: { before: number; after: number }
  }[]
  /** Which photographs of the gallery these are: some may have come after the training. */
  notes: string[]
}

export interface CandidateReport {
  kind: 'report'
  model: ModelSummary
  verdict: 'promote' | 'reject'
  sentence: string
  /** The line that failed. */
  failed: string | null
  lines: GateLine[]
  /** What else is to be known of who judged, each a sentence. */
  notes: string[]
  mixed: { person: PersonId; name: string; photographs: number }[]
  run: RetrainRun | null
  /** When it was judged again, on the gallery as it was then; null where the report is the run's own. */
  judgedAgainAt: number | null // ms since 1970
}

/** The gallery's embeddings in the plane, by their two principal components under each model; the same scale for both. */
export interface EmbeddingMap {
  kind: 'map'
  before: { version: string; explained: number } // share of the variance in the plane
  after: { version: string; explained: number }
  points: {
    photograph: PhotographId
    person: PersonId
    name: string
    before: [number, number]
    after: [number, number]
  }[]
}

/** A probe that was decided wrongly, kept with consent for the next run. It never decides about anybody. */
export interface HardExample {
  id: number
  keptAt: number // ms since 1970
  /** 'not-them': accepted though it was somebody else. 'them': refused though it was them. */
  kind: 'not-them' | 'them'
  person: PersonId
  name: string
  distance: number
}

/** Which model came into use, when and how: a line of the activity. */
export interface ModelEvent {
  at: number // ms since 1970
  kind: 'promoted' | 'rolled-back'
  from: string // versions
  to: string
  /** By the command line's expert switch. */
  evenThoughRejected: boolean
  /** The same: another model than the one it replaced, where its report compares it with that. */
  evenThoughJudgedAgainst: string | null
  sentence: string
}

/** Added to `calls`. */
export const retrainingCalls = {
  'retrain.options': { takes: v.optional(v.object({}), {}), gives: gives<RetrainOptions>() },
  /** Times a real step on every processor, each in a process of its own; a minute at most. */
  'retrain.processors': {
    takes: v.object({ job: Job }),
    gives: gives<{ kind: 'processors'; processors: ProcessorTried[] }>(),
  },
  'retrain.plan': { takes: RetrainWish, gives: gives<RetrainPlan | Refusal>() },
  /** Refused with 'running' while a run goes on, here or on the command line. */
  'retrain.begin': { takes: RetrainWish, gives: gives<{ kind: 'begun'; run: RunId } | Refusal>() },
  'retrain.cancel': {
    takes: v.object({ run: Id }),
    gives: gives<{ kind: 'cancelled' } | Refusal>(),
  },
  /** The run that is going on, or the last one. */
  'retrain.run': { takes: v.optional(v.object({}), {}), gives: gives<RetrainRun | null>() },

  'models.list': { takes: v.optional(v.object({}), {}), gives: gives<ModelSummary[]>() },
  /** Newest first. */
  'models.events': { takes: v.optional(v.object({}), {}), gives: gives<ModelEvent[]>() },
  /** As the gate saw it. */
  'models.report': { takes: v.object({ version: Version }), gives: gives<CandidateReport | Refusal>() },
  /**
   * The gate once more for a candidate that is kept, against the model in use and on the gallery as it is now. No photograph
   * that is known here to have trained it judges: of a model that was trained elsewhere, that is nobody's of this gallery,
   * and whom its file names can only speak against it. What its run found worse and only a training can measure again still
   * speaks against it, and its thresholds become no laxer. Refuses with 'no-such-model', 'pre-trained', 'in-use',
   * 'way-back', 'unknown-training' (it cannot be told which photographs trained it), 'no-judges' (fewer than 20 people
   * imported as strangers, unless its report rested on virtual ones), 'too-little', 'other-network' and 'cancelled'; what
   * was said of it then stays.
   */
  'models.judge-again': {
    takes: v.object({ version: Version, job: Job }),
    gives: gives<
      { kind: 'judged'; version: string; verdict: 'promote' | 'reject'; sentence: string } | Refusal
    >(),
  },
  /** Any two, as the gallery is now: what is not embedded yet by one of them is, which takes time. */
  'models.compare': {
    takes: v.object({ before: Version, after: Version, job: Job }),
    gives: gives<ModelComparison | Refusal>(),
  },
  'models.map': {
    takes: v.object({ before: Version, after: Version, job: Job }),
    gives: gives<EmbeddingMap | Refusal>(),
  },
  /**
   * In one transaction; a rejected one, and one that was judged against another model than the one in use, is refused here
   * (the command line has expert switches).
   */
  'models.promote': {
    takes: v.object({ version: Version, job: Job }),
    gives: gives<{ kind: 'promoted'; version: string; photographs: number; without: number } | Refusal>(),
  },
  /** `lost`: people enrolled meanwhile whom it cannot compare, as no crop of them was kept that it could look at. */
  'models.roll-back': {
    takes: v.optional(v.object({}), {}),
    gives: gives<{ kind: 'rolled-back'; from: string; to: string; lost: number } | Refusal>(),
  },
  /** Never the one in use, the way back, or the pre-trained one. */
  'models.delete': {
    takes: v.object({ version: Version }),
    gives: gives<{ kind: 'deleted' } | Refusal>(),
  },
  /** A standalone ONNX file whose metadata holds its card, recipe and report. It was made from faces. */
  'models.export': {
    takes: v.object({ version: Version }),
    gives: gives<{ kind: 'exported'; fileName: string; bytes: Uint8Array } | Refusal>(),
  },
  /** Hash, parity and the gate again, on the gallery that is here: it comes in as a candidate. */
  'models.import': {
    takes: v.object({
      bytes: v.pipe(
        v.instance(Uint8Array),
        v.check((bytes) => bytes.byteLength <= 256 * 1024 * 1024, 'a file may hold 256 MiB at most'),
      ),
      job: Job,
    }),
    gives: gives<{ kind: 'imported'; version: string } | Refusal>(),
  },

  /** Keeps the best frame of an attempt that is not older than a few minutes. */
  'hard-example.keep': {
    takes: v.object({ attempt: Id, consent: v.literal(true) }),
    gives: gives<{ kind: 'kept'; id: number } | Refusal>(),
  },
  'hard-example.list': { takes: v.optional(v.object({}), {}), gives: gives<HardExample[]>() },
  'hard-example.drop': {
    takes: v.object({ id: Id }),
    gives: gives<{ kind: 'dropped' } | Refusal>(),
  },
  'hard-example.picture': {
    takes: v.object({ id: Id }),
    gives: gives<{ kind: 'jpeg'; jpeg: Uint8Array } | Refusal>(),
  },
} as const

/** Told without being asked. */
export interface RetrainingEvents {
  'retrain-changed': RetrainRun
}
