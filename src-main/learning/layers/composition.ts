import * as tf from '@tensorflow/tfjs'
import type { Layer } from './layer.ts'

const owned = (layers: readonly Layer[]) => ({
  parameters: layers.flatMap((layer) => layer.parameters),
  statistics: layers.flatMap((layer) => layer.statistics),
})

/** One layer after the other. */
export function sequence(...layers: Layer[]): Layer {
  return { ...owned(layers), apply: (x, pass) => layers.reduce((y, layer) => layer.apply(y, pass), x) }
}

/** Several layers on the same input, their channels side by side. */
export function branches(...layers: Layer[]): Layer {
  return {
    ...owned(layers),
    apply: (x, pass) =>
      tf.concat(
        layers.map((layer) => layer.apply(x, pass)),
        -1,
      ),
  }
}

/** `path(x) + shortcut(x)`; the shortcut is x itself unless given. */
export function residual(path: Layer, shortcut?: Layer): Layer {
  return {
    ...owned(shortcut ? [path, shortcut] : [path]),
    apply: (x, pass) => path.apply(x, pass).add(shortcut ? shortcut.apply(x, pass) : x),
  }
}

/** A named part of a network, frozen or trained as one. */
export interface Stage extends Layer {
  name: string
}

/** Puts layers into a stage of the network. */
export function stage(name: string, ...layers: Layer[]): Stage {
  const whole = sequence(...layers)
  return {
    name,
    parameters: whole.parameters.map((parameter) => ({ ...parameter, stage: name })),
    statistics: whole.statistics.map((statistic) => ({ ...statistic, stage: name })),
    apply: whole.apply,
  }
}
