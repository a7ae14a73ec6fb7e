import { distances, losses, miners, reducers, regularisers } from '../learning/catalogue.ts'
import type { Loss } from '../learning/losses/loss.ts'
import type { Settings } from '../learning/setting.ts'
import { done, type Outcome } from './outcome.ts'

/** Every method of metric learning that `train` knows: what it computes, who says so, what may be set. */
export function listLosses(): Outcome {
  const catalogue = {
    losses: losses.map((loss) => ({
      ...described(loss),
      compares: loss.compares,
      defaults: loss.defaults,
      ...(loss.compares === 'embeddings' && {
        distances: loss.distances ?? 'any',
        unitLength: loss.unitLength ?? 'optional',
        noMiner: loss.noMiner ?? null,
        noMemory: loss.noMemory ?? null,
      }),
    })),
    miners: miners.map((miner) => ({ ...described(miner), selects: miner.selection })),
    distances: distances.map(described),
    reducers: reducers.map(described),
    regularisers: regularisers.map(described),
  }
  const between = losses.filter(({ compares }) => compares === 'embeddings')
  const against = losses.filter(({ compares }) => compares === 'classes')
  return done(catalogue, [
    ...section('Losses between embeddings', between),
    ...section('Losses against classes', against),
    ...section('Miners', miners),
    ...section('Distances', distances),
    ...section('Reducers', reducers),
    ...section('Regularisers', regularisers),
    'd: a distance, s: a similarity, a: anchor, p: positive, n: negative, y: label, m: margin.',
    'semblance train FOLDER --loss NAME --miner NAME --set margin=0.3',
  ])
}

interface Described {
  id: string
  name: string
  formula: string
  source: string
  settings: Settings
}

const described = ({ id, name, formula, source, settings }: Described): Described => ({
  id,
  name,
  formula,
  source,
  settings,
})

function section(title: string, kinds: readonly (Described & Partial<Pick<Loss, 'defaults'>>)[]): string[] {
  const entries = kinds.flatMap(({ id, name, formula, source, settings, defaults }) => [
    `${id} · ${name}`,
    `    ${formula}`,
    `    ${source}`,
    ...(defaults ? [`    with ${Object.values(defaults).join(', ')} unless chosen otherwise`] : []),
    ...Object.entries(settings).map(([setting, { default: value, unit, choices, reason }]) => {
      const words = choices ? ` (${choices.join(' | ')})` : unit ? ` ${unit}` : ''
      return `    ${setting} = ${value}${words}: ${reason}`
    }),
  ])
  return [`${title} (${kinds.length})`, '', ...entries, '']
}
