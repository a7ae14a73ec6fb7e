import type {
  CallName,
  EventName,
  Events,
  Gives,
  HardExample,
  ModelEvent,
  ModelSummary,
  ProcessorTried,
  Refusal,
  RetrainPlan,
  RetrainPoint,
  RetrainRun,
  RetrainWish,
  Takes,
} from '../../src-main/contract.ts'
import { usualWish } from '../../src-main/engine/retraining/options.ts'
import { normal, seeded } from '../evaluation/gallery.ts'
import { drawnModels, type DrawnModels, type DrawnRun } from './drawn-models.ts'

type Tell = <E extends EventName>(event: E, body: Events[E]) => void
type Answers = { [N in CallName]?: (takes: Takes<N>) => Gives<N> | Promise<Gives<N>> }

const trainings = 6 // five without a fifth of the people, then one with everybody
const stepsEach = 200
const device = 'CPU (8 cores)'

export const pretrained: ModelSummary = {
  version: '1',
  name: 'pre-trained',
  inUse: true,
  wayBack: false,
  notPromotable: null,
  retrained: null,
}

export const triedProcessors: ProcessorTried[] = [
  { processor: 'cpu', device, msPerStep: 4.2, difference: 0, trouble: null, chosen: false },
  {
    processor: 'webgpu',
    device: 'Drawn GPU 780',
    msPerStep: 1.6,
    difference: 3.2e-6,
    trouble: null,
    chosen: true,
  },
  {
    processor: 'cuda',
    device: null,
    msPerStep: null,
    difference: null,
    trouble: 'libcublasLt.so.12: cannot open shared object file: No such file or directory',
    chosen: false,
  },
]

/** Answers the retraining calls: a run goes on in front of the page, and its candidate is judged by the real gate. */
export class ScriptedRetraining {
  names: string[] = []
  mixed: RetrainPlan['mixed'] = []
  trouble: string | null = null
  refusesPlan: Refusal | null = null
  refusesRun: Refusal | null = null
  /** What the next run makes of the gallery. */
  makes: DrawnRun = 'healthy'
  fails: string | null = null
  tickMs = 12
  stepsPerTick = 40
  /** The run stays at this step until `release`. */
  holdAt: number | null = null
  processors: ProcessorTried[] = []
  processorsMs = 60
  compareMs = 0
  models: ModelSummary[] = [pretrained]
  events: ModelEvent[] = []
  hardExampleList: HardExample[] = []
  refusesHardExample: Refusal | null = null
  doubtsHardExamples = false
  refusesImport: Refusal | null = null
  /** What comes of a candidate when it is judged again; a refusal where nobody can. */
  judgesAgain: DrawnRun | Refusal = 'healthy'
  /** Judging again goes on until this is settled. */
  judgingHeld: Promise<unknown> = Promise.resolve()
  crop: Uint8Array = new Uint8Array()
  run: RetrainRun | null = null
  readonly cancelled: Set<string>
  readonly #tell: Tell
  readonly #reports = new Map<string, { run: RetrainRun | null; kind: DrawnRun; judgedAgainAt?: number }>()
  readonly #drawn = new Map<DrawnRun, Promise<DrawnModels>>()
  #runs = 0
  #made = 0
  #examples = 0

  constructor(tell: Tell, cancelled: Set<string>) {
    this.#tell = tell
    this.cancelled = cancelled
  }

  drawn(kind: DrawnRun): Promise<DrawnModels> {
    const drawn = this.#drawn.get(kind) ?? drawnModels(this.names, kind)
    this.#drawn.set(kind, drawn)
    return drawn
  }

  /** A version that was made some time ago. */
  async addMade(kind: DrawnRun, change: Partial<ModelSummary> = {}, madeAt = Date.now() - 86_400_000) {
    const { verdict } = await this.drawn(kind)
    const version = `1-${(0x3fa2b81c + 0x1111 * ++this.#made).toString(16)}90de`
    const model: ModelSummary = {
      version,
      name: `retrained ${this.#made}`,
      inUse: false,
      wayBack: false,
      notPromotable: null,
      retrained: {
        parent: this.models.find((one) => one.inUse)?.version ?? '1',
        judgedAgainst: this.models.find((one) => one.inUse)?.version ?? '1',
        madeAt,
        depth: 'head',
        loss: 'triplet',
        miner: 'facenet-semi-hard',
        seed: 1,
        processor: device,
        seconds: 21.4,
        people: this.names.length,
        photographs: this.names.length * 8,
        others: '2,000 virtual strangers',
        dataHash: '9f2c41d07be3a856e0c1f7a2b3d4958617fa0c2e4b6d8f01a3c5e7092b4d6f81',
        verdict: verdict.kind,
        sentence: verdict.sentence,
        bytes: 65_980,
        untilNextRun: false,
        forgottenPeople: 0,
      },
      ...change,
    }
    this.models = [...this.models, model]
    this.#reports.set(version, { run: null, kind })
    return model
  }

  /** As `semblance retrain` in a terminal: nobody pressed a button here. */
  beginElsewhere() {
    this.#begin(usualWish, 'command-line')
  }

  release() {
    this.holdAt = null
  }

  /** Against the model in use; on the page, or as `semblance models judge` in a terminal. */
  async judgeAgain(version: string): Promise<Gives<'models.judge-again'>> {
    const made = this.#reports.get(version)
    if (!made) return this.#gone
    if (typeof this.judgesAgain === 'object') return this.judgesAgain
    this.#reports.set(version, { ...made, kind: this.judgesAgain, judgedAgainAt: Date.now() })
    const { kind: verdict, sentence } = (await this.drawn(this.judgesAgain)).verdict
    const judgedAgainst = this.models.find((one) => one.inUse)?.version ?? '1'
    this.models = this.models.map((one) =>
      one.version === version && one.retrained
        ? { ...one, notPromotable: null, retrained: { ...one.retrained, verdict, sentence, judgedAgainst } }
        : one,
    )
    this.#tell('gallery-changed', {})
    return { kind: 'judged', version, verdict, sentence }
  }

  #plan(wish: RetrainWish): RetrainPlan {
    const people = this.names.length
    const seconds = { head: 20, stage: 260, all: 1900 }
    const where = this.processors.length > 0 ? 'Drawn GPU 780' : device
    const depth = { head: 'head', stage: 'last stage', all: 'all layers' }[wish.depth]
    const cost = { head: 'about 20 s', stage: 'about 4 min', all: 'about 32 min' }[wish.depth]
    return {
      kind: 'plan',
      people,
      photographs: people * 8,
      trainable: people,
      heldOut: people * 3,
      cohortPeople: 0,
      mayTrainPeople: 0,
      virtualStrangers: true,
      hardExamples: this.hardExampleList.length,
      doubted: this.doubtsHardExamples
        ? this.hardExampleList.map(({ id, person, name }) => ({ id, person, name }))
        : [],
      mixed: this.mixed,
      depths: [
        {
          depth: 'head',
          recommended: true,
          why: 'So few people teach a head; more layers would learn them by heart.',
          possible: true,
          seconds: seconds.head,
          elsewhere: [],
        },
        {
          depth: 'stage',
          recommended: false,
          why: 'Worth trying from 100 people on, or under light that the head cannot undo.',
          possible: true,
          seconds: seconds.stage,
          elsewhere: [],
        },
        {
          depth: 'all',
          recommended: false,
          why: 'Edges and textures are learned anew too, which takes several times as long.',
          possible: true,
          seconds: null,
          elsewhere: [],
        },
      ],
      processor: {
        processor: this.processors.length > 0 ? 'webgpu' : 'cpu',
        device: where,
        why:
          this.processors.length > 0
            ? 'It is 2.6 times as fast as the CPU and gives its numbers.'
            : 'Other processors were not tried here yet.',
      },
      sentence: `${people} people, ${people * 8} photographs, ${depth}, ${cost} on ${where}`,
      usual: {
        loss: 'triplet',
        miner: wish.depth === 'head' ? 'batch-hard' : 'facenet-semi-hard',
        steps: wish.depth === 'head' ? 200 : 300,
        learningRate: wish.depth === 'head' ? 1e-3 : 3e-5,
        distillation: wish.depth === 'head' ? 10 : 3,
      },
      notes: [
        'Mixed in: 2,000 virtual strangers. Judged by: the people left out in turn, a fifth at a time.',
        'Three photographs of each person do not train: they judge.',
      ],
      trouble: this.trouble,
    }
  }

  #begin(wish: RetrainWish, startedFrom: RetrainRun['startedFrom']) {
    this.run = {
      run: ++this.#runs,
      startedAt: Date.now(),
      endedAt: null,
      startedFrom,
      wish,
      device,
      why: 'A head is trained over embeddings that are there already: the CPU does that in seconds.',
      state: 'running',
      stage: { run: 1, runs: trainings, what: 'Reading the photographs’ features' },
      step: 0,
      steps: trainings * stepsEach,
      imagesPerSecond: null,
      remainingMs: null,
      curve: [],
      candidate: null,
      message: null,
    }
    this.#tell('retrain-changed', this.run)
    void this.#goOn(this.run.run, seeded(wish.seed))
  }

  async #goOn(number: number, random: () => number) {
    for (;;) {
      // A run that a test leaves held keeps no process alive.
      await new Promise((resolve) => setTimeout(resolve, this.tickMs).unref())
      const run = this.run
      if (!run || run.run !== number || run.state !== 'running') return
      if (this.fails) {
        this.#end({ state: 'failed', message: this.fails })
        return
      }
      if (run.step >= run.steps) return this.#finish(run)
      if (this.holdAt !== null && run.step >= this.holdAt) continue
      const to = Math.min(run.steps, run.step + this.stepsPerTick, this.holdAt ?? Infinity)
      const curve = [...run.curve]
      for (let step = run.step + 10; step <= to; step += 10) curve.push(pointAt(step, random))
      const training = Math.min(trainings, Math.floor((to - 1) / stepsEach) + 1)
      this.run = {
        ...run,
        curve,
        step: to,
        stage: {
          run: training,
          runs: trainings,
          what: training < trainings ? 'Without 8 people, to judge by them' : 'With everybody',
        },
        imagesPerSecond: 5400 + 300 * random(),
        remainingMs: ((run.steps - to) / run.steps) * 20_000,
      }
      this.#tell('retrain-changed', this.run)
    }
  }

  async #finish(run: RetrainRun) {
    const { version } = await this.addMade(this.makes, {}, Date.now())
    this.#end({ state: 'done', candidate: version, remainingMs: 0, startedAt: run.startedAt })
    this.#reports.set(version, { run: this.run, kind: this.makes })
  }

  #end(change: Partial<RetrainRun>) {
    if (!this.run) return
    this.run = { ...this.run, ...change, endedAt: Math.max(Date.now(), this.run.startedAt + 21_400) }
    this.#tell('retrain-changed', this.run)
  }

  #use(version: string, before: string) {
    this.models = this.models.map((model) => ({
      ...model,
      inUse: model.version === version,
      wayBack: model.version === before,
    }))
  }

  async #between(before: string, after: string) {
    const [earlier, later] = [before, after].map((version) =>
      this.models.find((model) => model.version === version),
    )
    if (!earlier || !later) return null
    const drawn = await this.drawn(this.#reports.get(after)?.kind ?? 'healthy')
    return { earlier, later, drawn }
  }

  #note(kind: ModelEvent['kind'], from: string, to: string) {
    const called = (version: string) => this.models.find((one) => one.version === version)?.name ?? version
    this.events = [
      {
        at: Date.now(),
        kind,
        from,
        to,
        evenThoughRejected: false,
        evenThoughJudgedAgainst: null,
        sentence:
          kind === 'promoted'
            ? `${called(to)} was put in use, in place of ${called(from)}.`
            : `Rolled back from ${called(from)} to ${called(to)}.`,
      },
      ...this.events,
    ]
  }

  readonly #gone: Refusal = {
    kind: 'refused',
    reason: 'unknown-model',
    message: 'There is no such version any more.',
  }

  readonly answers: Answers = {
    // Only where it is asked for: the catalogue brings TensorFlow.js with it.
    'retrain.options': async () =>
      (await import('../../src-main/engine/retraining/options.ts')).retrainOptions(this.processors),
    'retrain.processors': async ({ job }) => {
      for (let waited = 0; waited < this.processorsMs; waited += 20) {
        if (job)
          this.#tell('progress', {
            job,
            done: waited,
            total: this.processorsMs,
            remainingMs: this.processorsMs - waited,
            what: 'Timing a step on WebGPU',
          })
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      this.processors = triedProcessors
      return { kind: 'processors', processors: this.processors }
    },
    'retrain.plan': (wish) => this.refusesPlan ?? this.#plan(wish),
    'retrain.begin': (wish) => {
      if (this.refusesRun) return this.refusesRun
      if (this.run?.state === 'running')
        return { kind: 'refused', reason: 'running', message: 'A run goes on already. Cancel it first.' }
      this.#begin(wish, 'page')
      return { kind: 'begun', run: this.#runs }
    },
    'retrain.cancel': () => {
      this.#end({ state: 'cancelled' })
      return { kind: 'cancelled' }
    },
    'retrain.run': () => this.run,
    'models.list': () => this.models,
    'models.events': () => this.events,
    'models.report': async ({ version }) => {
      const model = this.models.find((one) => one.version === version)
      const made = this.#reports.get(version)
      if (!model || !made) return this.#gone
      const { verdict, lines } = await this.drawn(made.kind)
      return {
        kind: 'report',
        model,
        verdict: verdict.kind,
        sentence: verdict.sentence,
        failed: verdict.failed,
        lines,
        notes: [],
        mixed: this.mixed,
        run: made.run,
        judgedAgainAt: made.judgedAgainAt ?? null,
      }
    },
    'models.judge-again': async ({ version }) => {
      await this.judgingHeld
      return this.judgeAgain(version)
    },
    'models.compare': async ({ before, after, job }) => {
      for (let waited = 0; waited < this.compareMs; waited += 50) {
        if (job && this.cancelled.has(job))
          return { kind: 'refused', reason: 'cancelled', message: 'The comparison was cancelled.' }
        if (job)
          this.#tell('progress', {
            job,
            done: waited,
            total: this.compareMs,
            remainingMs: this.compareMs - waited,
            what: 'Embedding the gallery with both models',
          })
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      const both = await this.#between(before, after)
      if (!both) return this.#gone
      return {
        kind: 'comparison',
        before: both.earlier,
        after: both.later,
        comparisons: both.drawn.comparisons,
        people: both.drawn.people,
        notes: ['Photographs that trained the later model are left out: three of each person judge.'],
      }
    },
    'models.map': async ({ before, after }) => {
      const both = await this.#between(before, after)
      if (!both) return this.#gone
      const { map } = both.drawn
      return {
        kind: 'map',
        before: { ...map.before, version: before },
        after: { ...map.after, version: after },
        points: map.points,
      }
    },
    'models.promote': ({ version }) => {
      const model = this.models.find((one) => one.version === version)
      if (model?.retrained?.verdict === 'reject')
        return { kind: 'refused', reason: 'rejected', message: 'Its report rejected it.' }
      const before = this.models.find((one) => one.inUse)?.version ?? '1'
      this.#use(version, before)
      this.#note('promoted', before, version)
      return { kind: 'promoted', version, photographs: this.names.length * 8, without: 0 }
    },
    'models.roll-back': () => {
      const from = this.models.find((one) => one.inUse)
      const to = this.models.find((one) => one.wayBack)
      if (!from || !to) return { kind: 'refused', reason: 'no-way-back', message: 'There is no way back.' }
      this.#use(to.version, '')
      this.#note('rolled-back', from.version, to.version)
      return { kind: 'rolled-back', from: from.version, to: to.version, lost: 1 }
    },
    'models.delete': ({ version }) => {
      this.models = this.models.filter((model) => model.version !== version)
      return { kind: 'deleted' }
    },
    'models.export': ({ version }) => ({
      kind: 'exported',
      fileName: `semblance-${version}.onnx`,
      bytes: new Uint8Array([8, 8]),
    }),
    'models.import': async () => {
      if (this.refusesImport) return this.refusesImport
      const { version } = await this.addMade('healthy', {}, Date.now())
      return { kind: 'imported', version }
    },
    'hard-example.keep': ({ attempt }) => {
      if (this.refusesHardExample) return this.refusesHardExample
      const id = ++this.#examples
      const example: HardExample = {
        id,
        keptAt: Date.now(),
        kind: 'not-them',
        person: attempt,
        name: this.names[0] ?? '',
        distance: 0.512,
      }
      this.hardExampleList = [...this.hardExampleList, example]
      return { kind: 'kept', id }
    },
    'hard-example.list': () => this.hardExampleList,
    'hard-example.drop': ({ id }) => {
      this.hardExampleList = this.hardExampleList.filter((one) => one.id !== id)
      return { kind: 'dropped' }
    },
    'hard-example.picture': () => ({ kind: 'jpeg', jpeg: this.crop }),
  }
}

/** How a healthy run learns: the same shape in every training, each with its own noise. */
function pointAt(overall: number, random: () => number): RetrainPoint {
  const run = Math.floor((overall - 1) / stepsEach) + 1
  const step = overall - (run - 1) * stepsEach
  const learned = 1 - Math.exp(-step / 55)
  const noise = normal(random)
  return {
    run,
    step,
    loss: 0.19 - 0.13 * learned + 0.006 * noise,
    activeTriplets: Math.min(1, Math.max(0, 0.82 - 0.66 * learned + 0.02 * normal(random))),
    positive: { mean: 0.62 - 0.16 * learned + 0.004 * noise, deviation: 0.11 - 0.03 * learned },
    negative: { mean: 1.06 + 0.13 * learned + 0.004 * noise, deviation: 0.15 - 0.02 * learned },
    gradientNorm: 0.4 - 0.3 * learned,
    heldOutFnmr:
      step % 50 === 0 || step === 10 ? Math.max(0, 0.081 - 0.052 * learned + 0.004 * normal(random)) : null,
  }
}
