import { BlockedFilters, type LoweredValues } from './filters.ts'
import { blockedDepthwiseFilterGradient } from './depthwise-filter-gradient.ts'
import { blockedFilterGradient } from './filter-gradient.ts'
import { blockedInputGradient } from './input-gradient.ts'
import { blockedMaxPoolGradient } from './max-pool-gradient.ts'
import {
  depthwiseFilterGradientOperator,
  domain,
  filterGradientOperator,
  inputGradientOperator,
  maxPoolGradientOperator,
  repeatOperator,
  spreadOperator,
} from './operators.ts'
import { BlockedWriter, type Image } from './writer.ts'
import { Graph, type Attribute, type GraphNode } from '../graph.ts'
import { sameNumbers, sizeOf } from '../tensor.ts'

/**
 * The same graph for ONNX Runtime's fastest CPU kernels, which keep an image as [n, channels / block, height, width,
 * block]. ONNX Runtime uses them by itself only where weights are constants, and while training they are not. Images
 * stay blocked from operator to operator; bias, sum and rectifier go into the convolution before them.
 *
 * A blocked value keeps the nominal shape [n, channels, height, width].
 */
export function blockedLayout(graph: Graph, block: number): Graph {
  return new Lowering(graph, block).run()
}

/** A convolution, or a factor for each channel, with what is done to its output at once. */
interface Chain {
  image: string
  by: { convolution: GraphNode } | { factor: string | null } // [1, channels, 1, 1]; null: one
  bias?: { name: string; negative?: boolean } // [1, channels, 1, 1]
  sum?: string
  relu?: boolean
}

/** Operators whose result at one place depends on the inputs at that place only. */
const elementwise = new Set(
  (
    'Abs Add And Cast Clip Div Equal Exp Greater GreaterOrEqual LeakyRelu Less LessOrEqual Log Max Min Mul Neg Not Or ' +
    'Reciprocal Relu Sigmoid Sign Softplus Sqrt Sub Tanh Where'
  ).split(' '),
)
/** Of these the result is no number of its own, or cheap: computed where it is wanted, in the layout that is wanted. */
const logical = new Set(['And', 'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Not', 'Or'])

class Lowering implements LoweredValues {
  private readonly from: Graph
  private readonly to = new Graph()
  private readonly block: number
  private readonly writer: BlockedWriter
  private readonly filters: BlockedFilters
  private readonly plainNames = new Map<string, string>()
  private readonly blockedNames = new Map<string, string>()
  private readonly waiting = new Map<string, GraphNode>()
  private readonly chains = new Map<string, Chain>() // begun, and put down once somebody asks for the result
  private readonly users = new Map<string, GraphNode[]>()

  constructor(from: Graph, block: number) {
    this.from = from
    this.block = block
    this.writer = new BlockedWriter(this.to, block)
    this.filters = new BlockedFilters(this, this.writer)
  }

  run(): Graph {
    const { from, to } = this
    to.inputs = from.inputs
    to.outputs = from.outputs
    for (const { name, shape, dtype } of from.inputs)
      from.values.set(name, { shape: shape as number[], dtype })
    for (const { name, shape, values, dtype } of from.initializers.values()) {
      from.values.set(name, { shape, dtype })
      const copy =
        dtype === 'int64' ? to.integers(values as number[]) : to.initializer(values as never, shape, dtype)
      this.plainNames.set(name, copy)
    }
    for (const node of from.nodes)
      for (const name of new Set(node.inputs)) this.users.set(name, [...(this.users.get(name) ?? []), node])
    this.masksFromRectified()
    this.joinInTwoSteps()
    const outputs = new Set(from.outputs.map(({ name }) => name))
    for (const node of from.nodes) {
      const chain = this.begun(node) ?? this.continued(node)
      if (outputs.has(node.outputs[0]!))
        to.nodes.push({ ...node, inputs: node.inputs.map((name) => this.plain(name)) })
      else if (chain) this.chains.set(node.outputs[0]!, chain)
      else if (this.isLazy(node)) this.waiting.set(node.outputs[0]!, node)
      else this.lower(node)
    }
    nameOutputs(to)
    return to
  }

  /** x > 0 holds where relu(x) > 0: asked there, so that x itself need not be kept, unless it is for others too. */
  private masksFromRectified(): void {
    const isMask = (node: GraphNode) => this.isPositive(node)
    const place = new Map(this.from.nodes.map((node, index) => [node, index]))
    for (const relu of this.from.nodes) {
      if (relu.operator !== 'Relu') continue
      const [x] = relu.inputs as [string]
      const others = this.users.get(x)!.filter((user) => user !== relu)
      if (!others.every((user) => isMask(user) && place.get(user)! > place.get(relu)!)) continue
      for (const mask of others) mask.inputs = [relu.outputs[0]!, mask.inputs[1]!]
      this.users.set(x, [relu])
      this.users.set(relu.outputs[0]!, [...(this.users.get(relu.outputs[0]!) ?? []), ...others])
    }
  }

  /**
   * What is joined in several steps, as WebGPU wants it, is copied twice at most. Not once: ONNX Runtime computes next what
   * a join waits for, and with all gradients in one join it keeps a sixth more activations until their turn.
   */
  private joinInTwoSteps(): void {
    const isJoin = (name: string, axis: unknown) => {
      const node = this.from.producer(name)
      return node?.operator === 'Concat' && node.attributes.axis === axis
    }
    for (const { operator, inputs, attributes } of this.from.nodes) {
      if (operator !== 'Concat') continue
      const flat = inputs.flatMap((name) => {
        const parts = isJoin(name, attributes.axis) ? this.from.producer(name)!.inputs : []
        const isMiddle = parts.some((part) => isJoin(part, attributes.axis))
        return isMiddle && this.users.get(name)!.length === 1 ? parts : [name]
      })
      inputs.splice(0, inputs.length, ...flat)
    }
  }

  private begun(node: GraphNode): Chain | null {
    const { operator, inputs, outputs } = node
    if (operator === 'Conv')
      return this.canConvolve(node) ? { image: inputs[0]!, by: { convolution: node } } : null
    if (!['Add', 'Mul', 'Sub'].includes(operator)) return null
    const shape = this.shape(outputs[0]!)
    const place = inputs.findIndex((name) => sameNumbers(this.shape(name), shape))
    const [image, by] = [inputs[place], inputs[1 - place]] as [string, string]
    if (place === -1 || !this.isPerChannel(by, shape) || this.canContinue(image)) return null
    if (!this.isImage(shape) || !this.isBlocked(image) || (operator === 'Sub' && place === 1)) return null
    if (operator === 'Mul') return { image, by: { factor: by } }
    return { image, by: { factor: null }, bias: { name: by, negative: operator === 'Sub' } }
  }

  /** The chain that a node lengthens, where nobody else needs what came before. */
  private continued({ operator, inputs, outputs }: GraphNode): Chain | null {
    const shape = this.shape(outputs[0]!)
    for (const [place, name] of inputs.entries()) {
      const chain = this.chains.get(name)
      if (!chain || !this.canContinue(name)) continue
      if (operator === 'Relu') return this.lengthened(name, { ...chain, relu: true })
      const other = inputs[1 - place]!
      if (operator === 'Sub' && place === 0 && this.isPerChannel(other, shape) && !chain.bias && !chain.sum)
        return this.lengthened(name, { ...chain, bias: { name: other, negative: true } })
      if (operator !== 'Add') continue
      if (this.isPerChannel(other, shape) && !chain.bias && !chain.sum)
        return this.lengthened(name, { ...chain, bias: { name: other } })
      if (sameNumbers(this.shape(other), shape) && !chain.sum)
        return this.lengthened(name, { ...chain, sum: other })
    }
    return null
  }

  private lengthened(name: string, chain: Chain): Chain {
    this.chains.delete(name)
    return chain
  }

  private canContinue(name: string): boolean {
    return (
      this.chains.get(name)?.relu === undefined && this.chains.has(name) && this.users.get(name)?.length === 1
    )
  }

  private canConvolve({ inputs, attributes }: GraphNode): boolean {
    const [image, kernel] = [this.shape(inputs[0]!), this.shape(inputs[1]!)]
    if (image.length !== 4 || kernel.length !== 4 || inputs.length > 2) return false
    const [channels, outputs] = [image[1]!, kernel[0]!]
    if (outputs % this.block) return false
    if (attributes.group === 1) return channels % this.block === 0 || channels < 4
    return attributes.group === channels && outputs === channels
  }

  private putDown({ image, by, bias, sum, relu }: Chain): string {
    const shape = this.shape(image)
    const [n, channels] = shape as [number, number]
    const vector = (name: string) => {
      const plain = this.plain(name)
      return this.writer.reshaped(plain, [sizeOf(this.shape(name))])
    }
    const extras: string[] = []
    if (bias || sum) {
      const term = bias ? vector(bias.name) : ''
      extras.push(bias?.negative ? this.writer.add('Neg', [term]) : term)
    }
    const activation: Record<string, Attribute> = relu ? { activation: 'Relu' } : {}
    if ('convolution' in by) {
      const { inputs, attributes } = by.convolution
      const from = channels % this.block === 0 ? this.blocked(image) : this.plain(image)
      if (sum) extras.push(this.blocked(sum))
      const kernel = this.filters.kernel(inputs[1]!, attributes.group !== 1)
      return this.writer.add(`${domain}.Conv`, [from, kernel, ...extras], { ...attributes, ...activation })
    }
    // One tap for each channel. A whole map is one row: one call for it, not one for each of its rows.
    const row = [n, channels, 1, shape[2]! * shape[3]!]
    const tap =
      by.factor === null
        ? this.writer.ones(channels)
        : this.writer.reshaped(this.plain(by.factor), [channels, 1, 1, 1])
    if (sum) extras.push(this.writer.reshaped(this.blocked(sum), row))
    const window = {
      kernel_shape: [1, 1],
      strides: [1, 1],
      dilations: [1, 1],
      pads: [0, 0, 0, 0],
      group: channels,
    }
    const operands = [this.writer.reshaped(this.blocked(image), row), tap, ...extras]
    return this.writer.reshaped(
      this.writer.add(`${domain}.Conv`, operands, { ...window, ...activation }),
      shape,
    )
  }

  private isLazy(node: GraphNode): boolean {
    if (logical.has(node.operator) || this.isSummedProduct(node)) return true
    return node.operator === 'Cast' && logical.has(this.from.producer(node.inputs[0]!)?.operator ?? '')
  }

  /** Whether nothing is wanted of a product of images but its sum: that is had without the product itself. */
  private isSummedProduct({ operator, inputs, outputs }: GraphNode): boolean {
    const shape = this.shape(outputs[0]!)
    const users = this.users.get(outputs[0]!) ?? []
    if (operator !== 'Mul' || !this.isImage(shape) || users.length !== 1) return false
    if (!inputs.every((name) => sameNumbers(this.shape(name), shape) && this.canBlock(name))) return false
    return inputs.some((name) => this.isBlocked(name)) && this.axesOfReduction(users[0]!) !== null
  }

  /** Of a sum or mean over height and width, and perhaps the batch; null for any other node. */
  private axesOfReduction({ operator, inputs, attributes }: GraphNode): readonly number[] | null {
    if (operator !== 'ReduceSum' && operator !== 'ReduceMean') return null
    const axes = inputs[1] === undefined ? (attributes.axes as number[]) : this.constantAt(inputs[1])
    return axes && (sameNumbers(axes, [0, 2, 3]) || sameNumbers(axes, [2, 3])) ? axes : null
  }

  private lower(node: GraphNode): void {
    if (node.operator === filterGradientOperator)
      return void this.plainNames.set(node.outputs[0]!, blockedFilterGradient(this, this.writer, node))
    if (node.operator === depthwiseFilterGradientOperator)
      return void this.plainNames.set(
        node.outputs[0]!,
        blockedDepthwiseFilterGradient(this, this.writer, node),
      )
    const own = {
      [spreadOperator]: () =>
        this.writer.spread(
          this.blocked(node.inputs[0]!),
          this.shape(node.inputs[0]!) as Image,
          node.attributes.strides as [number, number],
        ),
      [repeatOperator]: () =>
        this.writer.add(`${domain}.Upsample`, [this.blocked(node.inputs[0]!)], {
          scales: node.attributes.scales!,
        }),
      [inputGradientOperator]: () => blockedInputGradient(this, this.writer, this.filters, node),
      [maxPoolGradientOperator]: () => blockedMaxPoolGradient(this, this.writer, node),
    }[node.operator]
    if (own) return void this.blockedNames.set(node.outputs[0]!, own())
    const blocked = this.inBlocks(node)
    if (blocked !== null) this.blockedNames.set(node.outputs[0]!, blocked)
    else this.lowerPlain(node)
  }

  /** x, where the node is the number 1 where x > 0, else 0. */
  private maskOf({ operator, inputs, attributes }: GraphNode): string | null {
    const comparison = operator === 'Cast' && attributes.to === 1 ? this.from.producer(inputs[0]!) : undefined
    return comparison && this.isPositive(comparison) ? comparison.inputs[0]! : null
  }

  /** 1 where x > 0, else 0, in one pass on all threads, where a comparison and its cast take two and the cast one thread. */
  private step(x: string): string {
    return this.writer.add('HardSigmoid', [x], { alpha: { float: 3e38 }, beta: { float: 0 } })
  }

  private isPositive({ operator, inputs }: GraphNode): boolean {
    return (
      operator === 'Greater' && sizeOf(this.shape(inputs[1]!)) === 1 && this.constantAt(inputs[1]!)?.[0] === 0
    )
  }

  private lowerPlain(node: GraphNode): void {
    const masked = this.maskOf(node)
    if (masked !== null) return void this.plainNames.set(node.outputs[0]!, this.step(this.plain(masked)))
    const inputs = node.inputs.map((name) => this.plain(name))
    const names = this.writer.graph.add(node.operator, inputs, node.attributes, node.outputs.length)
    node.outputs.forEach((name, index) => this.plainNames.set(name, names[index]!))
  }

  /** The node on blocked values, where it can be done and pays. */
  private inBlocks(node: GraphNode): string | null {
    const { operator, inputs, attributes, outputs } = node
    const image = inputs[0]!
    if (operator === 'ReduceSum' || operator === 'ReduceMean') return this.reduced(node)
    if ((operator === 'MaxPool' || operator === 'AveragePool') && outputs.length === 1)
      return this.isBlocked(image)
        ? this.writer.add(`${domain}.${operator}`, [this.blocked(image)], attributes)
        : null
    if (operator === 'Pad') return this.padded(node)
    if (operator === 'Slice') return this.everySecond(node)
    if (!elementwise.has(operator)) return null
    const shape = this.shape(outputs[0]!)
    if (!this.isImage(shape)) return null
    const full = inputs.filter((name) => sameNumbers(this.shape(name), shape))
    if (!full.some((name) => this.isBlocked(name)) || !full.every((name) => this.canBlock(name))) return null
    const rest = inputs.filter((name) => !full.includes(name))
    return rest.every((name) => sizeOf(this.shape(name)) === 1) ? this.elementwise(node) : null
  }

  private elementwise(node: GraphNode): string {
    const { operator, inputs, attributes } = node
    const masked = this.maskOf(node)
    if (masked !== null) return this.step(this.blocked(masked))
    return this.writer.add(
      operator,
      inputs.map((name) => (sizeOf(this.shape(name)) === 1 ? this.plain(name) : this.blocked(name))),
      attributes,
    )
  }

  /** Over height and width by the pool made for it; the little that is left as it was. */
  private reduced(node: GraphNode): string | null {
    const [image, axesName] = node.inputs as [string, string | undefined]
    const shape = this.shape(image)
    if (!this.axesOfReduction(node) || !this.isImage(shape) || !this.isBlocked(image)) return null
    const places = shape[2]! * shape[3]!
    const product = this.waiting.get(image)
    const isProduct = product?.operator === 'Mul' && !this.blockedNames.has(image)
    const each = isProduct
      ? this.summedProduct(product.inputs as [string, string], shape as Image)
      : this.writer.add(`${domain}.GlobalAveragePool`, [this.blocked(image)]) // [n, channels, 1, 1]
    const result = this.writer.graph.add(
      node.operator,
      axesName ? [each, this.plain(axesName)] : [each],
      node.attributes,
    )[0]!
    // The pool gives means, the product sums.
    const wantsSum = node.operator === 'ReduceSum'
    const factor = isProduct ? (wantsSum ? 1 : 1 / places) : wantsSum ? places : 1
    const scaled =
      factor === 1
        ? result
        : this.writer.add('Mul', [
            result,
            this.writer.graph.initializer(Float32Array.of(factor), [], 'float32'),
          ])
    this.plainNames.set(node.outputs[0]!, scaled)
    return scaled
  }

  /** Σ a · b over height and width, [n, channels, 1, 1]: each map a filter under which the other lies once. Neither is copied, nor the product written. */
  private summedProduct([a, b]: [string, string], [n, channels, height, width]: Image): string {
    const all = n * channels
    const window = { kernel_shape: [height, width], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] }
    const operands = [
      this.writer.reshaped(this.blocked(a), [1, all, height, width]),
      this.writer.reshaped(this.blocked(b), [all, 1, height, width]),
    ]
    return this.writer.reshaped(this.writer.add(`${domain}.Conv`, operands, { ...window, group: all }), [
      n,
      channels,
      1,
      1,
    ])
  }

  /** Every so many rows and columns from the first on: a convolution that steps over the others. */
  private everySecond({ inputs, outputs }: GraphNode): string | null {
    const [image] = inputs as [string]
    const [starts, , axes, steps] = inputs.slice(1).map((name) => this.constantAt(name))
    const [shape, result] = [this.shape(image), this.shape(outputs[0]!)]
    if (!starts || !axes || !steps || !this.isImage(shape) || !this.isBlocked(image)) return null
    const isOfPlaces = axes.every((axis) => axis === 2 || axis === 3)
    if (!isOfPlaces || starts.some((start) => start !== 0) || steps.some((step) => step < 1)) return null
    const strides = ([2, 3] as const).map((axis) => (axes.includes(axis) ? steps[axes.indexOf(axis)]! : 1))
    if (strides.some((step, at) => Math.ceil(shape[at + 2]! / step) !== result[at + 2])) return null
    const window = { kernel_shape: [1, 1], strides, dilations: [1, 1], pads: [0, 0, 0, 0] }
    const operands = [this.blocked(image), this.writer.ones(shape[1]!)]
    return this.writer.add(`${domain}.Conv`, operands, { ...window, group: shape[1]! })
  }

  private padded({ inputs, attributes }: GraphNode): string | null {
    const [image, padsName, value] = inputs as [string, string, string | undefined]
    const pads = this.constantAt(padsName)
    const shape = this.shape(image)
    const { block } = this
    if (!pads || !this.isImage(shape) || !this.isBlocked(image) || inputs.length > 3) return null
    if (pads[1]! % block || pads[5]! % block) return null
    const [n, channels, height, width] = shape as [number, number, number, number]
    if (pads[0] === 0 && pads[4] === 0 && pads[1] === 0 && pads[5] === 0 && this.isZero(value))
      return this.writer.framed(
        this.blocked(image),
        [n, channels, height, width],
        [2, 3, 6, 7].map((at) => pads[at]!),
      )
    const scaled = pads.map((count, index) =>
      index % 4 === 1 ? count / block : index % 4 === 3 ? count * block : count,
    )
    const split = this.writer.reshaped(this.blocked(image), [n, channels / block, height, width * block])
    const names = [split, this.writer.integers(scaled), ...(value === undefined ? [] : [this.plain(value)])]
    const result = this.writer.add('Pad', names, attributes)
    return this.writer.reshaped(
      result,
      shape.map((size, axis) => size + pads[axis]! + pads[axis + 4]!),
    )
  }

  private isZero(value: string | undefined): boolean {
    return value === undefined || value === '' || this.constantAt(value)?.[0] === 0
  }

  /** The value as ONNX knows it. */
  plain(name: string): string {
    if (name === '') return name
    const found = this.plainNames.get(name)
    if (found !== undefined) return found
    const node = this.waiting.get(name)
    if (node) this.lowerPlain(node)
    else if (this.blockedNames.has(name) || this.chains.has(name)) {
      const blocked = this.blocked(name)
      const channels = this.shape(name)[1]!
      this.plainNames.set(name, this.writer.add(`${domain}.ReorderOutput`, [blocked], { channels }))
    } else this.plainNames.set(name, name) // an input of the graph
    return this.plainNames.get(name)!
  }

  /** The value in blocks. */
  blocked(name: string): string {
    const found = this.blockedNames.get(name)
    if (found !== undefined) return found
    const shape = this.shape(name)
    const node = this.waiting.get(name)
    const chain = this.chains.get(name)
    const result = chain
      ? this.putDown(chain)
      : node
        ? this.elementwise(node)
        : shape[2]! * shape[3]! === 1
          ? this.plain(name)
          : this.writer.add(`${domain}.ReorderInput`, [this.plain(name)])
    this.blockedNames.set(name, result)
    return result
  }

  /** Whether a value is there in blocks already, or is computed in them once it is asked for. */
  private isBlocked(name: string): boolean {
    if (this.blockedNames.has(name) || this.chains.has(name)) return true
    const node = this.waiting.get(name)
    if (!node || !this.canBlock(name)) return false
    return node.inputs.some((input) => this.isBlocked(input))
  }

  private canBlock(name: string): boolean {
    if (!this.isImage(this.shape(name)) || this.from.initializers.has(name)) return false
    const node = this.waiting.get(name)
    if (!node) return this.from.values.get(name)!.dtype === 'float32'
    const shape = this.shape(name)
    return node.inputs.every(
      (input) =>
        sizeOf(this.shape(input)) === 1 || (sameNumbers(this.shape(input), shape) && this.canBlock(input)),
    )
  }

  private isImage(shape: readonly number[]): boolean {
    return shape.length === 4 && shape[1]! % this.block === 0 && shape[2]! * shape[3]! > 1
  }

  private isPerChannel(name: string, shape: readonly number[]): boolean {
    return sameNumbers(this.shape(name), [1, shape[1]!, 1, 1])
  }

  shape(name: string): readonly number[] {
    return this.from.values.get(name)?.shape ?? []
  }

  constantAt(name: string): number[] | undefined {
    const found = this.from.initializers.get(name)
    return found && Array.from(found.values)
  }

  producer(name: string): GraphNode | undefined {
    return this.from.producer(name)
  }
}

/** Nodes whose values the graph gives back write them under that name, where a copy did. */
function nameOutputs(graph: Graph): void {
  const given = new Set(graph.inputs.map(({ name }) => name))
  const names = new Map<string, string>()
  for (const { operator, inputs, outputs } of graph.nodes) {
    const [from, to] = [inputs[0]!, outputs[0]!]
    const isOutput = operator === 'Identity' && graph.outputs.some(({ name }) => name === to)
    if (isOutput && !names.has(from) && !given.has(from) && !graph.initializers.has(from)) names.set(from, to)
  }
  const renamed = (name: string) => names.get(name) ?? name
  const kept = graph.nodes
    .map((node) => ({ ...node, inputs: node.inputs.map(renamed), outputs: node.outputs.map(renamed) }))
    .filter(({ operator, inputs, outputs }) => operator !== 'Identity' || inputs[0] !== outputs[0])
  graph.nodes.splice(0, graph.nodes.length, ...kept)
}
