import { sizeOf, type DType, type Values } from './tensor.ts'

/** An ONNX attribute: a whole number, a list of whole numbers, a text, or a fraction or several marked as such. */
export type Attribute =
  number | readonly number[] | string | { float: number } | { floats: readonly number[] }

export interface GraphNode {
  operator: string
  inputs: string[] // '' where an optional input is left out
  outputs: string[]
  attributes: Record<string, Attribute>
}

export interface Initializer {
  name: string
  shape: number[]
  dtype: DType | 'int64'
  values: Values | readonly number[] // whole numbers for int64
}

export interface GraphValue {
  name: string
  shape: (number | string)[] // a text names a dimension that is free
  dtype: DType
}

/**
 * An ONNX graph under construction. The same operator on the same inputs is recorded once, so that what
 * TensorFlow.js computes twice (in a gradient, say) runs once.
 */
export class Graph {
  readonly nodes: GraphNode[] = []
  readonly initializers = new Map<string, Initializer>()
  inputs: GraphValue[] = []
  outputs: GraphValue[] = []
  /** Values as they are stored, where the trace knows them. */
  readonly values = new Map<string, { shape: readonly number[]; dtype: Initializer['dtype'] }>()
  private stored = 0
  private readonly known = new Map<string, GraphNode>()
  private readonly producers = new Map<string, GraphNode>()
  private readonly names = new WeakMap<Values, Map<string, string>>()
  private readonly smallNames = new Map<string, string>()

  /** Adds a node, or finds the one that computes the same, and gives the names of its outputs. */
  add(
    operator: string,
    inputs: string[],
    attributes: Record<string, Attribute> = {},
    outputCount = 1,
  ): string[] {
    const key = `${operator}|${inputs.join()}|${JSON.stringify(attributes)}|${outputCount}`
    const found = this.known.get(key)
    if (found) return found.outputs
    const number = this.nodes.length
    const outputs = Array.from({ length: outputCount }, (_, index) =>
      index === 0 ? `${operator}_${number}` : `${operator}_${number}_${index}`,
    )
    const node = { operator, inputs, outputs, attributes }
    this.nodes.push(node)
    this.known.set(key, node)
    outputs.forEach((name) => this.producers.set(name, node))
    return outputs
  }

  /** The node that computes a value; undefined for inputs and initialisers. */
  producer(name: string): GraphNode | undefined {
    return this.producers.get(name)
  }

  /** Whole numbers (a shape, axes, starts) as an initialiser. */
  integers(values: readonly number[]): string {
    const key = `int64|${values.join()}`
    const found = this.smallNames.get(key)
    if (found) return found
    return this.remember(key, { shape: [values.length], dtype: 'int64', values: [...values] })
  }

  /** A known tensor as an initialiser; equal small ones, and the same array twice, are stored once. */
  initializer(values: Values, shape: readonly number[], dtype: DType): string {
    const place = `${dtype}|${shape.join()}`
    if (sizeOf(shape) <= 16) {
      const key = `${place}|${Array.from(values, (value) => (Object.is(value, -0) ? '-0' : value)).join()}`
      return this.smallNames.get(key) ?? this.remember(key, { shape: [...shape], dtype, values })
    }
    const ofArray = this.names.get(values) ?? new Map<string, string>()
    this.names.set(values, ofArray)
    const found = ofArray.get(place)
    if (found) return found
    const name = this.store({ shape: [...shape], dtype, values })
    ofArray.set(place, name)
    return name
  }

  private remember(key: string, initializer: Omit<Initializer, 'name'>): string {
    const name = this.store(initializer)
    this.smallNames.set(key, name)
    return name
  }

  private store(initializer: Omit<Initializer, 'name'>): string {
    const name = `constant_${this.stored++}`
    this.initializers.set(name, { name, ...initializer })
    return name
  }
}
