import type { CallName } from '../../contract.ts'
import type { Handlers, Shared } from '../../engine.ts'
import type { StartProbe } from '../../training/processors.ts'
import { jpegOfStored } from '../jpeg.ts'
import { promoteModel, rollBackModel } from '../model-change.ts'
import { readPretrainedHead } from '../model-in-use.ts'
import type { Parts } from '../parts.ts'
import { refused } from '../refusal.ts'
import { compareModels } from './comparison.ts'
import { readOnce } from './embeddings-under.ts'
import { embeddingMap } from './embedding-map.ts'
import { exportModel } from './export-model.ts'
import { keepHardExample } from './hard-examples.ts'
import { judgeAgain } from './judge-again.ts'
import { importModel } from './import-model.ts'
import { modelEvents } from './model-events.ts'
import { candidateReport, modelList, pretrainedVersion } from './model-list.ts'
import { retrainOptions, usualWish } from './options.ts'
import { retrainPlan } from './plan.ts'
import { processorFor, triedProcessors, tryProcessors } from './processors.ts'
import { Runs } from './runs.ts'
import { timeDepths, timeHeadOnce } from './timings.ts'
import type { StartTrainer } from './trainer.ts'

type RetrainingCall = Extract<CallName, `${'retrain' | 'models' | 'hard-example'}.${string}`>

/** The processes that a room of the engine starts: another shell starts them in another way. */
export interface Started {
  trainer: StartTrainer
  probe: StartProbe
  timing: StartTrainer | null
}

/** Everything the page asks of retraining: a room of the engine. */
export function retrainingCalls({ trainer, probe, timing }: Started) {
  return (parts: Parts, shared: Shared): Handlers<RetrainingCall> => {
    const { gallery, home } = parts
    const { jobs, changed, tell, probes } = shared
    const runs = new Runs(parts, trainer)
    const lastLayer = readOnce(readPretrainedHead)
    const timeHead = timing && timeHeadOnce(timing, home)
    const changing = <T extends { kind: string }>(outcome: T): T => {
      if (outcome.kind !== 'refused') changed()
      return outcome
    }
    const look = () => {
      probes.forgetOld()
      runs.tellChanges(tell, changed)
    }
    shared.everySecond(look)
    shared.onClose(() => runs.close())
    return {
      'retrain.options': async () => retrainOptions(await triedProcessors(home)),
      'retrain.processors': ({ job }) =>
        jobs.run(job, async (running) => {
          const processors = await tryProcessors(home, probe, running)
          const { name: processor } = processorFor({ ...usualWish, depth: 'all' }, processors)
          if (timing) {
            // The CPU too, where another is faster: what that spares is then said with the plan.
            const timed = [...new Set(['cpu' as const, processor])]
            const depths = ['head', 'stage', 'all'] as const
            let done = 0
            const told = () =>
              running.progress(done++, timed.length * depths.length, 'Timing the steps of each depth')
            told()
            for (const of of timed)
              await timeDepths(timing, { home, processor: of, depths: [...depths] }, running.signal, told)
          }
          return { kind: 'processors', processors }
        }),
      'retrain.plan': (wish) => retrainPlan({ ...parts }, wish, timeHead),
      'retrain.begin': async (wish) => {
        const begun = await runs.begin(wish, 'page')
        look()
        return begun
      },
      'retrain.cancel': ({ run }) => {
        const cancelled = runs.cancel(run)
        look()
        return cancelled
      },
      'retrain.run': () => runs.now(),

      'models.list': () => modelList(parts),
      'models.events': () => modelEvents(parts),
      'models.report': ({ version }) => candidateReport(parts, version),
      'models.judge-again': ({ version, job }) =>
        jobs.run(job, async (running) =>
          changing(await judgeAgain({ ...parts }, version, running, lastLayer)),
        ),
      'models.compare': ({ before, after, job }) =>
        jobs.run(job, (running) => compareModels({ ...parts }, before, after, running, lastLayer)),
      'models.map': ({ before, after, job }) =>
        jobs.run(job, (running) => embeddingMap({ ...parts }, before, after, running, lastLayer)),
      'models.promote': ({ version, job }) =>
        jobs.run(job, async (running) => {
          const outcome = await promoteModel({ ...parts }, version, { evenIfRejected: false }, running)
          if (outcome.kind === 'refused') return outcome
          const { photographs, without } = changing(outcome)
          return { kind: 'promoted', version, photographs, without }
        }),
      'models.roll-back': async () => {
        const outcome = await rollBackModel({ ...parts })
        if (outcome.kind === 'refused') return outcome
        const { from, to, lost } = changing(outcome)
        return { kind: 'rolled-back', from, to: to ?? pretrainedVersion(parts), lost }
      },
      'models.delete': ({ version }) => {
        if (version === pretrainedVersion(parts))
          return refused('pre-trained', 'The pre-trained model stays: everything else is made from it.')
        const removed = gallery.models.remove(version)
        return removed.kind === 'refused' ? removed : changing({ kind: 'deleted' as const })
      },
      'models.export': ({ version }) => exportModel({ ...parts }, version),
      'models.import': ({ bytes, job }) =>
        jobs.run(job, async (running) =>
          changing(await importModel({ ...parts }, bytes, running, lastLayer)),
        ),

      'hard-example.keep': async ({ attempt }) => changing(await keepHardExample(parts, probes, attempt)),
      'hard-example.list': () => gallery.hardExamples.all(),
      'hard-example.drop': ({ id }) => changing(gallery.hardExamples.drop(id)),
      'hard-example.picture': async ({ id }) => {
        const png = gallery.hardExamples.crop(id)
        return png ? jpegOfStored(png) : refused('no-such-example', 'This picture is not kept (any more).')
      },
    }
  }
}
