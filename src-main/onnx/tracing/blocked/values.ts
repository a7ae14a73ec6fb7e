import type { GraphNode } from '../graph.ts'

/** Values of the graph that is lowered, by their names there. */
export interface LoweredValues {
  /** As ONNX has it; a blocked value keeps it nominally. */
  shape(name: string): readonly number[]
  constantAt(name: string): number[] | undefined
  producer(name: string): GraphNode | undefined
  /** The name of the value as ONNX knows it. */
  plain(name: string): string
  /** The name of the value in blocks. */
  blocked(name: string): string
  /** Whether a shape is that of a map whose channels come in whole blocks. */
  isImage(shape: readonly number[]): boolean
  /** Whether a value is there in blocks already, or is computed in them once it is asked for. */
  isBlocked(name: string): boolean
}
