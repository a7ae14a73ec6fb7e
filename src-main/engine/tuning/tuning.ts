import type { Measurement, Refusal, ThresholdChoice, TuningSubject } from '../../contract.ts'
import type { Findings } from '../../evaluation/findings.ts'
import { findingsOf } from '../../evaluation/findings.ts'
import { formInWords } from '../../evaluation/form.ts'
import { packComparisons } from '../../evaluation/packed-comparisons.ts'
import { random } from '../../learning/random.ts'
import type { Job } from '../jobs.ts'
import type { Parts } from '../parts.ts'
import { reembed } from '../re-embedding.ts'
import { reembedStrangers } from './cohort-photographs.ts'
import { inForceFor } from './in-force.ts'
import { inWordsOf, measureGallery, type Measured } from './measured.ts'
import { evidenceFingerprint, staleReason } from './staleness.ts'

/** A measurement and, once somebody asked for them, its findings. */
interface Kept {
  measured: Promise<Measured | Refusal>
  findings: Promise<Findings | Refusal> | null
}

const mostKept = 2 // measurements of tens of megabytes; the page looks at one form at a time
const draws = 1000 // of the bootstrap

/** Measures the gallery, and keeps what was measured until the gallery, the strangers or the model change. */
export class Tuning {
  readonly parts: Parts
  readonly #kept = new Map<string, Kept>()

  constructor(parts: Parts) {
    this.parts = parts
  }

  /** The comparisons of a subject; equal ones are made once. Cancelled is a refusal. */
  async measured(subject: TuningSubject, job?: Job): Promise<Measured | Refusal> {
    const outcome = await (await this.#keep(subject, job)).measured
    return cancelledByAnother(outcome, job) ? this.measured(subject, job) : outcome
  }

  /** With everything there is to say about them; the bootstrap is drawn from a seed, so the digits are the same every time. */
  async findings(
    subject: TuningSubject,
    job?: Job,
  ): Promise<{ kind: 'found'; measured: Measured; findings: Findings } | Refusal> {
    const measured = await this.measured(subject, job)
    if (measured.kind === 'refused') return measured
    const kept = await this.#keep(subject, job)
    kept.findings ??= findingsOf(measured.compared, {
      random: random(1, 'bootstrap over people').uniform,
      draws,
      correction: measured.strangers?.correction ?? null,
      ...(job ? { signal: job.signal } : {}),
      onProgress: (done, total) => job?.progress(total + done, 2 * total, 'Drawing people again and again'),
    })
    const findings = await kept.findings
    if (findings.kind !== 'refused') return { kind: 'found', measured, findings }
    kept.findings = null
    return cancelledByAnother(findings, job) ? this.findings(subject, job) : findings
  }

  async #keep(subject: TuningSubject, job?: Job): Promise<Kept> {
    await reembed(this.parts, undefined, job)
    if (subject.strangers.kind === 'cohort') await reembedStrangers(this.parts, job)
    const key = keyOf(this.parts, subject)
    const known = this.#kept.get(key)
    if (known) return known
    const signal = job?.signal ?? new AbortController().signal
    const progress = (share: number) =>
      job?.progress(Math.round(share * draws), 2 * draws, 'Comparing everybody with everybody')
    const kept: Kept = {
      measured: measureGallery(this.parts, subject, { signal, progress }),
      findings: null,
    }
    for (const old of [...this.#kept.keys()].slice(0, 1 - mostKept)) this.#kept.delete(old)
    this.#kept.set(key, kept)
    const forget = () => {
      if (this.#kept.get(key) === kept) this.#kept.delete(key)
    }
    kept.measured.then((outcome) => outcome.kind === 'refused' && forget(), forget)
    return kept
  }
}

/** Whoever shares a measurement does not share its cancelling. */
function cancelledByAnother(outcome: { kind: string }, job: Job | undefined): boolean {
  const isCancelled = outcome.kind === 'refused' && (outcome as Refusal).reason === 'cancelled'
  return isCancelled && !job?.signal.aborted
}

/** The whole of a measurement, as the page is given it. */
export function measurementOf(parts: Parts, measured: Measured, findings: Findings): Measurement {
  const { compared, subject, gallery, strangers } = measured
  const { form } = compared
  const choice = parts.gallery.choices.all().find((each) => each.form.form === subject.form)
  const marked = new Set(parts.gallery.notSame().people.map(([a, b]) => `${a} ${b}`))
  return {
    kind: 'measurement',
    form,
    formInWords: formInWords(form),
    strangers: subject.strangers,
    strangersInWords: inWordsOf(measured),
    model: parts.model,
    at: parts.now(),
    people: gallery.people.length,
    strangerPeople: measured.strangerPeople,
    photographs: gallery.photographs.length,
    pairsOfPeople: measured.pairsOfPeople,
    notes: measured.notes,
    comparisons: packComparisons(compared),
    findings,
    correction: strangers?.correction ?? null,
    byPerson: measured.byPerson,
    everyone: measured.everyone,
    confusable: measured.alike.map(({ a, b, distances }) => {
      const [one, other] = [gallery.people[a]!, gallery.people[b]!]
      const key = [one.person, other.person].sort((x, y) => x - y).join(' ')
      return { a: one, b: other, distances, notSame: marked.has(key) }
    }),
    matrix: {
      people: measured.matrix.people.map((place) => gallery.people[place]!),
      nearest: measured.matrix.nearest,
    },
    conditions: measured.conditions,
    acquisition: parts.gallery.attempts.acquisition(),
    inForce: inForceFor(parts, subject.form),
    choice: choice ? withStaleness(parts, choice) : null,
  }
}

export function withStaleness(
  parts: Parts,
  choice: ThresholdChoice,
): ThresholdChoice & { stale: string | null } {
  return { ...choice, stale: staleReason(parts, choice) }
}

function keyOf(parts: Parts, { form, strangers, burst }: TuningSubject): string {
  const size = form === 'burst-template' ? burst : 1
  return JSON.stringify([form, size, strangers, parts.model.version, evidenceFingerprint(parts, strangers)])
}
