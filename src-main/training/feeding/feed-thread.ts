import { parentPort, workerData } from 'node:worker_threads'
import { classesOf } from '../data-sets/data-set.ts'
import { openDataSet } from '../data-sets/open-data-set.ts'
import { feedHere, type FeedDescription, type FeedMessage } from './feed.ts'

/** The program of the feeding thread: opens the data set, then makes the batch of each step it is told. */
const port = parentPort!
const say = (message: FeedMessage, transferred: ArrayBuffer[] = []) => port.postMessage(message, transferred)
const { dataSet: description, classes, ...settings } = workerData as FeedDescription

try {
  const whole = await openDataSet(description)
  const wanted = classes && new Set(classes)
  const feed = feedHere(wanted ? classesOf(whole, (name) => wanted.has(name)) : whole, settings)
  let turn = Promise.resolve() // one batch after the other: two at once would only delay the one needed first
  port.on('message', (step: number) => {
    turn = turn.then(async () => {
      try {
        const batch = await feed.batch(step)
        say({ kind: 'batch', step, batch }, [batch.images.buffer, batch.labels.buffer])
      } catch (error) {
        say({ kind: 'failed', step, message: (error as Error).message })
      }
    })
  })
  const { batchSize, stepsPerEpoch } = feed
  say({ kind: 'ready', batchSize, stepsPerEpoch, classes: feed.classes })
} catch (error) {
  say({ kind: 'failed', step: null, message: (error as Error).message })
}
