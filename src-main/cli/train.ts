import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import type { Refusal } from '../contract.ts'
import { refused } from '../engine/refusal.ts'
import { checkpointPath } from '../training/checkpoint.ts'
import type { DataSet } from '../training/data-sets/data-set.ts'
import { openDataSet } from '../training/data-sets/open-data-set.ts'
import type { RunMessage, RunOrder } from '../training/run-process.ts'
import { openModels } from './models.ts'
import type { Outcome } from './outcome.ts'
import { count, shown } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { findDataSet, type DataSetOptions, type FoundDataSet } from './train-data-set.ts'
import { checkLoss, describeRun, type RunWishes } from './train-description.ts'
import { judge, type Judgement } from './train-judge.ts'
import { chooseProcessor, type ChosenProcessor } from './train-processor.ts'
import { writeReport } from './train-report.ts'
import { followRun, type RunEnd } from './train-run.ts'
import { trainingTable } from './train-table.ts'

export interface TrainOptions extends RunWishes, DataSetOptions {
  processor: string
  threads?: number
  resume: boolean
  out: string
  judge?: string // a second folder like the first, of other classes
  checkpointEvery: number
  json: boolean
}

/** Trains on a folder of classes and leaves checkpoint, network, ONNX file and report in `--out`; Ctrl+C keeps the last checkpoint. */
export async function train(folder: string, options: TrainOptions, terminal: Terminal): Promise<Outcome> {
  const line = (document: unknown) =>
    void (options.json && process.stdout.write(JSON.stringify(document) + '\n'))
  const ended = await trained(folder, options, terminal, line)
  if (!('kind' in ended)) return { exitCode: 0, json: undefined, text: ended.text } // the lines were the document
  terminal.say(`Refused: ${ended.message}`)
  line(ended)
  return { exitCode: 2, json: undefined, text: [] }
}

/** A line of the answer: with `--json` every event is one. */
type Line = (document: unknown) => void

async function trained(
  folder: string,
  options: TrainOptions,
  terminal: Terminal,
  line: Line,
): Promise<{ text: string[] } | Refusal> {
  const out = resolve(options.out)
  const { threads = Math.max(1, Math.min(availableParallelism(), 16)) } = options
  if (existsSync(checkpointPath(out)) && !options.resume)
    return refused(
      'run-exists',
      `${shown(options.out)} holds a run already: --resume goes on with it, --out names another folder.`,
    )
  const misfit = await Promise.resolve(options).then(checkLoss).catch(refusedAs('not-possible'))
  if (misfit) return misfit // before the faces are cropped, which takes minutes
  const opening = {
    cache: join(out, 'pictures'),
    terminal,
    openFinder: async () => (await openModels(terminal)).networks,
  }
  const found = await findDataSet(folder, options, opening)
  if (found.kind === 'refused') return found
  const opened = await openDataSet(found.description).catch(refusedAs('no-pictures'))
  if ('kind' in opened) return opened
  const description = await describeRun({ ...found, opened }, options).catch(refusedAs('not-possible'))
  if ('kind' in description) return description
  const judged = await openJudged(folder, found, options, opening)
  if (judged && 'kind' in judged) return judged
  const processor = await chooseProcessor(options.processor, { terminal, line })
  if ('kind' in processor) return processor

  const run = await follow(
    {
      description,
      out,
      resume: options.resume,
      processor: processor.name,
      threads,
      checkpointEverySteps: options.checkpointEvery,
    },
    opened.labels.length,
    line,
  )
  if (run.kind === 'refused') return run
  const judgement =
    judged &&
    (await judge(run.onnx, description.network, judged.pictures, judged.references ? opened : null, {
      threads,
      unitLength: description.loss.unitLength !== false,
    }))
  const report = await writeReport(out, {
    processor: { name: processor.name, device: run.device, fellBack: processor.fellBack },
    classes: opened.classes.length,
    pictures: opened.labels.length,
    judgement,
  })
  line({ kind: 'written', out, report, judgement })
  return { text: inWords(out, run, judgement, processor) }
}

type Finished = Extract<RunMessage, { kind: 'finished' }> & { device: string }

/** Follows a run to its end, as a table on stderr. Ctrl+C ends it here; before and after it ends the whole command. */
async function follow(order: RunOrder, pictures: number, line: Line): Promise<Finished | Refusal> {
  const cancelling = new AbortController()
  const cancel = () => cancelling.abort()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, cancel)
  const table = trainingTable(process.stderr)
  let device = ''
  let [stepsDone, checkpoint] = [0, 0]
  let finished: Finished | null = null
  try {
    for await (const message of followRun(order, cancelling.signal)) {
      line(message)
      switch (message.kind) {
        case 'on':
          device = message.device
          break
        case 'begun':
          stepsDone = checkpoint = message.from
          table.say(
            `Training on ${count(pictures, 'picture')} of ${count(message.classes, 'class', 'classes')}, ` +
              `${count(message.parameters, 'parameter')}, ${count(message.steps, 'step')}, on ${device}` +
              (message.from > 0 ? `; going on after step ${message.from}` : ''),
          )
          break
        case 'phase':
          table.say(`From step ${message.step + 1} on: ${message.trainedStages.join(', ')}`)
          break
        case 'step':
          stepsDone = message.step
          table.step(message)
          break
        case 'checkpoint':
          checkpoint = message.step
          break
        case 'finished':
          finished = { ...message, device }
          break
        default:
          return refusedEnd(message, { stepsDone, checkpoint, processor: order.processor })
      }
    }
  } finally {
    table.stop()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, cancel)
  }
  if (!finished) throw new Error('the run ended without saying so')
  return finished
}

/** What the trained network is judged by, where there is something. */
async function openJudged(
  folder: string,
  found: FoundDataSet,
  options: TrainOptions,
  opening: Parameters<typeof findDataSet>[2],
): Promise<{ pictures: DataSet; references: boolean } | null | Refusal> {
  if (options.judge === undefined)
    return found.test && { pictures: await openDataSet(found.test), references: true }
  if (resolve(options.judge) === resolve(folder))
    return refused(
      'same-folder',
      'A network is judged by classes that it was not trained on: --judge needs another folder.',
    )
  const other = await findDataSet(options.judge, options, {
    ...opening,
    cache: join(opening.cache, 'judged'),
  })
  if (other.kind === 'refused') return other
  const pictures = await openDataSet(other.description).catch(refusedAs('no-pictures'))
  return 'kind' in pictures ? pictures : { pictures, references: false }
}

function refusedEnd(
  end: Extract<RunMessage, { kind: 'failed' }> | RunEnd,
  { stepsDone, checkpoint, processor }: { stepsDone: number; checkpoint: number; processor: string },
): Refusal {
  const goOn =
    checkpoint > 0 ? ` The checkpoint of step ${checkpoint} is whole: --resume goes on from there.` : ''
  switch (end.kind) {
    case 'cancelled':
      return refused('cancelled', `Cancelled after step ${stepsDone}.${goOn}`)
    case 'failed':
      return refused('failed', `${sentence(end.message)}${goOn}`)
    case 'crashed': {
      const other = processor === 'cpu' ? '' : ` On ${processor} that may be its driver: try --processor cpu.`
      return refused(
        'crashed',
        `The run ended by itself after step ${stepsDone}: ${sentence(end.reason)}${goOn}${other}`,
      )
    }
  }
}

const sentence = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`)

const refusedAs = (reason: string) => (error: unknown) => refused(reason, sentence((error as Error).message))

function inWords(
  out: string,
  { difference }: { difference: number },
  judgement: Judgement | null,
  { fellBack }: ChosenProcessor,
): string[] {
  return [
    ...(fellBack ? [`This run fell back to the CPU: ${fellBack}`] : []),
    ...(judgement ? [measured(judgement)] : []),
    `In ${shown(out)}:`,
    `  trained.onnx         the network; differs from the trainer by ${difference.toExponential(1)}`,
    '  trained.safetensors  its parameters, for --from',
    '  report.html          the curves; report.json the same in numbers',
  ]
}

function measured({ pictures, nearestNeighbour, retrieval }: Judgement): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`
  const of = `On ${count(pictures, 'picture')} not trained on:`
  return nearestNeighbour
    ? `${of} the nearest training picture is of the same class for ${percent(nearestNeighbour.accuracy)}.`
    : `${of} Recall@1 ${percent(retrieval.recallAt[1]!)}, R-precision ${percent(retrieval.rPrecision)}, MAP@R ${percent(retrieval.meanAveragePrecisionAtR)}.`
}
