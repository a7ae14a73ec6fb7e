import type { CandidateReport, GateLine } from '../contract.ts'
import { candidateReport } from '../engine/retraining/model-list.ts'
import { fullVersion } from './models-list.ts'
import { done, refusedOutcome, type Outcome } from './outcome.ts'
import { count, shown, shownTime } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { withGallery, type GalleryOptions } from './with-gallery.ts'

/** How a candidate came to be and how the gate judged it. */
export function showModel(said: string, options: GalleryOptions, terminal: Terminal): Promise<Outcome> {
  return withGallery(options, terminal, false, async (parts) => {
    const report = candidateReport(parts, fullVersion(parts, said))
    if (report.kind === 'refused') return refusedOutcome(report)
    const { name, version, retrained } = report.model
    const { parent, madeAt, depth, loss, miner, seed, processor, seconds, people, photographs, others } =
      retrained!
    return done(report, [
      `${name} (${version}), made of ${parent} at ${shownTime(madeAt)} in ${seconds.toFixed(0)} s on ${processor}.`,
      `${depth}, ${loss}${miner ? ` with ${miner}` : ''}, seed ${seed}; ${count(people, 'person', 'people')}, ${count(photographs, 'photograph')}; mixed in: ${others}.`,
      ...(retrained!.forgottenPeople > 0
        ? [
            `${count(retrained!.forgottenPeople, 'person', 'people')} of them ${retrained!.forgottenPeople === 1 ? 'was' : 'were'} forgotten since: what they looked like may still be in its numbers.`,
          ]
        : []),
      '',
      ...reportLines(report),
    ])
  })
}

/** The gate's lines, who should have been looked at, and the verdict. */
export function reportLines({ lines, notes, mixed, sentence, judgedAgainAt }: CandidateReport): string[] {
  return [
    ...lines.map(lineInWords),
    ...notes,
    ...mixed.map(
      ({ name, photographs }) =>
        `! ${count(photographs, 'photograph')} of ${shown(name)} look like somebody else.`,
    ),
    '',
    ...(judgedAgainAt === null
      ? []
      : [`Judged again at ${shownTime(judgedAgainAt)}, on the gallery as it was then.`]),
    sentence,
  ]
}

const marks = { better: '+', 'not-worse': '=', worse: '−', 'not-judged': '?' } as const

/** "= Health of the embedding. It fills …" */
export function lineInWords({ outcome, title, sentence }: GateLine): string {
  return `${marks[outcome]} ${title}. ${sentence}`
}
