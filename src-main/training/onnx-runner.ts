import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { TensorDescription } from '../learning/step/objective.ts'
import type { Values } from '../learning/networks/initialise.ts'
import type { TrainingStep } from '../learning/step/training-step.ts'
import { provenBlock } from '../onnx/tracing/proven-block.ts'
import { traceFunction } from '../onnx/tracing/trace.ts'
import type { OpenRunner, StepRunner } from './step-runner.ts'

/** A training step as one ONNX graph. */
export interface TracedStep {
  model: Uint8Array
  inputs: TensorDescription[]
  /** Names that go in as `name` and come out as `next.name`. */
  state: readonly string[]
}

const next = (name: string) => `next.${name}` // a graph's names are unique, so a renewed vector needs another

/**
 * Records forward pass, gradients and optimiser of a step for one batch size; with a `block`, for the CPU's blocked
 * kernels only.
 */
export function traceStep(step: TrainingStep, batchSize: number, block = 0): TracedStep {
  const inputs = step.inputs(batchSize)
  const { model } = traceFunction(
    (tensors) => {
      const { measures, ...renewed } = step.run(tensors)
      const named = Object.entries(renewed).map(([name, tensor]) => [next(name), tensor] as const)
      return { ...Object.fromEntries(named), measures: measures! }
    },
    inputs.map((input) => ({ ...input, shape: input.shape as number[] })),
    { block },
  )
  return { model, inputs, state: step.state }
}

export interface OnnxProcessor {
  /** ONNX Runtime's execution providers, the first that takes an operator runs it. */
  executionProviders: InferenceSession.ExecutionProviderConfig[]
  threads: number
}

/** Opens steps on a processor of ONNX Runtime. */
export function onnxRunner(processor: OnnxProcessor): OpenRunner {
  return async (step, batchSize, start) => {
    const block = await blockOf(processor)
    return openTraced(traceStep(step, batchSize, block), start, processor)
  }
}

/** The blocked kernels are the CPU's own; 0 where there are none, or where they do not give the plain graph's numbers. */
export async function blockOf({ executionProviders }: OnnxProcessor): Promise<number> {
  return executionProviders[0] === 'cpu' ? provenBlock() : 0
}

/**
 * Puts a traced step on a processor. The state stays in ONNX Runtime's tensors from step to step, with WebGPU in the
 * GPU's memory.
 */
export async function openTraced(
  traced: TracedStep,
  start: Values,
  { executionProviders, threads }: OnnxProcessor,
): Promise<StepRunner> {
  const onGpu = executionProviders[0] === 'webgpu'
  const session = await InferenceSession.create(traced.model, {
    executionProviders,
    intraOpNumThreads: threads,
    ...(onGpu && {
      preferredOutputLocation: Object.fromEntries(
        traced.state.map((name) => [next(name), 'gpu-buffer' as const]),
      ),
    }),
    // The pattern of the first run is laid out as one block beside what that run had taken: twice the memory.
    enableMemPattern: false,
    // To wake a thread costs as much as a small operation; longer than one lasts it keeps the core from the feed.
    extra: { session: { intra_op: { spin_duration_us: '50' }, force_spinning_stop: '1' } },
  })
  const descriptions = new Map(traced.inputs.map((input) => [input.name, input]))
  const taken = new Set(session.inputNames) // an input that nothing depends on is simplified away
  const tensor = (name: string, values: Float32Array | Int32Array) => {
    const input = descriptions.get(name)
    if (!input) throw new Error(`the step takes no ${name}`)
    return new Tensor(
      input.dtype,
      (input.dtype === 'int32' ? Int32Array.from(values) : values) as never,
      input.shape as number[],
    )
  }
  const held = new Map<string, Tensor>(
    Object.entries(start).map(([name, values]) => [name, tensor(name, values)]),
  )
  let copier: InferenceSession | undefined
  /** What is in the GPU's memory, through a graph that copies: a tensor's own download ends the process (1.30). */
  const fetch = async () => {
    const inputs = traced.state.map((name) => descriptions.get(name)!)
    const { model } = traceFunction(
      (tensors) => Object.fromEntries(inputs.map(({ name }) => [next(name), tensors[name]!])),
      inputs.map((input) => ({ ...input, shape: input.shape as number[] })),
    )
    copier ??= await InferenceSession.create(model, { executionProviders, logSeverityLevel: 3 })
    return (await copier.run(
      Object.fromEntries(traced.state.map((name) => [name, held.get(name)!])),
    )) as Record<string, Tensor>
  }
  return {
    async run(inputs) {
      const feeds: Record<string, Tensor> = {}
      for (const [name, value] of held) if (taken.has(name)) feeds[name] = value
      for (const [name, values] of Object.entries(inputs))
        if (taken.has(name)) feeds[name] = tensor(name, values)
      const outputs = await session.run(feeds)
      for (const name of traced.state) {
        held.get(name)!.dispose()
        held.set(name, outputs[next(name)]!)
      }
      return Float32Array.from((await outputs.measures!.getData()) as Float32Array)
    },
    async state() {
      const values: Values = {}
      const isFar = ({ location }: Tensor) => location === 'gpu-buffer'
      const near = [...held.values()].some(isFar) ? await fetch() : {}
      for (const [name, value] of held)
        values[name] = Float32Array.from((near[next(name)] ?? value).data as Float32Array)
      return values
    },
    async release() {
      for (const value of held.values()) value.dispose()
      await copier?.release()
      await session.release()
    },
  }
}
