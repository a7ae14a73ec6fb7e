import type { Tracer } from './layout.ts'
import type { TracedTensor } from './tensor.ts'

/** A kernel's inputs: by name, or numbered '0', '1', … where TensorFlow.js passes a list. */
export type KernelInputs = Record<string, TracedTensor>

/** A kernel's attributes, as TensorFlow.js passes them; every kernel knows its own. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each kernel's attributes have their own type in TensorFlow.js
export type KernelAttributes = any

/** Records one TensorFlow.js operation in the graph. */
export type KernelTrace = (
  tracer: Tracer,
  inputs: KernelInputs,
  attributes: KernelAttributes,
) => TracedTensor | TracedTensor[]

/** How a kernel is traced; without `handlesConstants` one with known inputs only is computed while tracing. */
export interface TracedKernel {
  trace: KernelTrace
  handlesConstants?: boolean
  /** The result at one place depends on the inputs at that place only, so known inputs need not be written out. */
  elementwise?: boolean
}

export type KernelTable = Record<string, KernelTrace | TracedKernel>
