import { Graph, type Attribute, type GraphNode } from './graph.ts'
import { sameNumbers, sizeOf, upTo } from './tensor.ts'

/** ONNX Runtime's own name for the kernels that work on blocks of channels. */
const domain = 'com.microsoft.nchwc'

/**
 * An operator of our own, gone when the graph is lowered: (x, dy) → gradient of a convolution's filter, [out, in, height,
 * width]. x is [n, in, h, w], or [n, h, w, in] where it has fewer than four channels; dy is [n, out, h, w].
 */
export const filterGradientOperator = 'semblance.FilterGradient'

/** The same of a depthwise convolution: (x, dy) → [channels, 1, height, width]. */
export const depthwiseFilterGradientOperator = 'semblance.DepthwiseFilterGradient'

/** Likewise our own: an image [n, c, h, w] with zeros between its elements, [n, c, h · stride, w · stride]. */
export const spreadOperator = 'semblance.Spread'

/** Likewise: every element of an image `scales` times along each axis. */
export const repeatOperator = 'semblance.Repeat'

/** Likewise: (x, y, dy) → gradient of a maximum pool whose windows lie inside the image, [n, c, h, w]. */
export const maxPoolGradientOperator = 'semblance.MaxPoolGradient'

/** Likewise: (dy, filter [out, in, height, width]) → gradient of a convolution with strides for its input, [n, in, h, w]. */
export const inputGradientOperator = 'semblance.InputGradient'

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

/** [n, channels, height, width]; blocked, the channels come in whole blocks. */
type Image = readonly [number, number, number, number]

/** Operators whose result at one place depends on the inputs at that place only. */
const elementwise = new Set(
  (
    'Abs Add And Cast Clip Div Equal Exp Greater GreaterOrEqual LeakyRelu Less LessOrEqual Log Max Min Mul Neg Not Or ' +
    'Reciprocal Relu Sigmoid Sign Softplus Sqrt Sub Tanh Where'
  ).split(' '),
)
/** Of these the result is no number of its own, or cheap: computed where it is wanted, in the layout that is wanted. */
const logical = new Set(['And', 'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Not', 'Or'])

class Lowering {
  private readonly from: Graph
  private readonly to = new Graph()
  private readonly block: number
  private readonly plainNames = new Map<string, string>()
  private readonly blockedNames = new Map<string, string>()
  private readonly waiting = new Map<string, GraphNode>()
  private readonly chains = new Map<string, Chain>() // begun, and put down once somebody asks for the result
  private readonly users = new Map<string, GraphNode[]>()

  constructor(from: Graph, block: number) {
    this.from = from
    this.block = block
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
      return this.reshaped(plain, [sizeOf(this.shape(name))])
    }
    const extras: string[] = []
    if (bias || sum) {
      const term = bias ? vector(bias.name) : ''
      extras.push(bias?.negative ? this.add('Neg', [term]) : term)
    }
    const activation: Record<string, Attribute> = relu ? { activation: 'Relu' } : {}
    if ('convolution' in by) {
      const { inputs, attributes } = by.convolution
      const from = channels % this.block === 0 ? this.blocked(image) : this.plain(image)
      if (sum) extras.push(this.blocked(sum))
      const kernel = this.kernel(inputs[1]!, attributes.group !== 1)
      return this.add(`${domain}.Conv`, [from, kernel, ...extras], { ...attributes, ...activation })
    }
    // One tap for each channel. A whole map is one row: one call for it, not one for each of its rows.
    const row = [n, channels, 1, shape[2]! * shape[3]!]
    const tap =
      by.factor === null ? this.ones(channels) : this.reshaped(this.plain(by.factor), [channels, 1, 1, 1])
    if (sum) extras.push(this.reshaped(this.blocked(sum), row))
    const window = {
      kernel_shape: [1, 1],
      strides: [1, 1],
      dilations: [1, 1],
      pads: [0, 0, 0, 0],
      group: channels,
    }
    const operands = [this.reshaped(this.blocked(image), row), tap, ...extras]
    return this.reshaped(this.add(`${domain}.Conv`, operands, { ...window, ...activation }), shape)
  }

  /** A kernel [out, in, height, width] in blocks. */
  private kernel(name: string, depthwise: boolean): string {
    const shape = this.shape(name)
    const node = this.from.producer(name)
    if (node && this.isTurned(node))
      return this.turned(this.kernel(node.inputs[0]!, depthwise), shape, depthwise)
    if (!depthwise && node?.operator === 'Transpose' && this.isSwapped(node)) return this.swapped(node, shape)
    return this.kernelInBlocks(this.plain(name), shape, depthwise)
  }

  /** Outputs and inputs change places, both in whole blocks. */
  private isSwapped({ inputs, attributes }: GraphNode): boolean {
    const [outputs, ins] = this.shape(inputs[0]!) as [number, number]
    const isWhole = outputs % this.block === 0 && ins % this.block === 0
    return isWhole && sameNumbers(attributes.perm as number[], [1, 0, 2, 3])
  }

  /** A kernel [in, out, height, width] out of the blocked [out, in, height, width], turned where the node's input is: whole tiles change places, then each is transposed. */
  private swapped({ inputs }: GraphNode, shape: readonly number[]): string {
    const { block } = this
    const before = this.from.producer(inputs[0]!)
    const isTurned = !!before && this.isTurned(before)
    const forward = this.kernel(isTurned ? before.inputs[0]! : inputs[0]!, false)
    const [ins, outs, taps] = [shape[0]! / block, shape[1]! / block, shape[2]! * shape[3]!]
    const order = rowOrder([outs, ins, taps], [1, 0, 2], isTurned ? [2] : [])
    const tiles = this.rows(forward, [1, outs * ins * taps, block * block], order)
    const transposed = this.add(`${domain}.ReorderInput`, [
      this.reshaped(tiles, [outs * ins * taps, block, block, 1]),
    ])
    return this.reshaped(transposed, shape)
  }

  /** As [out / block, in / block, height, width, block of in, block of out]; depthwise [out / block, height, width, block]. */
  private kernelInBlocks(plain: string, shape: readonly number[], depthwise: boolean): string {
    const [outputs, inputs, height, width] = shape as [number, number, number, number]
    const { block } = this
    const places = depthwise ? height * width : inputs * height * width
    const rows = this.add(`${domain}.ReorderInput`, [this.reshaped(plain, [1, outputs, places, 1])])
    const taps = height * width
    if (depthwise || inputs < block || taps === 1) return this.reshaped(rows, shape)
    const tile = [(outputs * inputs) / block ** 2, block * taps, block]
    return this.reshaped(this.rows(rows, tile, rowOrder([block, taps], [1, 0])), shape)
  }

  /** A blocked kernel with height and width reversed. */
  private turned(kernel: string, shape: readonly number[], depthwise: boolean): string {
    const places = shape[2]! * shape[3]!
    const tile = depthwise ? this.block : Math.min(shape[1]!, this.block) * this.block
    const rows = this.reshaped(kernel, [sizeOf(shape) / places / tile, places, tile])
    const backwards = this.to.integers(upTo(places).reverse())
    return this.reshaped(this.add('Gather', [rows, backwards], { axis: 1 }), shape)
  }

  /** Height and width reversed. */
  private isTurned({ operator, inputs }: GraphNode): boolean {
    const [axes, steps] = [inputs[3], inputs[4]].map((name) => this.constantAt(name ?? ''))
    return (
      operator === 'Slice' && !!axes && !!steps && sameNumbers(axes, [2, 3]) && sameNumbers(steps, [-1, -1])
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
      return void this.plainNames.set(node.outputs[0]!, this.filterGradient(node))
    if (node.operator === depthwiseFilterGradientOperator)
      return void this.plainNames.set(node.outputs[0]!, this.depthwiseFilterGradient(node))
    const own = {
      [spreadOperator]: () =>
        this.spread(this.blocked(node.inputs[0]!), this.shape(node.inputs[0]!) as Image, node),
      [repeatOperator]: () =>
        this.add(`${domain}.Upsample`, [this.blocked(node.inputs[0]!)], { scales: node.attributes.scales! }),
      [inputGradientOperator]: () => this.inputGradient(node),
      [maxPoolGradientOperator]: () => this.maxPoolGradient(node),
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
    return this.add('HardSigmoid', [x], { alpha: { float: 3e38 }, beta: { float: 0 } })
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
    const names = this.to.add(node.operator, inputs, node.attributes, node.outputs.length)
    node.outputs.forEach((name, index) => this.plainNames.set(name, names[index]!))
  }

  /** The node on blocked values, where it can be done and pays. */
  private inBlocks(node: GraphNode): string | null {
    const { operator, inputs, attributes, outputs } = node
    const image = inputs[0]!
    if (operator === 'ReduceSum' || operator === 'ReduceMean') return this.reduced(node)
    if ((operator === 'MaxPool' || operator === 'AveragePool') && outputs.length === 1)
      return this.isBlocked(image)
        ? this.add(`${domain}.${operator}`, [this.blocked(image)], attributes)
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
    return this.add(
      operator,
      inputs.map((name) => (sizeOf(this.shape(name)) === 1 ? this.plain(name) : this.blocked(name))),
      attributes,
    )
  }

  /**
   * A convolution of x under dy, the batch in the place of the channels. The channels of a block lie side by side in a
   * row, and dy steps over a whole block at a time: a row of the result holds all channels of the block for every tap,
   * wide enough to keep the processor busy, where one channel alone would have as many places as the filter is wide.
   */
  private filterGradient({ inputs, outputs, attributes }: GraphNode): string {
    const { block } = this
    const [image, errors] = inputs as [string, string]
    const [outs, ins, filterHeight, filterWidth] = this.shape(outputs[0]!) as [number, number, number, number]
    const [n, , outHeight, outWidth] = this.shape(errors) as [number, number, number, number]
    const [stepY, stepX] = attributes.strides as [number, number]
    const [top, left] = attributes.pads as [number, number]
    const isBlocked = ins % block === 0
    const [height, width] = this.shape(image).slice(isBlocked ? 2 : 1) as [number, number]
    const [unit, groups] = isBlocked ? [block, ins / block] : [ins, 1]
    // As much of the image as the windows meet, borders of zeros included; the rest is cut away.
    const [reachY, reachX] = [(outHeight - 1) * stepY + filterHeight, (outWidth - 1) * stepX + filterWidth]
    const [bottom, right] = [reachY - height - top, reachX - width - left]
    const framed = isBlocked
      ? this.framed(this.blocked(image), [n, ins, height, width], [top, left, bottom, right])
      : this.framedRows(this.reshaped(this.plain(image), [n, 1, height, width * unit]), [
          top,
          left * unit,
          bottom,
          right * unit,
        ])
    const byBatch = this.add(`${domain}.ReorderInput`, [
      this.reshaped(framed, [1, n, groups * reachY * reachX * unit, 1]),
    ])
    // For each group the rows under each band of dy; where bands overlap, a row is there twice.
    const bands = bandsOf(outHeight, outWidth * 4 * block * Math.min(outs, 4 * block))
    const bandHeight = outHeight / bands
    const bandReach = (bandHeight - 1) * stepY + filterHeight
    const met = upTo(groups * (n / block)).flatMap((place) => {
      const [group, part] = [Math.floor(place / (n / block)), place % (n / block)]
      const first = (part * groups + group) * reachY
      return upTo(bands).flatMap((band) =>
        upTo(bandReach).map((row) => first + band * bandHeight * stepY + row),
      )
    })
    const isInOrder = groups === 1 && bands === 1
    const first = isInOrder
      ? byBatch
      : this.rows(byBatch, [1, (n / block) * groups * reachY, reachX * unit * block], met)
    const second = this.errorsAsKernel(this.blocked(errors), [n, outs, outHeight * outWidth])
    const product = this.add(
      `${domain}.Conv`,
      [
        this.reshaped(first, [groups, n * bands, bandReach, reachX * unit]),
        this.reshaped(second, [outs, n * bands, bandHeight, outWidth]),
      ],
      {
        kernel_shape: [bandHeight, outWidth],
        strides: [1, 1],
        dilations: [stepY, stepX * unit],
        pads: [0, 0, 0, 0],
        group: 1,
      },
    ) // [groups, out, filterHeight, filterWidth · unit]
    const taps = filterHeight * filterWidth
    const outFirst =
      groups === 1 || outs === block
        ? product
        : this.rows(
            product,
            [1, (groups * outs) / block, taps * unit * block],
            rowOrder([groups, outs / block], [1, 0]),
          )
    const tapsLast = this.rows(
      outFirst,
      [(groups * outs) / block, taps * unit, block],
      rowOrder([taps, unit], [1, 0]),
    )
    const plain = this.add(`${domain}.ReorderOutput`, [this.reshaped(tapsLast, [1, outs, ins * taps, 1])], {
      channels: outs,
    })
    return this.reshaped(plain, [outs, ins, filterHeight, filterWidth])
  }

  /** dy, blocked, as a kernel whose inputs are the batch: [out / block, n / block, place, block of n, block of out]. */
  private errorsAsKernel(errors: string, [n, outs, places]: [number, number, number]): string {
    const { block } = this
    const blocks = outs / block
    const outFirst =
      blocks === 1
        ? errors
        : this.rows(errors, [1, n * blocks, places * block], rowOrder([n, blocks], [1, 0]))
    const byImage = this.reshaped(outFirst, [(blocks * n) / block, block, 1, places * block])
    // From [image, place] to [place, image], a block of outputs each: what this operator does to channels that come last.
    return this.add(`${domain}.ReorderInput`, [byImage], { channels_last: 1 })
  }

  /** Every channel of every image by itself: x as it lies under dy as it lies. */
  private depthwiseFilterGradient({ inputs, outputs, attributes }: GraphNode): string {
    const [image, errors] = inputs as [string, string]
    const [n, channels, height, width] = this.shape(image) as [number, number, number, number]
    const [, , outHeight, outWidth] = this.shape(errors) as [number, number, number, number]
    const [, , filterHeight, filterWidth] = this.shape(outputs[0]!) as [number, number, number, number]
    const [stepY, stepX] = attributes.strides as [number, number]
    const [top, left] = attributes.pads as [number, number]
    const [reachY, reachX] = [(outHeight - 1) * stepY + filterHeight, (outWidth - 1) * stepX + filterWidth]
    const [bottom, right] = [Math.max(0, reachY - height - top), Math.max(0, reachX - width - left)]
    const [rows, columns] = [
      filterHeight + Math.max(0, height + top - reachY),
      filterWidth + Math.max(0, width + left - reachX),
    ]
    const all = n * channels
    const each = this.add(
      `${domain}.Conv`,
      [
        this.reshaped(this.blocked(image), [1, all, height, width]),
        this.reshaped(this.blocked(errors), [all, 1, outHeight, outWidth]),
      ],
      {
        kernel_shape: [outHeight, outWidth],
        strides: [1, 1],
        dilations: [stepY, stepX],
        pads: [top, left, bottom, right],
        group: all,
      },
    ) // [1, n · channels, rows, columns]
    const plain = this.add(`${domain}.ReorderOutput`, [each], { channels: all })
    const perImage = this.reshaped(plain, [n, channels, 1, rows, columns])
    const sum = this.to.add('ReduceSum', [perImage, this.to.integers([0])], { keepdims: 0 })[0]!
    if (rows === filterHeight && columns === filterWidth) return sum
    return this.add('Slice', [
      sum,
      this.to.integers([0, 0]),
      this.to.integers([filterHeight, filterWidth]),
      this.to.integers([2, 3]),
    ])
  }

  private spread(image: string, [n, channels, height, width]: Image, { attributes }: GraphNode): string {
    const [stepY, stepX] = attributes.strides as [number, number]
    const withZeros = this.framed(image, [n, channels, height, width], [0, 0, 1, 0])
    return this.pixels(
      withZeros,
      [n, channels, height + 1, width],
      [channels, height * stepY, width * stepX],
      (group, y, x) => (y % stepY || x % stepX ? null : [group, y / stepY, x / stepX]),
    )
  }

  /**
   * A blocked image put together from the pixels of another, a block of channels each: `from` tells where, null where
   * there is none. The source's last row must be zero then.
   */
  private pixels(
    name: string,
    [n, channels, height, width]: Image,
    [newChannels, newHeight, newWidth]: readonly [number, number, number],
    from: (group: number, y: number, x: number) => readonly [number, number, number] | null,
  ): string {
    const zero = height * width - 1
    const order = upTo(newChannels / this.block).flatMap((group) =>
      upTo(newHeight).flatMap((y) =>
        upTo(newWidth).map((x) => {
          const place = from(group, y, x)
          return place ? (place[0] * height + place[1]) * width + place[2] : zero
        }),
      ),
    )
    const pixels = [n, (channels / this.block) * height * width, this.block]
    return this.reshaped(this.rows(name, pixels, order), [n, newChannels, newHeight, newWidth])
  }

  /** Rows along the second axis of [some, rows, length], in another order. ONNX Runtime's `Transpose` would use one thread. */
  private rows(name: string, shape: readonly number[], order: readonly number[]): string {
    const rows = this.reshaped(name, shape)
    if (order.every((from, to) => from === to) && order.length === shape[1]) return rows
    return this.add('Gather', [rows, this.to.integers(order)], { axis: 1 })
  }

  /** A blocked image with a frame of zeros (top, left, bottom, right), cut where that is negative. A convolution's padding is the frame that uses all threads. */
  private framed(image: string, [n, channels, height, width]: Image, frame: readonly number[]): string {
    const { block } = this
    const [top, left, bottom, right] = frame as [number, number, number, number]
    if (frame.every((count) => count === 0)) return image
    const shape = [n, channels, height + top + bottom, width + left + right]
    if (frame.some((count) => count < 0)) {
      const rows = this.reshaped(image, [n, channels / block, height, width * block])
      return this.reshaped(this.framedRows(rows, [top, left * block, bottom, right * block]), shape)
    }
    const window = { kernel_shape: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [...frame] }
    const operands = [this.reshaped(image, [n, channels, height, width]), this.ones(channels)]
    return this.add(`${domain}.Conv`, operands, { ...window, group: channels })
  }

  /** [n, groups, rows, columns] with a frame of zeros, cut where that is negative. */
  private framedRows(rows: string, frame: readonly number[]): string {
    if (frame.every((count) => count === 0)) return rows
    const [top, left, bottom, right] = frame as [number, number, number, number]
    return this.add('Pad', [rows, this.to.integers([0, 0, top, left, 0, 0, bottom, right])], {
      mode: 'constant',
    })
  }

  private ones(channels: number): string {
    return this.to.initializer(new Float32Array(channels).fill(1), [channels, 1, 1, 1], 'float32')
  }

  /**
   * Elements of dx whose places leave the same rest after division by the stride meet the same taps: each rest is a
   * small convolution of dy. All rests are computed as one, with so many times the channels, and then interleaved
   * (Shi et al. 2016, "sub-pixel convolution").
   */
  private inputGradient(node: GraphNode): string {
    const { inputs, outputs, attributes } = node
    const { block } = this
    const [errors, filter] = inputs as [string, string]
    const [n, ins, height, width] = this.shape(outputs[0]!) as [number, number, number, number]
    const [outs, , filterHeight, filterWidth] = this.shape(filter) as [number, number, number, number]
    const [, , outHeight, outWidth] = this.shape(errors) as [number, number, number, number]
    const [stepY, stepX] = attributes.strides as [number, number]
    const [top, left] = attributes.pads as [number, number]
    const [tapsY, tapsX] = [Math.ceil(filterHeight / stepY), Math.ceil(filterWidth / stepX)]
    const rests = filterHeight * filterWidth === 1 ? 1 : stepY * stepX // of a single tap all but the first are zero
    const [restsY, restsX] = rests === 1 ? [1, 1] : [stepY, stepX]
    const columns = rests === 1 ? outWidth : Math.ceil((width + left) / stepX)
    const met = rests === 1 ? outHeight : Math.ceil((height + top) / stepY)
    // Behind the last row that meets a tap the result is zero: one such row is kept where zeros are needed.
    const needsZeros = rests === 1 || met * stepY < height + top || columns * stepX < width + left
    const rows = needsZeros ? Math.max(met, outHeight + tapsY) : met
    // [out, in, tap, rest, tap, rest] → [rest, rest, in, out, tap, tap]
    const pads = [0, 0, 0, 0, 0, 0, tapsY * stepY - filterHeight, tapsX * stepX - filterWidth]
    const whole =
      rests === 1 ? this.plain(filter) : this.add('Pad', [this.plain(filter), this.to.integers(pads)])
    const split = this.reshaped(whole, [outs, ins, tapsY, restsY, tapsX, restsX])
    const byRest = this.add('Transpose', [split], { perm: [3, 5, 1, 0, 2, 4] })
    const shape = [rests * ins, outs, tapsY, tapsX]
    const kernel = this.turned(this.kernelInBlocks(this.reshaped(byRest, shape), shape, false), shape, false)
    const result = this.add(`${domain}.Conv`, [this.blocked(errors), kernel], {
      kernel_shape: [tapsY, tapsX],
      strides: [1, 1],
      dilations: [1, 1],
      pads: [tapsY - 1, tapsX - 1, rows - outHeight, columns - outWidth],
      group: 1,
    })
    return this.pixels(result, [n, rests * ins, rows, columns], [ins, height, width], (group, y, x) => {
      const [row, column] = [y + top, x + left]
      const [restY, restX] = [row % stepY, column % stepX]
      const [fromY, fromX] = [(row - restY) / stepY, (column - restX) / stepX]
      if (restY >= restsY || restX >= restsX || fromY >= rows || fromX >= columns) return null
      return [((restY * restsX + restX) * ins) / block + group, fromY, fromX]
    })
  }

  /**
   * Each output's gradient goes to the first of its window's largest elements, tap by tap: what lies under a tap is
   * compared with the maximum in one convolution of a single one, and takes what the taps before it left. Taps that lie
   * whole strides apart meet the same places, shifted by an output: they are added, and the sums interleaved.
   */
  private maxPoolGradient({ inputs, attributes }: GraphNode): string {
    const [image, largest, errors] = inputs as [string, string, string]
    const [n, channels, height, width] = this.shape(image) as Image
    const [, , outHeight, outWidth] = this.shape(largest) as Image
    const [filterHeight, filterWidth] = attributes.kernel_shape as [number, number]
    const [stepY, stepX] = attributes.strides as [number, number]
    const places = filterHeight * filterWidth
    const negative = this.add('Neg', [this.blocked(largest)])
    const isLargest = (tap: number) => {
      const single = new Float32Array(channels * places)
      // [channels / block, height, width, block]
      for (let channel = 0; channel < channels; channel++) {
        const [group, lane] = [Math.floor(channel / this.block), channel % this.block]
        single[(group * places + tap) * this.block + lane] = 1
      }
      const shape = [channels, 1, filterHeight, filterWidth]
      return this.add(
        `${domain}.Conv`,
        [this.blocked(image), this.to.initializer(single, shape, 'float32'), '', negative],
        {
          ...{ kernel_shape: [filterHeight, filterWidth], strides: [stepY, stepX], dilations: [1, 1] },
          ...{ pads: [0, 0, 0, 0], group: channels },
          // 1 where the difference is zero, 0 where it is negative
          ...{ activation: 'HardSigmoid', activation_params: { floats: [3e38, 1] } },
        },
      )
    }
    const [rows, columns] = [Math.ceil(height / stepY), Math.ceil(width / stepX)]
    const sums = new Map<number, string>() // by remainder of the tap's place
    let left = this.blocked(errors)
    for (let tap = 0; tap < places; tap++) {
      const [row, column] = [Math.floor(tap / filterWidth), tap % filterWidth]
      const share = tap === places - 1 ? left : this.add('Mul', [left, isLargest(tap)])
      left = share === left ? left : this.add('Sub', [left, share])
      const remainder = (row % stepY) * stepX + (column % stepX)
      const [down, across] = [Math.floor(row / stepY), Math.floor(column / stepX)]
      const before = sums.get(remainder)
      const window = { kernel_shape: [1, 1], strides: [1, 1], dilations: [1, 1], group: channels }
      const pads = [down, across, rows - down - outHeight, columns - across - outWidth]
      const operands = [this.reshaped(share, [n, channels, outHeight, outWidth]), this.ones(channels)]
      const sum = this.add(`${domain}.Conv`, before ? [...operands, '', before] : operands, {
        ...window,
        pads,
      })
      sums.set(remainder, sum)
    }
    const remainders = upTo(stepY * stepX)
    const lines = [n, (channels / this.block) * rows * columns * this.block]
    const all = this.add(
      'Concat',
      remainders.map((remainder) => this.reshaped(sums.get(remainder)!, lines)),
      { axis: 1 },
    )
    return this.pixels(
      all,
      [n, remainders.length * channels, rows, columns],
      [channels, height, width],
      (group, y, x) => [
        (((y % stepY) * stepX + (x % stepX)) * channels) / this.block + group,
        Math.floor(y / stepY),
        Math.floor(x / stepX),
      ],
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
      : this.add(`${domain}.GlobalAveragePool`, [this.blocked(image)]) // [n, channels, 1, 1]
    const result = this.to.add(
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
        : this.add('Mul', [result, this.to.initializer(Float32Array.of(factor), [], 'float32')])
    this.plainNames.set(node.outputs[0]!, scaled)
    return scaled
  }

  /** Σ a · b over height and width, [n, channels, 1, 1]: each map a filter under which the other lies once. Neither is copied, nor the product written. */
  private summedProduct([a, b]: [string, string], [n, channels, height, width]: Image): string {
    const all = n * channels
    const window = { kernel_shape: [height, width], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] }
    const operands = [
      this.reshaped(this.blocked(a), [1, all, height, width]),
      this.reshaped(this.blocked(b), [all, 1, height, width]),
    ]
    return this.reshaped(this.add(`${domain}.Conv`, operands, { ...window, group: all }), [n, channels, 1, 1])
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
    const operands = [this.blocked(image), this.ones(shape[1]!)]
    return this.add(`${domain}.Conv`, operands, { ...window, group: shape[1]! })
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
      return this.framed(
        this.blocked(image),
        [n, channels, height, width],
        [2, 3, 6, 7].map((at) => pads[at]!),
      )
    const scaled = pads.map((count, index) =>
      index % 4 === 1 ? count / block : index % 4 === 3 ? count * block : count,
    )
    const split = this.reshaped(this.blocked(image), [n, channels / block, height, width * block])
    const names = [split, this.to.integers(scaled), ...(value === undefined ? [] : [this.plain(value)])]
    const result = this.add('Pad', names, attributes)
    return this.reshaped(
      result,
      shape.map((size, axis) => size + pads[axis]! + pads[axis + 4]!),
    )
  }

  private isZero(value: string | undefined): boolean {
    return value === undefined || value === '' || this.constantAt(value)?.[0] === 0
  }

  /** The value as ONNX knows it. */
  private plain(name: string): string {
    if (name === '') return name
    const found = this.plainNames.get(name)
    if (found !== undefined) return found
    const node = this.waiting.get(name)
    if (node) this.lowerPlain(node)
    else if (this.blockedNames.has(name) || this.chains.has(name)) {
      const blocked = this.blocked(name)
      const channels = this.shape(name)[1]!
      this.plainNames.set(name, this.add(`${domain}.ReorderOutput`, [blocked], { channels }))
    } else this.plainNames.set(name, name) // an input of the graph
    return this.plainNames.get(name)!
  }

  /** The value in blocks. */
  private blocked(name: string): string {
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
          : this.add(`${domain}.ReorderInput`, [this.plain(name)])
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

  private shape(name: string): readonly number[] {
    return this.from.values.get(name)?.shape ?? []
  }

  private constantAt(name: string): number[] | undefined {
    const found = this.from.initializers.get(name)
    return found && Array.from(found.values)
  }

  private add(operator: string, inputs: string[], attributes: Record<string, Attribute> = {}): string {
    return this.to.add(operator, inputs, attributes)[0]!
  }

  private reshaped(name: string, shape: readonly number[]): string {
    return this.add('Reshape', [name, this.to.integers(shape)])
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

/** Where each row of a transposed array of rows was before; along the axes in `reversed` (of the old shape) counted backwards. */
function rowOrder(
  shape: readonly number[],
  permutation: readonly number[],
  reversed: readonly number[] = [],
): number[] {
  let order = [0]
  for (const axis of permutation) {
    const stride = sizeOf(shape.slice(axis + 1))
    const steps = upTo(shape[axis]!).map((step) => (reversed.includes(axis) ? shape[axis]! - 1 - step : step))
    order = order.flatMap((from) => steps.map((step) => from + step * stride))
  }
  return order
}

const cacheBytes = 1.2e6 // what of a kernel stays in the second-level cache; measured on one with 2 MB

/**
 * Into how many equal bands of rows a kernel is cut, so that one stays in the cache while a row of the result is
 * computed. Bands are further channels: the sum runs over both.
 */
function bandsOf(rows: number, bytesPerRow: number): number {
  const fits = (bands: number) => (rows / bands) * bytesPerRow <= cacheBytes
  const divisors = upTo(rows + 1).filter((bands) => bands > 0 && rows % bands === 0)
  return divisors.find(fits) ?? rows
}
