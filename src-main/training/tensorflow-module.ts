import { createRequire } from 'node:module'
import util from 'node:util'

export type TensorflowLoad = { kind: 'loaded'; module: string } | { kind: 'missing'; reason: string }

const modules = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node']

/**
 * Loads TensorFlow.js's native module, the one for CUDA first; it then is TensorFlow.js's backend `tensorflow`. Gives the
 * loader's own words where none loads.
 */
export function loadTensorflow(
  load: (module: string) => unknown = createRequire(import.meta.url),
): TensorflowLoad {
  // tfjs-node 4.22 calls these three, which Node 24 no longer has
  const missing: Record<string, (value: unknown) => boolean> = {
    isNullOrUndefined: (value) => value === null || value === undefined,
    isArray: Array.isArray,
    isString: (value) => typeof value === 'string',
  }
  for (const [name, test] of Object.entries(missing))
    if (!(name in util)) Object.defineProperty(util, name, { value: test })
  const reasons: string[] = []
  for (const module of modules) {
    try {
      load(module)
      return { kind: 'loaded', module }
    } catch (error) {
      reasons.push(`${module}: ${(error as Error).message.split('\n')[0]}`)
    }
  }
  return { kind: 'missing', reason: reasons.join('; ') }
}
