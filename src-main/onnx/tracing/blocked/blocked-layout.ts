import { Graph, type GraphNode } from '../graph.ts'
import { sameNumbers, sizeOf } from '../tensor.ts'
import { putDown, type Chain } from './chain.ts'
import { blockedDepthwiseFilterGradient } from './depthwise-filter-gradient.ts'
import { everySecond } from './every-second.ts'
import { blockedFilterGradient } from './filter-gradient.ts'
import { BlockedFilters } from './filters.ts'
import { blockedInputGradient } from './input-gradient.ts'
import { blockedMaxPoolGradient } from './max-pool-gradient.ts'
import { nameOutputs } from './name-outputs.ts'
import {
  depthwiseFilterGradientOperator,
  domain,
  filterGradientOperator,
  inputGradientOperator,
  maxPoolGradientOperator,
  repeatOperator,
  spreadOperator,
} from './operators.ts'
import { padded } from './padding.ts'
import { isPositive, joinInTwoSteps, masksFromRectified } from './rewritten.ts'
import { axesOfReduction, summedProduct } from './summed-product.ts'
import type { LoweredValues } from './values.ts'
import { BlockedWriter, type Image } from './writer.ts'

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
    masksFromRectified(from, this.users)
    joinInTwoSteps(from, this.users)
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
    return inputs.some((name) => this.isBlocked(name)) && axesOfReduction(this, users[0]!) !== null
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
    return comparison && isPositive(this.from, comparison) ? comparison.inputs[0]! : null
  }

  /** 1 where x > 0, else 0, in one pass on all threads, where a comparison and its cast take two and the cast one thread. */
  private step(x: string): string {
    return this.writer.add('HardSigmoid', [x], { alpha: { float: 3e38 }, beta: { float: 0 } })
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
    if (operator === 'Pad') return padded(this, this.writer, node)
    if (operator === 'Slice') return everySecond(this, this.writer, node)
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
    if (!axesOfReduction(this, node) || !this.isImage(shape) || !this.isBlocked(image)) return null
    const places = shape[2]! * shape[3]!
    const product = this.waiting.get(image)
    const isProduct = product?.operator === 'Mul' && !this.blockedNames.has(image)
    const each = isProduct
      ? summedProduct(this, this.writer, product.inputs as [string, string], shape as Image)
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
      ? putDown(this, this.writer, this.filters, chain)
      : node
        ? this.elementwise(node)
        : shape[2]! * shape[3]! === 1
          ? this.plain(name)
          : this.writer.add(`${domain}.ReorderInput`, [this.plain(name)])
    this.blockedNames.set(name, result)
    return result
  }

  /** Whether a value is there in blocks already, or is computed in them once it is asked for. */
  isBlocked(name: string): boolean {
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

  isImage(shape: readonly number[]): boolean {
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
