import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { refusalIn, type ExitCode, type Outcome } from './outcome.ts'
import { processTerminal, type Terminal } from './terminal.ts'

/** Every command's work is in a file of its own, read when it is called: `compare` loads no gallery, `people` no network. */
function program(run: (json: boolean, work: (terminal: Terminal) => Promise<Outcome>) => Promise<void>) {
  const semblance = new Command('semblance')
    .description('Verifies faces on its owner’s own machine.')
    .addHelpText('after', exitCodes)
  const json = () => new Option('--json', 'print one JSON document, and nothing else, on stdout')
  const home = () =>
    new Option(
      '--home <dir>',
      'folder of the gallery (default: SEMBLANCE_HOME, else the platform’s data folder)',
    )

  semblance
    .command('enrol <name> <photo|folder...>')
    .description('add photographs to a person, new or known; only of people who agreed to it')
    .option('--at-most <n>', 'photographs this person may have (default: as set, 20)', wholeNumber)
    .addOption(home())
    .addOption(json())
    .action((name, paths, options) =>
      run(options.json, async (terminal) =>
        (await import('./enrol.ts')).enrol(name, paths, options, terminal),
      ),
    )
  semblance
    .command('people')
    .description('who is enrolled')
    .addOption(home())
    .addOption(json())
    .action((options) =>
      run(options.json, async (terminal) => (await import('./people.ts')).people(options, terminal)),
    )
  semblance
    .command('forget <name>')
    .description('remove a person and every byte of theirs; asks for the name to be typed')
    .option('--yes', 'do not ask')
    .addOption(home())
    .addOption(json())
    .action((name, options) =>
      run(options.json, async (terminal) => (await import('./forget.ts')).forget(name, options, terminal)),
    )
  semblance
    .command('verify <name> <photo...>')
    .description('whether photographs show who they are claimed to show; several are fused')
    .addOption(home())
    .addOption(json())
    .action((name, paths, options) =>
      run(options.json, async (terminal) =>
        (await import('./verify.ts')).verify(name, paths, options, terminal),
      ),
    )
  semblance
    .command('compare <photo> <photo>')
    .description('distance of two photographs and the decision, without a gallery')
    .option('--fmr <rate>', 'wanted false match rate, 1e-5 to 1e-1', rate, 1e-4)
    .addOption(json())
    .action((first, second, options) =>
      run(options.json, async (terminal) =>
        (await import('./compare.ts')).compare(first, second, options, terminal),
      ),
    )
  semblance
    .command('faces <photo...>')
    .description('boxes, pose and quality of every face, and what of it fails')
    .addOption(json())
    .action((paths, options) =>
      run(options.json, async (terminal) => (await import('./faces.ts')).faces(paths, terminal)),
    )
  semblance
    .command('embed <photo...>')
    .description('the 128 numbers of each photograph’s most prominent face')
    .addOption(json())
    .action((paths, options) =>
      run(options.json, async (terminal) => (await import('./embed.ts')).embed(paths, terminal)),
    )
  semblance
    .command('activity')
    .description('the audit log, newest first')
    .option('--limit <n>', 'attempts shown', wholeNumber, 50)
    .option('--csv', 'the whole log as CSV')
    .addOption(home())
    .addOption(json())
    .action((options) =>
      run(options.json, async (terminal) => (await import('./activity.ts')).activity(options, terminal)),
    )
  semblance
    .command('export <file>')
    .description('write the gallery to one encrypted file; SEMBLANCE_EXPORT_PASSPHRASE or typed')
    .option('--force', 'overwrite the file')
    .addOption(home())
    .addOption(json())
    .action((file, options) =>
      run(options.json, async (terminal) => (await import('./export.ts')).exportTo(file, options, terminal)),
    )
  semblance
    .command('import <file>')
    .description('add the people of an exported file')
    .addOption(home())
    .addOption(json())
    .action((file, options) =>
      run(options.json, async (terminal) =>
        (await import('./import.ts')).importFrom(file, options, terminal),
      ),
    )
  semblance
    .command('evaluate <folder>')
    .description('error rates on a folder of people, one folder each')
    .option('--pairs <file>', 'a list of pairs in LFW’s format: accuracy over its folds')
    .option('--template <n>', 'photographs that enrol each person', wholeNumber, 1)
    .option('--burst <m>', 'photographs fused into each probe', wholeNumber, 1)
    .option('--cohort <folder>', 'other people, who take the impostors’ place')
    .option('--attempts <n>', 'presentations of a transaction', wholeNumber, 3)
    .option('--report <file.html>', 'write a page to keep, and the same as JSON beside it')
    .option('--card <file.json>', 'measure every form and write the model’s card, strangers beside it')
    .option('--measured-on <words>', 'what the card says it was measured on')
    .addHelpText('after', capped)
    .addOption(json())
    .action((folder, options) =>
      run(options.json, async (terminal) =>
        options.card === undefined
          ? (await import('./evaluate.ts')).evaluate(folder, options, terminal)
          : (await import('./model-card.ts')).makeCard(folder, options, terminal),
      ),
    )
  semblance
    .command('tune')
    .description('error rates of the gallery with their doubt; with a wish, choose the threshold by them')
    .option('--fmr <rate>', 'the largest threshold whose 95 % bound on FMR is this', tunedRate)
    .option('--eer', 'where both error rates are equal')
    .option('--cost <a:b:p>', 'price of a false match, of a false non-match, share of impostors', cost)
    .option('--threshold <distance>', 'by hand, 0 to 2', distance)
    .option('--forget', 'forget what was chosen for this form, of everybody’s or with --person of theirs')
    .option('--person <name>', 'take the person’s own threshold into force, if it is the stricter one')
    .option(
      '--attempts <n>',
      'presentations of a transaction (default: as many as lock a person)',
      wholeNumber,
    )
    .addOption(
      new Option('--form <form>', 'what is compared')
        .choices(['photograph-photograph', 'photograph-template', 'burst-template'])
        .default('photograph-template'),
    )
    .addOption(
      new Option('--strangers <who>', 'gallery, cohort, cohort:<number> or virtual')
        .argParser(strangers)
        .default({ kind: 'gallery' }, 'gallery'),
    )
    .option('--burst <m>', 'photographs fused into each probe of burst-template, 2 to 12', burstSize, 3)
    .option('--report <file.html>', 'write a page to keep, and the same as JSON beside it')
    .addOption(home())
    .addOption(json())
    .action((options) =>
      run(options.json, async (terminal) => (await import('./tune.ts')).tune(options, terminal)),
    )
  const cohort = semblance
    .command('cohort')
    .description('people who are not enrolled, to stand for strangers when the gallery is tuned')
  cohort
    .command('import <folder>')
    .description('one folder for each stranger, or loose photographs of one each; only crops are kept')
    .option('--name <name>', 'what the cohort is called (default: the folder’s name)')
    .option('--may-train', 'training may use them; then they judge it no more')
    .addOption(home())
    .addOption(json())
    .action((folder, options) =>
      run(options.json, async (terminal) =>
        (await import('./cohort.ts')).importCohort(folder, options, terminal),
      ),
    )
  cohort
    .command('list')
    .description('the cohorts and how many people each has')
    .addOption(home())
    .addOption(json())
    .action((options) =>
      run(options.json, async (terminal) => (await import('./cohort.ts')).listCohorts(options, terminal)),
    )
  cohort
    .command('remove')
    .argument('<number>', 'of the cohort, as listed', wholeNumber)
    .description('remove a cohort and every byte of it')
    .addOption(home())
    .addOption(json())
    .action((number, options) =>
      run(options.json, async (terminal) =>
        (await import('./cohort.ts')).removeCohort(number, options, terminal),
      ),
    )
  semblance
    .command('train <folder>')
    .description('train a network on a folder of people, or of any classes: one folder each')
    .option('--network <name>', 'recognition, mobile-face-net, small-res-net, nn4-small or koch-siamese')
    .option('--side <px>', 'side of the pictures that the network sees, where it may be chosen', wholeNumber)
    .option('--embedding-length <n>', 'numbers in an embedding; 2 makes a map of the report', wholeNumber)
    .option('--from <where>', 'pretrained, scratch, or the trained.safetensors of an earlier run')
    .addOption(new Option('--depth <depth>', 'what moves').choices(['head', 'stage', 'all']).default('all'))
    .option('--loss <name>', 'a loss of "semblance losses" (default: triplet)')
    .option('--miner <name>', 'what it learns from (default: the loss’s own)')
    .option('--distance <name>', 'how embeddings are compared (default: the loss’s own)')
    .option('--reducer <name>', 'how single losses become one (default: the loss’s own)')
    .option('--set <name=value>', 'a setting of the loss; may be said again', several, [])
    .option(
      '--distil <weight>',
      'of staying near the beginning’s similarities (default: 3, from scratch 0)',
      positive,
    )
    .option('--memory <n>', 'embeddings of earlier batches that are compared with too', wholeNumber)
    .option('--people-per-batch <n>', 'classes in a batch', wholeNumber)
    .option('--photos-per-person <n>', 'pictures of each in a batch', wholeNumber)
    .option('--singles <n>', 'classes of which a batch holds one picture more', wholeNumber)
    .option('--epochs <n>', 'passes over the pictures', positive)
    .option('--learning-rate <rate>', 'highest learning rate', positive)
    .addOption(
      new Option('--augment <kind>', 'how pictures are changed').choices(['faces', 'characters', 'none']),
    )
    .option('--no-faces', 'the pictures are taken as they are, no face is looked for')
    .option('--identity-list <file>', 'VGGFace2’s identity_meta.csv')
    .addOption(
      new Option('--part <part>', 'of VGGFace2’s people').choices(['training', 'test']).default('training'),
    )
    .option('--turned', 'Omniglot’s characters turned by right angles are further characters')
    .option('--judge <folder>', 'other classes, to judge the trained network by')
    .option('--processor <name>', 'auto, cpu, webgpu, dml, cuda or tensorflow', 'auto')
    .option('--threads <n>', 'threads of the CPU', wholeNumber)
    .option('--seed <n>', 'of everything that is drawn', wholeNumber, 1)
    .option('--out <dir>', 'where checkpoint, network and report go', 'semblance-training')
    .option('--resume', 'go on from the checkpoint in --out', false)
    .option('--checkpoint-every <steps>', 'steps from checkpoint to checkpoint', wholeNumber, 100)
    .addHelpText('after', trainable)
    .addOption(new Option('--json', 'print one JSON document per line and event on stdout'))
    .action((folder, options) =>
      run(options.json, async (terminal) =>
        (await import('./train.ts')).train(folder, { ...options, json: options.json === true }, terminal),
      ),
    )
  semblance
    .command('retrain')
    .description('train a candidate on the gallery and judge it; nothing uses it until it is promoted')
    .addOption(
      new Option('--depth <depth>', 'what moves: the last layer, the last stage too, or everything')
        .choices(['head', 'stage', 'all'])
        .default('head'),
    )
    .option('--loss <name>', 'a loss of "semblance losses" (default: as usual for the depth)')
    .option('--miner <name>', 'what it learns from (default: as usual for the loss)')
    .option('--steps <n>', 'steps of each training', wholeNumber)
    .option('--learning-rate <rate>', 'highest learning rate', positive)
    .option('--distil <weight>', 'of staying near what the model in use sees', positive)
    .addOption(
      new Option('--processor <name>', 'what trains')
        .choices(['fastest', 'cpu', 'webgpu', 'dml', 'cuda', 'tensorflow'])
        .default('fastest'),
    )
    .option('--seed <n>', 'of everything that is drawn', wholeNumber, 1)
    .option('--dry-run', 'say what would be done, and who should be looked at first')
    .option('--cancel', 'cancel the run that is going on, wherever it was begun')
    .addOption(home())
    .addOption(json())
    .action((options) =>
      run(options.json, async (terminal) => (await import('./retrain.ts')).retrain(options, terminal)),
    )
  const models = semblance
    .command('models')
    .description('the models made from this gallery, which is in use, and how that came to be')
    .addOption(home())
    .addOption(json())
    .action((options) =>
      run(options.json, async (terminal) => (await import('./models-list.ts')).listModels(options, terminal)),
    )
  const common = (command: Command) => command.optsWithGlobals<{ home?: string; json?: boolean }>()
  models
    .command('show <version>')
    .description('how a model came to be, and how it was judged')
    .addOption(home())
    .addOption(json())
    .action((version, _options, command: Command) => {
      const options = common(command)
      return run(options.json === true, async (terminal) =>
        (await import('./models-show.ts')).showModel(version, options, terminal),
      )
    })
  models
    .command('compare <before> <after>')
    .description('two models on the same photographs and pairs, as the gallery is now')
    .addOption(home())
    .addOption(json())
    .action((before, after, _options, command: Command) => {
      const options = common(command)
      return run(options.json === true, async (terminal) =>
        (await import('./models-compare.ts')).compareTwo(before, after, options, terminal),
      )
    })
  models
    .command('judge <version>')
    .description('the gate once more for a candidate, on the gallery as it is now; nothing is trained')
    .addOption(home())
    .addOption(json())
    .action((version, _options, command: Command) => {
      const options = common(command)
      return run(options.json === true, async (terminal) =>
        (await import('./models-judge.ts')).judgeModel(version, options, terminal),
      )
    })
  models
    .command('export <version> <file.onnx>')
    .description('write a model as one ONNX file that says where it comes from')
    .option('--force', 'overwrite the file')
    .addOption(home())
    .addOption(json())
    .action((version, file, _options, command: Command) => {
      const options = command.optsWithGlobals<{ home?: string; json?: boolean; force?: boolean }>()
      return run(options.json === true, async (terminal) =>
        (await import('./models-transfer.ts')).exportOne(version, file, options, terminal),
      )
    })
  models
    .command('import <file.onnx>')
    .description('take in a model that was exported elsewhere; this gallery judges it')
    .addOption(home())
    .addOption(json())
    .action((file, _options, command: Command) => {
      const options = common(command)
      return run(options.json === true, async (terminal) =>
        (await import('./models-transfer.ts')).importOne(file, options, terminal),
      )
    })
  models
    .command('delete <version>')
    .description('remove a model that is neither in use nor the way back')
    .addOption(home())
    .addOption(json())
    .action((version, _options, command: Command) => {
      const options = common(command)
      return run(options.json === true, async (terminal) =>
        (await import('./models-list.ts')).deleteModel(version, options, terminal),
      )
    })
  semblance
    .command('promote <version>')
    .description('put a candidate in use; "semblance rollback" is the way back')
    .option('--even-if-rejected', 'for experts: also one that its report rejected; the log records it')
    .option(
      '--even-if-judged-against-another',
      'for experts: also one whose report compares it with another model than the one in use; the log records it',
    )
    .addOption(home())
    .addOption(json())
    .action((version, options) =>
      run(options.json, async (terminal) =>
        (await import('./promote.ts')).promote(version, options, terminal),
      ),
    )
  semblance
    .command('rollback')
    .description('back to the model before the last promotion, exactly')
    .addOption(home())
    .addOption(json())
    .action((options) =>
      run(options.json, async (terminal) => (await import('./rollback.ts')).rollback(options, terminal)),
    )
  const hardExamples = semblance
    .command('hard-examples')
    .description('pictures of decisions that were wrong, kept with consent for the next run')
  hardExamples
    .command('list')
    .description('what is kept')
    .addOption(home())
    .addOption(json())
    .action((options) =>
      run(options.json, async (terminal) =>
        (await import('./hard-examples.ts')).listHardExamples(options, terminal),
      ),
    )
  hardExamples
    .command('drop')
    .argument('<number>', 'of the picture, as listed', wholeNumber)
    .description('remove one and every byte of it')
    .addOption(home())
    .addOption(json())
    .action((number, options) =>
      run(options.json, async (terminal) =>
        (await import('./hard-examples.ts')).dropHardExample(number, options, terminal),
      ),
    )
  semblance
    .command('losses')
    .description('every loss, miner and distance: formula, source, settings')
    .addOption(json())
    .action((options) => run(options.json, async () => (await import('./losses.ts')).listLosses()))
  semblance
    .command('processors')
    .description('a timed training step on everything that may run one, beside the CPU’s numbers')
    .addOption(json())
    .action((options) =>
      run(options.json, async (terminal) => (await import('./processors.ts')).processors(terminal)),
    )
  semblance
    .command('serve')
    .description('the application in the browser, at 127.0.0.1 alone, until Ctrl+C')
    .option('--port <n>', 'port; 0: one that is free', portNumber, 0)
    .option('--open', 'open the address in the browser', false)
    .addOption(home())
    .addOption(json())
    .action((options) =>
      run(options.json, async (terminal) => (await import('./serve.ts')).serve(options, terminal)),
    )
  return semblance
}

/** Runs one command line, prints its answer, and gives its exit code; never throws. */
export async function main(words: string[]): Promise<ExitCode> {
  quietExperimentalWarnings()
  process.stdout.on('error', () => {}) // whoever read stdout has enough: `semblance people | head -1`
  const terminal = processTerminal()
  let exitCode: ExitCode = 0
  const semblance = program(async (json, work) => {
    const outcome = await work(terminal)
    exitCode = outcome.exitCode
    const refusal = refusalIn(outcome)
    if (refusal) terminal.say(`Refused: ${refusal.message}`)
    if (json && outcome.json !== undefined) printJson(outcome.json)
    else if (!json && outcome.text.length > 0) process.stdout.write(outcome.text.join('\n') + '\n')
  })
  const commands = semblance.commands.flatMap((command) => [command, ...command.commands])
  for (const command of [semblance, ...commands]) command.exitOverride()
  try {
    await semblance.parseAsync(words, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0
      // Commander has said on stderr what is wrong with the words.
      if (words.includes('--json')) printJson({ kind: 'refused', reason: 'usage', message: error.message })
      return 2
    }
    return fault(error, terminal, words.includes('--json'))
  }
}

function printJson(document: unknown): void {
  process.stdout.write(JSON.stringify(document, null, 2) + '\n')
}

/** Trouble with the disk or a model is told in its own sentence; anything else is a fault of ours. */
async function fault(error: unknown, terminal: Terminal, json: boolean): Promise<ExitCode> {
  const { troubleBehind } = await import('../engine/trouble.ts')
  const trouble = troubleBehind(error)
  const message = trouble?.message ?? (error instanceof Error ? error.message : String(error))
  terminal.say(trouble ? `Refused: ${message}` : `Fault: ${message}`)
  if (process.env.SEMBLANCE_DEBUG && error instanceof Error) terminal.say(error.stack ?? '')
  if (json) process.stdout.write(JSON.stringify(trouble ?? { kind: 'fault', message }, null, 2) + '\n')
  return trouble ? 2 : 3
}

/** node:sqlite is called experimental; nobody at a terminal can act on that. */
function quietExperimentalWarnings(): void {
  process.removeAllListeners('warning')
  process.on('warning', (warning) => {
    if (warning.name !== 'ExperimentalWarning') process.stderr.write(`${warning.name}: ${warning.message}\n`)
  })
}

function wholeNumber(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1 || number > 1_000_000)
    throw new InvalidArgumentError('A whole number from 1 on is expected.')
  return number
}

function portNumber(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number > 65_535)
    throw new InvalidArgumentError('A port from 0 to 65535 is expected.')
  return number
}

function several(word: string, before: string[]): string[] {
  return [...before, word]
}

function positive(text: string): number {
  const number = Number(text)
  if (!(number >= 0) || number === Infinity) throw new InvalidArgumentError('A number from 0 on is expected.')
  return number
}

function tunedRate(text: string): number {
  const number = Number(text)
  if (!(number >= 1e-7 && number <= 0.5))
    throw new InvalidArgumentError('A rate from 1e-7 to 0.5 is expected.')
  return number
}

function distance(text: string): number {
  const number = Number(text)
  if (text.trim() === '' || !(number >= 0 && number <= 2))
    throw new InvalidArgumentError('A distance from 0 to 2 is expected.')
  return number
}

function burstSize(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 2 || number > 12)
    throw new InvalidArgumentError('A whole number from 2 to 12 is expected.')
  return number
}

function cost(text: string) {
  const [falseMatch, falseNonMatch, impostorPrior, more] = text.split(':').map(Number)
  const isCost =
    falseMatch! > 0 && falseNonMatch! > 0 && impostorPrior! > 0 && impostorPrior! < 1 && more === undefined
  if (!isCost)
    throw new InvalidArgumentError('Two prices above 0 and a share between 0 and 1 are expected: 10:1:0.01.')
  return { by: 'cost', falseMatch, falseNonMatch, impostorPrior }
}

function strangers(text: string) {
  if (text === 'gallery' || text === 'virtual') return { kind: text }
  const [, number] = /^cohort(?::(\d+))?$/.exec(text) ?? [null]
  if (number === null)
    throw new InvalidArgumentError('gallery, cohort, cohort:<number> or virtual is expected.')
  return { kind: 'cohort', cohort: number === undefined ? null : wholeNumber(number) }
}

function rate(text: string): number {
  const number = Number(text)
  if (!(number >= 1e-5 && number <= 1e-1))
    throw new InvalidArgumentError('A rate from 1e-5 to 1e-1 is expected.')
  return number
}

const exitCodes = `
Exit code: 0 match or done, 1 no match, 2 refused (the reason is on stderr), 3 a fault of ours.
A gallery's key is a file only its owner can read, or SEMBLANCE_PASSPHRASE where that is set.`

const trainable = `
A folder is one folder for each person (faces are found, aligned and cached in --out) or, with --no-faces, for each class
of anything; VGGFace2 where its identity list is given or lies beside; Omniglot’s background folders or zips; MNIST’s idx
files. The same command with --resume goes on where a run ended. Ctrl+C keeps the last checkpoint.`

const capped = `
Without --pairs, the capped protocol: people and files in byte order; genuine are all pairs among each person's
first ten photographs, impostor each person's first photograph against every other's; accuracy is the best of
(1 - FMR + TMR) / 2. With --template N and --burst M the first N photographs enrol and the rest probe, M fused.`

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
