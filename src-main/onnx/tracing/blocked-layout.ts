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
    const outputs = new Set(from.outputs.map(({ name }) => name))
    for (const node of from.nodes) {
      const chain = this.begun(node) ?? this.continued(node)
      if (outputs.has(node.outputs[0]!))
        to.nodes.push({ ...node, inputs: node.inputs.map((name) => this.plain(name)) })
      else if (chain) this.chains.set(node.outputs[0]!, chain)
      else if (this.isLazy(node)) this.waiting.set(node.outputs[0]!, node)
      else this.lower(node)
    }
    return to
  }

  /** x > 0 holds where relu(x) > 0: asked there, so that x itself need not be kept, unless it is for others too. */
  private masksFromRectified(): void {
    const isMask = ({ operator, inputs }: GraphNode) =>
      operator === 'Greater' && sizeOf(this.shape(inputs[1]!)) === 1 && this.constantAt(inputs[1]!)?.[0] === 0
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
      by.factor === null
        ? this.to.initializer(new Float32Array(channels).fill(1), [channels, 1, 1, 1], 'float32')
        : this.reshaped(this.plain(by.factor), [channels, 1, 1, 1])
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
    return this.kernelInBlocks(this.plain(name), shape, depthwise)
  }

  /** As [out / block, in / block, height, width, block of in, block of out]; depthwise [out / block, height, width, block]. */
  private kernelInBlocks(plain: string, shape: readonly number[], depthwise: boolean): string {
    const [outputs, inputs, height, width] = shape as [number, number, number, number]
    const { block } = this
    const places = depthwise ? height * width : inputs * height * width
    const rows = this.add(`${domain}.ReorderInput`, [this.reshaped(plain, [1, outputs, places, 1])])
    if (depthwise || inputs < block) return this.reshaped(rows, shape)
    const split = this.reshaped(rows, [outputs / block, inputs / block, block, height * width, block])
    return this.reshaped(this.add('Transpose', [split], { perm: [0, 1, 3, 2, 4] }), shape)
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
    if (logical.has(node.operator)) return true
    return node.operator === 'Cast' && logical.has(this.from.producer(node.inputs[0]!)?.operator ?? '')
  }

  private lower(node: GraphNode): void {
    if (node.operator === filterGradientOperator)
      return void this.plainNames.set(node.outputs[0]!, this.filterGradient(node))
    if (node.operator === depthwiseFilterGradientOperator)
      return void this.plainNames.set(node.outputs[0]!, this.depthwiseFilterGradient(node))
    const own = {
      [spreadOperator]: () => this.spread(this.blocked(node.inputs[0]!), this.shape(node.inputs[0]!), node),
      [repeatOperator]: () =>
        this.add(`${domain}.Upsample`, [this.blocked(node.inputs[0]!)], { scales: node.attributes.scales! }),
      [inputGradientOperator]: () => this.inputGradient(node),
    }[node.operator]
    if (own) return void this.blockedNames.set(node.outputs[0]!, own())
    const blocked = this.inBlocks(node)
    if (blocked !== null) this.blockedNames.set(node.outputs[0]!, blocked)
    else this.lowerPlain(node)
  }

  private lowerPlain(node: GraphNode): void {
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
    if (!elementwise.has(operator)) return null
    const shape = this.shape(outputs[0]!)
    if (!this.isImage(shape)) return null
    const full = inputs.filter((name) => sameNumbers(this.shape(name), shape))
    if (!full.some((name) => this.isBlocked(name)) || !full.every((name) => this.canBlock(name))) return null
    const rest = inputs.filter((name) => !full.includes(name))
    return rest.every((name) => sizeOf(this.shape(name)) === 1) ? this.elementwise(node) : null
  }

  private elementwise({ operator, inputs, attributes }: GraphNode): string {
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
    const rows = this.reshaped(isBlocked ? this.blocked(image) : this.plain(image), [
      n,
      groups,
      height,
      width * unit,
    ])
    const pads = [0, 0, top, left * unit, 0, 0, bottom, right * unit]
    const framed = pads.every((count) => count === 0)
      ? rows
      : this.add('Pad', [rows, this.to.integers(pads)], { mode: 'constant' })
    const byBatch = this.add(`${domain}.ReorderInput`, [
      this.reshaped(framed, [1, n, groups * reachY * reachX * unit, 1]),
    ])
    // The rows under each band of dy; where bands overlap, a row is there twice.
    const bands = bandsOf(outHeight, outWidth * 4 * block * Math.min(outs, 4 * block))
    const bandHeight = outHeight / bands
    const bandReach = (bandHeight - 1) * stepY + filterHeight
    const rowLength = reachX * unit * block
    const inBands =
      bands === 1
        ? byBatch
        : this.add(
            'Gather',
            [
              this.reshaped(byBatch, [n / block, groups, reachY, rowLength]),
              this.to.integers(
                upTo(bands).flatMap((band) => upTo(bandReach).map((row) => band * bandHeight * stepY + row)),
              ),
            ],
            { axis: 2 },
          )
    const first =
      groups === 1
        ? inBands
        : this.add(
            'Transpose',
            [this.reshaped(inBands, [n / block, groups, bands * bandReach * rowLength])],
            {
              perm: [1, 0, 2],
            },
          )
    const split = this.reshaped(this.blocked(errors), [
      n / block,
      block,
      outs / block,
      outHeight * outWidth,
      block,
    ])
    const second = this.add('Transpose', [split], { perm: [2, 0, 3, 1, 4] })
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
    const ordered = this.add(`${domain}.ReorderOutput`, [product], { channels: outs })
    const outFirst =
      groups === 1
        ? ordered
        : this.add('Transpose', [this.reshaped(ordered, [groups, outs, taps * unit])], { perm: [1, 0, 2] })
    const tapsLast = this.add('Transpose', [this.reshaped(outFirst, [outs * groups, taps, unit])], {
      perm: [0, 2, 1],
    })
    return this.reshaped(tapsLast, [outs, ins, filterHeight, filterWidth])
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

  private spread(image: string, shape: readonly number[], { attributes }: GraphNode): string {
    const [n, channels, height, width] = shape as [number, number, number, number]
    const [stepY, stepX] = attributes.strides as [number, number]
    const { block } = this
    const apart = this.reshaped(image, [n * (channels / block) * height, 1, width, block])
    const pads = [0, 0, 0, 0, 0, stepY - 1, 0, (stepX - 1) * block]
    const spaced = this.add('Pad', [apart, this.to.integers(pads)], { mode: 'constant' })
    return this.reshaped(spaced, [n, channels, height * stepY, width * stepX])
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
    const [rows, columns] =
      rests === 1
        ? [outHeight, outWidth]
        : [Math.ceil((height + top) / stepY), Math.ceil((width + left) / stepX)]
    // [out, in, tap, rest, tap, rest] → [rest, rest, in, out, tap, tap]
    const pads = [0, 0, 0, 0, 0, 0, tapsY * stepY - filterHeight, tapsX * stepX - filterWidth]
    const whole =
      rests === 1 ? this.plain(filter) : this.add('Pad', [this.plain(filter), this.to.integers(pads)])
    const [restsY, restsX] = rests === 1 ? [1, 1] : [stepY, stepX]
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
    const apart = this.reshaped(result, [n, restsY, restsX, ins / block, rows, columns, block])
    const grid =
      rests === 1
        ? this.spread(result, [n, ins, rows, columns], node)
        : this.add('Transpose', [apart], { perm: [0, 3, 4, 1, 5, 2, 6] })
    const [gridHeight, gridWidth] = [rows * stepY, columns * stepX]
    // Beyond what the windows met there is nothing: the rest of the image is zero.
    const frame = [-top, -left * block, height + top - gridHeight, (width + left - gridWidth) * block]
    const lines = this.reshaped(grid, [n, ins / block, gridHeight, gridWidth * block])
    const framed = frame.every((count) => count === 0)
      ? lines
      : this.add('Pad', [lines, this.to.integers([0, 0, frame[0]!, frame[1]!, 0, 0, frame[2]!, frame[3]!])])
    return this.reshaped(framed, [n, ins, height, width])
  }

  /** Over height and width by the pool made for it; the little that is left as it was. */
  private reduced(node: GraphNode): string | null {
    const [image, axesName] = node.inputs as [string, string | undefined]
    const axes = axesName === undefined ? (node.attributes.axes as number[]) : this.constantAt(axesName)
    const shape = this.shape(image)
    if (!axes || !this.isImage(shape) || !this.isBlocked(image)) return null
    if (!sameNumbers(axes, [0, 2, 3]) && !sameNumbers(axes, [2, 3])) return null
    const means = this.add(`${domain}.GlobalAveragePool`, [this.blocked(image)]) // [n, channels, 1, 1]
    let result = this.to.add(
      node.operator,
      axesName ? [means, this.plain(axesName)] : [means],
      node.attributes,
    )[0]!
    if (node.operator === 'ReduceSum') {
      const places = this.to.initializer(Float32Array.of(shape[2]! * shape[3]!), [], 'float32')
      result = this.add('Mul', [result, places])
    }
    this.plainNames.set(node.outputs[0]!, result)
    return result
  }

  private padded({ inputs, attributes }: GraphNode): string | null {
    const [image, padsName, value] = inputs as [string, string, string | undefined]
    const pads = this.constantAt(padsName)
    const shape = this.shape(image)
    const { block } = this
    if (!pads || !this.isImage(shape) || !this.isBlocked(image) || inputs.length > 3) return null
    if (pads[1]! % block || pads[5]! % block) return null
    const [n, channels, height, width] = shape as [number, number, number, number]
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
