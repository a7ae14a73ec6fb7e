import * as tf from '@tensorflow/tfjs'
import { openProcessor } from './open-processor.ts'
import { probe, type ProbeMessage } from './processor-probe.ts'
import type { ProcessorName } from './processors.ts'

/** The program of a probe's process: runs the step on the processor named on its command line, and tells its parent. */
tf.enableProdMode() // without its banner
const tell = (message: ProbeMessage) => process.send!(message)
try {
  const { openRunner, device } = await openProcessor(process.argv[2] as ProcessorName)
  tell(await probe(openRunner, device))
} catch (error) {
  tell({ kind: 'unavailable', reason: (error as Error).message })
}
