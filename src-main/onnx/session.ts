import { InferenceSession, Tensor } from 'onnxruntime-node'

/** What ONNX Runtime can run a graph on. Which of them work here is found out by trying, not by asking. */
export type Processor = 'cpu' | 'webgpu' | 'dml' | 'cuda'

export interface SessionOptions {
  processor: Processor
  threads: number // of the CPU, within one operation
}

/** A graph ready to run; `run` gives every output by name. */
export interface Session {
  inputNames: readonly string[]
  outputNames: readonly string[]
  run(inputs: Record<string, Tensor>): Promise<Record<string, Tensor>>
  release(): Promise<void>
}

/**
 * Puts an ONNX model (its bytes, or the path of its file) on a processor; what that processor lacks runs on the CPU.
 * Throws with ONNX Runtime's own words when the model or the processor cannot be used.
 */
export async function openSession(model: Uint8Array | string, options: SessionOptions): Promise<Session> {
  const session = await InferenceSession.create(model as string, sessionOptions(options))
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run: async (inputs) => (await session.run(inputs)) as Record<string, Tensor>,
    release: () => session.release(),
  }
}

/** ONNX Runtime's options for a processor. */
export function sessionOptions({ processor, threads }: SessionOptions): InferenceSession.SessionOptions {
  return {
    executionProviders: processor === 'cpu' ? ['cpu'] : [processor, 'cpu'],
    intraOpNumThreads: threads,
    // Threads that spin while they wait hold the other core: two were slower than one with it.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    logSeverityLevel: 3, // errors; the warnings are about shapes that are meant
  }
}
