import type { Attribute, Graph, GraphNode, GraphValue, Initializer } from './graph.ts'
import { ProtobufWriter } from './protobuf.ts'

/** ONNX operator set 17: every operator used here, and read by ONNX Runtime since 1.13. */
const operatorSet = 17
const irVersion = 8

const elementTypes = { float32: 1, int32: 6, int64: 7, bool: 9 } as const
const attributeTypes = { float: 1, integer: 2, text: 3, floats: 6, integers: 7 } as const

/**
 * The graph as an ONNX file (protocol buffers; field numbers from onnx.proto). The same graph always gives the same
 * bytes.
 */
export function writeModel(graph: Graph, metadata: Record<string, string> = {}): Uint8Array {
  const model = new ProtobufWriter()
  model.integer(1, irVersion)
  model.text(2, 'semblance')
  model.message(7, (inner) => writeGraph(inner, graph))
  model.message(8, (set) => set.integer(2, operatorSet))
  for (const domain of new Set(graph.nodes.map(domainOf))) {
    if (domain === '') continue
    model.message(8, (set) => {
      set.text(1, domain)
      set.integer(2, 1)
    })
  }
  for (const [key, value] of Object.entries(metadata)) {
    model.message(14, (entry) => {
      entry.text(1, key)
      entry.text(2, value)
    })
  }
  return model.finish()
}

/** ONNX's own operators have no domain; another's is written before its name: `com.microsoft.FusedConv`. */
function domainOf({ operator }: GraphNode): string {
  return operator.slice(0, Math.max(0, operator.lastIndexOf('.')))
}

function writeGraph(into: ProtobufWriter, graph: Graph): void {
  graph.nodes.forEach((node) =>
    into.message(1, (inner) => {
      node.inputs.forEach((name) => inner.text(1, name))
      node.outputs.forEach((name) => inner.text(2, name))
      inner.text(3, node.outputs[0]!)
      inner.text(4, node.operator.slice(node.operator.lastIndexOf('.') + 1))
      if (domainOf(node)) inner.text(7, domainOf(node))
      Object.entries(node.attributes).forEach(([name, value]) => writeAttribute(inner, name, value))
    }),
  )
  into.text(2, 'traced')
  for (const initializer of graph.initializers.values()) {
    into.message(5, (inner) => writeInitializer(inner, initializer))
  }
  graph.inputs.forEach((value) => into.message(11, (inner) => writeValue(inner, value)))
  graph.outputs.forEach((value) => into.message(12, (inner) => writeValue(inner, value)))
}

function writeAttribute(into: ProtobufWriter, name: string, value: Attribute): void {
  into.message(5, (inner) => {
    inner.text(1, name)
    if (typeof value === 'number') {
      inner.integer(3, value)
      inner.integer(20, attributeTypes.integer)
    } else if (typeof value === 'string') {
      inner.text(4, value)
      inner.integer(20, attributeTypes.text)
    } else if ('float' in value) {
      inner.float(2, value.float)
      inner.integer(20, attributeTypes.float)
    } else if ('floats' in value) {
      value.floats.forEach((item) => inner.float(7, item))
      inner.integer(20, attributeTypes.floats)
    } else {
      value.forEach((item) => inner.integer(8, item))
      inner.integer(20, attributeTypes.integers)
    }
  })
}

function writeInitializer(into: ProtobufWriter, { name, shape, dtype, values }: Initializer): void {
  shape.forEach((size) => into.integer(1, size))
  into.integer(2, elementTypes[dtype])
  into.text(8, name)
  into.blob(9, rawBytes(values))
}

function writeValue(into: ProtobufWriter, { name, shape, dtype }: GraphValue): void {
  into.text(1, name)
  into.message(2, (type) =>
    type.message(1, (tensor) => {
      tensor.integer(1, elementTypes[dtype])
      tensor.message(2, (dimensions) =>
        shape.forEach((size) =>
          dimensions.message(1, (dimension) =>
            typeof size === 'number' ? dimension.integer(1, size) : dimension.text(2, size),
          ),
        ),
      )
    }),
  )
}

/** Little-endian, as ONNX wants; every machine Node runs on is. */
function rawBytes(values: Initializer['values']): Uint8Array {
  const array = ArrayBuffer.isView(values) ? values : BigInt64Array.from(values, BigInt)
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}
