import type { Depth, GateLine, ModelSummary, Processor, RetrainOptions } from '../src-main/contract.ts'
import { unbroken } from './tuning-words.ts'
import type { Tone } from './wording.ts'

export const depthWords: Record<Depth, string> = { head: 'Head', stage: 'Last stage', all: 'All layers' }

/** What each depth does to the network, in a few words. */
export const depthMeans: Record<Depth, string> = {
  head: 'weighs anew what the network sees already',
  stage: 'learns its last features anew',
  all: 'learns everything anew',
}

/** What each line of the gate asks, for somebody who does not know its name. */
const gateQuestions: Record<string, string> = {
  health: 'Does it still see many differences between faces?',
  parity: 'Is the file that would be used the model that was trained?',
  gallery: 'Are enrolled people recognised, where the others here try to pass for them?',
  'gallery-by-strangers': 'Are enrolled people recognised, where strangers try to pass for them?',
  separation: 'Do photographs of one person lie clearly nearer than those of others?',
  strangers: 'Are strangers kept out as well as before?',
  'among-strangers': 'Does it still tell strangers from each other?',
  card: 'Is it as good on the people that the shipped figures come from?',
  people: 'Is everybody still recognised?',
}

/** The line's question; of a line that this page does not know, its title. */
export const gateQuestion = ({ id, title }: Pick<GateLine, 'id' | 'title'>) => gateQuestions[id] ?? title

/** The two rates that a verdict comes down to, each of the pool that says most about it: real strangers before forecast ones. */
export function headlines(lines: GateLine[]): { plain: string; term: string; line: GateLine }[] {
  const first = (...ids: string[]) =>
    ids
      .flatMap((id) => lines.filter((line) => line.id === id))
      .find(({ before, after }) => before !== null && after !== null)
  const turnedAway = first('gallery-by-strangers', 'gallery')
  const letIn = first('strangers')
  return [
    ...(turnedAway
      ? [{ plain: 'Enrolled people turned away', term: 'false non-match rate', line: turnedAway }]
      : []),
    ...(letIn ? [{ plain: 'Strangers let in', term: 'false match rate', line: letIn }] : []),
  ]
}

export const processorWords: Record<Processor, string> = {
  fastest: 'The fastest that agrees with the CPU',
  cpu: 'CPU',
  webgpu: 'WebGPU',
  dml: 'DirectML',
  cuda: 'CUDA',
  tensorflow: 'TensorFlow',
}

/** What came of a line of the gate; `mark` says it without colour. */
export const outcomeWords: Record<GateLine['outcome'], { word: string; mark: string; tone: Tone | '' }> = {
  better: { word: 'better', mark: '+', tone: 'match' },
  'not-worse': { word: 'not worse', mark: '=', tone: '' },
  worse: { word: 'worse', mark: '−', tone: 'no-match' },
  'not-judged': { word: 'not judged', mark: '?', tone: 'caution' },
}

/** How long something takes, as coarse as it is known: "about 20 s", "about 4 min". */
export function secondsWords(seconds: number): string {
  if (seconds < 1) return 'under 1 s'
  if (seconds < 90) return `about ${Math.round(seconds)} s`
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min`
  return `about ${(seconds / 3600).toFixed(1)} h`
}

/** How long something took. */
export function tookWords(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 120) return `${Math.round(seconds)} s`
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
}

/** "66 kB", "22.4 MB". */
export function bytesWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`
  return `${(bytes / 1e6).toFixed(1)} MB`
}

/** "head, Triplet, FaceNet semi-hard, seed 1": what was run, by the catalogue's names. */
export function recipeWords(
  { depth, loss, miner, seed }: NonNullable<ModelSummary['retrained']>,
  options: RetrainOptions | null,
): string {
  const named = (methods: { id: string; name: string }[] | undefined, id: string) =>
    methods?.find((method) => method.id === id)?.name ?? id
  return [
    depthWords[depth].toLowerCase(),
    named(options?.losses, loss),
    ...(miner === null ? [] : [named(options?.miners, miner)]),
    `seed ${seed}`,
  ].join(', ')
}

/** The gate's sentence below a heading that says the verdict already. */
export function reasonWords(sentence: string): string {
  const reason = sentence.replace(/^Rejected: /, '')
  return unbroken(reason.charAt(0).toUpperCase() + reason.slice(1))
}

/** What a version is now, beside its name. */
export function standingOf(model: ModelSummary): { word: string; tone: Tone | 'accent' | '' } {
  if (model.inUse) return { word: 'in use', tone: 'accent' }
  if (model.wayBack) return { word: 'way back', tone: '' }
  if (!model.retrained) return { word: '', tone: '' }
  return model.retrained.verdict === 'promote'
    ? { word: 'passed the gate', tone: 'match' }
    : { word: 'rejected', tone: 'no-match' }
}
