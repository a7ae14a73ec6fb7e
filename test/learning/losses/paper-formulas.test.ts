import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import type { LossOptions } from '../../../src-main/learning/catalogue.ts'
import type { Loss } from '../../../src-main/learning/losses/loss.ts'
import { manifold } from '../../../src-main/learning/losses/manifold.ts'
import { golden, lossAndGradients, relativeError, transposed, unitRows } from './golden.ts'
import { distanceBetween, dot, finiteDifferences, mean, sum } from './slow.ts'

/** Methods without numbers from outside: the paper's formula as a loop in double precision, and its finite differences. */
const { embeddings, labels, W_dim_by_class: W } = golden('pml_2.9.0')
const proxies = transposed(W)
const classes = { classes: 4, embeddingLength: 8 }
type Rows = number[][]
type Learned = Record<string, Rows>

interface Case {
  loss: string | Loss
  options?: LossOptions
  learned?: Learned
  labels?: number[]
  loop: (x: Rows, learned: Learned, y: number[]) => number
}

const squared = (a: number[], b: number[]) => distanceBetween(a, b) ** 2
const hinge = (x: number) => Math.max(0, x)
const cosine = (a: number[], b: number[]) => dot(a, b) / Math.hypot(...a) / Math.hypot(...b)
const softmaxLoss = (logits: number[], y: number) =>
  Math.log(sum(logits.map((z) => Math.exp(z - logits[y]!))))
const indices = (rows: unknown[]) => rows.map((_, i) => i)

/** Losses of all ordered pairs of one label, and of two labels. */
function overPairs(x: Rows, y: number[], same: boolean, loss: (i: number, j: number) => number): number[] {
  return indices(x).flatMap((i) =>
    indices(x).flatMap((j) => (i !== j && (y[i] === y[j]) === same ? [loss(i, j)] : [])),
  )
}

function overTriplets(x: Rows, y: number[], loss: (a: number, p: number, n: number) => number): number[] {
  return indices(x).flatMap((a) =>
    indices(x).flatMap((p) =>
      a === p || y[a] !== y[p] ? [] : indices(x).flatMap((n) => (y[n] === y[a] ? [] : [loss(a, p, n)])),
    ),
  )
}

const quadruplets = (x: Rows, y: number[], otherMargin: number, reduce: (pairs: number[]) => number[]) => {
  const unit = unitRows(x)
  const d = (i: number, j: number) => squared(unit[i]!, unit[j]!)
  return mean(
    overPairs(x, y, true, (i, j) => i * x.length + j).flatMap((code) => {
      const [i, j] = [Math.floor(code / x.length), code % x.length]
      const others = overPairs(x, y, false, (l, k) => (y[l] === y[i] || y[k] === y[i] ? NaN : d(l, k)))
      return reduce(others.filter((value) => !Number.isNaN(value))).map((limit) =>
        hinge(d(i, j) - limit + otherMargin),
      )
    }),
  )
}

function towardsOwnCenter(x: Rows, y: number[], centers: Rows, margin: number): number {
  return mean(
    x.map((row, i) => {
      const d = centers.map((c) => squared(row, c) / 2)
      return hinge(d[y[i]!]! + margin - Math.min(...d.filter((_, j) => j !== y[i])))
    }),
  )
}

function psi(cos: number, m: number): number {
  const angle = Math.acos(cos)
  const k = Math.min(m - 1, Math.floor((angle * m) / Math.PI))
  return (-1) ** k * Math.cos(m * angle) - 2 * k
}

const cases: Record<string, Case> = {
  'contrastive, Hadsell 2006': {
    loss: 'contrastive',
    options: { settings: { margin: 1.3 } },
    loop: (x, _, y) => {
      const u = unitRows(x)
      const pull = overPairs(x, y, true, (i, j) => squared(u[i]!, u[j]!) / 2)
      const push = overPairs(x, y, false, (i, j) => hinge(1.3 - distanceBetween(u[i]!, u[j]!)) ** 2 / 2)
      return mean([...pull, ...push])
    },
  },
  'triplet-center, learned centres': {
    loss: 'triplet-center',
    options: classes,
    learned: { 'loss.centers': proxies },
    loop: (x, { 'loss.centers': c }, y) => towardsOwnCenter(x, y, c!, 5),
  },
  'triplet-center, means of the batch': {
    loss: 'triplet-center-batch',
    loop: (x, _, y) => {
      const u = unitRows(x)
      const means = [0, 1, 2, 3].map((c) => transposed(u.filter((_, i) => y[i] === c)).map(mean))
      return towardsOwnCenter(u, y, means, 0.5)
    },
  },
  quadruplet: {
    loss: 'quadruplet',
    options: { settings: { margin: 0.4, otherMargin: 0.3 } },
    loop: (x, _, y) => {
      const u = unitRows(x)
      const d = (i: number, j: number) => squared(u[i]!, u[j]!)
      const triplets = overTriplets(x, y, (a, p, n) => hinge(d(a, p) - d(a, n) + 0.4))
      return mean(triplets) + quadruplets(x, y, 0.3, (others) => others)
    },
  },
  'quadruplet, nearest other pair': {
    loss: 'quadruplet-hard',
    options: { settings: { margin: 0.4, otherMargin: 0.3 } },
    loop: (x, _, y) => {
      const u = unitRows(x)
      const d = (i: number, j: number) => squared(u[i]!, u[j]!)
      const hardest = indices(x).map((a) => {
        const to = (same: boolean) =>
          indices(x).flatMap((j) => (j !== a && (y[j] === y[a]) === same ? [d(a, j)] : []))
        return hinge(Math.max(...to(true)) - Math.min(...to(false)) + 0.4)
      })
      return mean(hardest) + quadruplets(x, y, 0.3, (others) => [Math.min(...others)])
    },
  },
  'binomial deviance': {
    loss: 'binomial-deviance',
    loop: (x, _, y) => {
      const s = (i: number, j: number) => cosine(x[i]!, x[j]!)
      const pull = overPairs(x, y, true, (i, j) => Math.log(1 + Math.exp(-2 * (s(i, j) - 0.5))))
      const push = overPairs(x, y, false, (i, j) => Math.log(1 + Math.exp(2 * 25 * (s(i, j) - 0.5))))
      return mean(pull) + mean(push)
    },
  },
  'neighbourhood components analysis, sum of chances': {
    loss: 'nca',
    options: { settings: { scale: 2 } },
    loop: (x, _, y) => {
      const u = unitRows(x)
      return mean(
        indices(x).map((i) => {
          const chance = (j: number) => (j === i ? 0 : Math.exp(-2 * squared(u[i]!, u[j]!)))
          const own = sum(indices(x).map((j) => (y[j] === y[i] ? chance(j) : 0)))
          return 1 - own / sum(indices(x).map(chance))
        }),
      )
    },
  },
  'angular, of triplets': {
    loss: 'angular-triplet',
    options: { settings: { alphaDeg: 30 } },
    loop: (x, _, y) => {
      const u = unitRows(x)
      const t = Math.tan(Math.PI / 6) ** 2
      return mean(
        overTriplets(x, y, (a, p, n) => {
          const middle = u[a]!.map((value, k) => (value + u[p]![k]!) / 2)
          return hinge(squared(u[a]!, u[p]!) - 4 * t * squared(u[n]!, middle))
        }),
      )
    },
  },
  'margin with a boundary for each class and ν': {
    loss: 'margin',
    options: { miner: 'all', settings: { perClass: true, nu: 0.3 }, classes: 4 },
    learned: { 'loss.beta': [[1.1], [1.2], [1.0], [1.3]] },
    loop: (x, { 'loss.beta': beta }, y) => {
      const u = unitRows(x)
      const terms = overTriplets(x, y, (a, p, n) => a * 10000 + p * 100 + n).flatMap((code) => {
        const [a, p, n] = [Math.floor(code / 10000), Math.floor(code / 100) % 100, code % 100]
        const b = beta![y[a]!]![0]!
        return [
          hinge(distanceBetween(u[a]!, u[p]!) - b + 0.2),
          hinge(b - distanceBetween(u[a]!, u[n]!) + 0.2),
        ]
      })
      return mean(terms.filter((term) => term > 0)) + 0.3 * sum(beta!.flat())
    },
  },
  'clustering (facility location)': {
    loss: 'clustering',
    options: { settings: { gamma: 3 } },
    loop: (x, _, y) => facilityLocation(unitRows(x), y, 3),
  },
  'clustering of a batch with unequal classes': {
    loss: 'clustering',
    options: { settings: { gamma: 2 } },
    labels: [0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2],
    loop: (x, _, y) => facilityLocation(unitRows(x), y, 2),
  },
  'manifold form, large-margin nearest neighbour': {
    loss: 'manifold',
    options: { settings: { lambda: 0.7 }, unitLength: false },
    loop: (x, _, y) => {
      const d = (i: number, j: number) => squared(x[i]!, x[j]!)
      const push = overTriplets(x, y, (a, p, n) => hinge(1 + d(a, p) - d(a, n)))
      return mean(overPairs(x, y, true, d)) + 0.7 * mean(push)
    },
  },
  'manifold form, terms of one’s own': {
    loss: manifold(
      { pair: (d) => d.square(), triplet: (p, n) => p.sub(n).exp() },
      { id: 'own', name: 'Own', formula: '', source: '' },
    ),
    options: { distance: 'euclidean' },
    loop: (x, _, y) => {
      const u = unitRows(x)
      const d = (i: number, j: number) => distanceBetween(u[i]!, u[j]!)
      const push = overTriplets(x, y, (a, p, n) => Math.exp(d(a, p) - d(a, n)))
      return mean(overPairs(x, y, true, (i, j) => d(i, j) ** 2)) + mean(push)
    },
  },
  'threshold-consistent margin': {
    loss: 'threshold-consistent-margin',
    options: { settings: { negativeMargin: 0.1, positiveWeight: 0.5, negativeWeight: 2 } },
    loop: (x, _, y) => {
      const s = (i: number, j: number) => cosine(x[i]!, x[j]!)
      const pull = overPairs(x, y, true, (i, j) => hinge(0.9 - s(i, j))).filter((v) => v > 0)
      const push = overPairs(x, y, false, (i, j) => hinge(s(i, j) - 0.1)).filter((v) => v > 0)
      return 0.5 * mean(pull) + 2 * mean(push)
    },
  },
  softmax: {
    loss: 'softmax',
    options: classes,
    learned: { 'loss.classes': W, 'loss.bias': [[0.1], [-0.2], [0.3], [0.4]] },
    loop: (x, { 'loss.classes': w, 'loss.bias': b }, y) =>
      mean(
        x.map((row, i) =>
          softmaxLoss(
            transposed(w!).map((c, j) => dot(row, c) + b![j]![0]!),
            y[i]!,
          ),
        ),
      ),
  },
  'L2-softmax': {
    loss: 'l2-softmax',
    options: { ...classes, settings: { alpha: 7 } },
    learned: { 'loss.classes': W, 'loss.bias': [[0.1], [-0.2], [0.3], [0.4]] },
    loop: (x, { 'loss.classes': w, 'loss.bias': b }, y) =>
      mean(
        unitRows(x).map((row, i) =>
          softmaxLoss(
            transposed(w!).map((c, j) => 7 * dot(row, c) + b![j]![0]!),
            y[i]!,
          ),
        ),
      ),
  },
  'A-softmax, m = 3, annealed': {
    loss: 'a-softmax',
    options: { ...classes, settings: { margin: 3, annealing: 5 } },
    learned: { 'loss.classes': W },
    loop: (x, { 'loss.classes': w }, y) =>
      mean(
        x.map((row, i) => {
          const cosines = transposed(w!).map((c) => cosine(row, c))
          const own = cosines[y[i]!]!
          const eased = (5 * own + psi(own, 3)) / 6
          const logits = cosines.map((c, j) => Math.hypot(...row) * (j === y[i] ? eased : c))
          return softmaxLoss(logits, y[i]!)
        }),
      ),
  },
  'large-margin softmax, m = 2': {
    loss: 'large-margin-softmax',
    options: { ...classes, settings: { margin: 2 } },
    learned: { 'loss.classes': W },
    loop: (x, { 'loss.classes': w }, y) =>
      mean(
        x.map((row, i) => {
          const logits = transposed(w!).map((c, j) => {
            const cos = cosine(row, c)
            return Math.hypot(...row) * Math.hypot(...c) * (j === y[i] ? psi(cos, 2) : cos)
          })
          return softmaxLoss(logits, y[i]!)
        }),
      ),
  },
  'Proxy-NCA as published': {
    loss: 'proxy-nca',
    options: classes,
    learned: { 'loss.proxies': proxies },
    loop: (x, { 'loss.proxies': p }, y) =>
      mean(
        unitRows(x).map((row, i) => {
          const d = unitRows(p!).map((proxy) => squared(row, proxy))
          return d[y[i]!]! + Math.log(sum(d.map((v, j) => (j === y[i] ? 0 : Math.exp(-v)))))
        }),
      ),
  },
  'SoftTriple with its penalty': {
    loss: 'soft-triple',
    options: { classes: 2, embeddingLength: 8, settings: { centers: 2, tau: 0.4 } },
    learned: { 'loss.classes': W },
    labels: [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1],
    loop: (x, { 'loss.classes': w }, y) => {
      const centers = unitRows(transposed(w!))
      const losses = unitRows(x).map((row, i) => {
        const ofClass = [0, 1].map((c) => {
          const s = [0, 1].map((k) => dot(row, centers[2 * c + k]!))
          const total = sum(s.map((v) => Math.exp(v / 0.1)))
          return sum(s.map((v) => (v * Math.exp(v / 0.1)) / total))
        })
        return softmaxLoss(
          ofClass.map((s, c) => 20 * (s - (c === y[i] ? 0.01 : 0))),
          y[i]!,
        )
      })
      const spread = [0, 1].map((c) => Math.sqrt(2 - 2 * dot(centers[2 * c]!, centers[2 * c + 1]!) + 1e-5))
      return mean(losses) + (0.4 * sum(spread)) / (2 * 2 * 1)
    },
  },
  center: {
    loss: 'center',
    options: classes,
    learned: { 'loss.centers': proxies },
    loop: (x, { 'loss.centers': c }, y) => mean(x.map((row, i) => squared(row, c![y[i]!]!) / 2)),
  },
  'SNR distance under a triplet loss': {
    loss: 'triplet',
    options: { distance: 'signal-to-noise', miner: 'all', settings: { margin: 0.5 } },
    loop: (x, _, y) => {
      const variance = (v: number[]) => mean(v.map((value) => (value - mean(v)) ** 2))
      const d = (i: number, j: number) => variance(x[i]!.map((v, k) => v - x[j]![k]!)) / variance(x[i]!)
      return mean(overTriplets(x, y, (a, p, n) => hinge(d(a, p) - d(a, n) + 0.5)))
    },
  },
  'Mahalanobis distance under a triplet loss': {
    loss: 'triplet',
    options: { distance: { id: 'mahalanobis', settings: { rank: 4 } }, miner: 'all', embeddingLength: 8 },
    learned: { 'distance.map': W },
    loop: (x, { 'distance.map': map }, y) => {
      const d = (i: number, j: number) => {
        const difference = x[i]!.map((v, k) => v - x[j]![k]!)
        return Math.hypot(...transposed(map!).map((column) => dot(difference, column)))
      }
      return mean(overTriplets(x, y, (a, p, n) => hinge(d(a, p) - d(a, n) + 0.2)))
    },
  },
}

/** The greedy algorithm of Oh Song et al. 2017 with sets of indices, and the normalised mutual information by counting. */
function facilityLocation(u: Rows, y: number[], gamma: number): number {
  const d = (i: number, j: number) => distanceBetween(u[i]!, u[j]!)
  const all = indices(u)
  const nearest = (set: number[]) =>
    all.map((i) => set.reduce((best, j) => (d(i, j) < d(i, best) ? j : best)))
  const score = (set: number[]) => -sum(all.map((i) => Math.min(...set.map((j) => d(i, j)))))
  const entropy = (names: (string | number)[]) => {
    const counts = new Map<string | number, number>()
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
    return -sum([...counts.values()].map((n) => (n / names.length) * Math.log(n / names.length)))
  }
  const error = (set: number[]) => {
    const clusters = nearest(set)
    const [ofClass, ofCluster] = [entropy(y), entropy(clusters)]
    const joint = entropy(all.map((i) => `${y[i]} ${clusters[i]}`))
    return ofClass === 0 || ofCluster === 0
      ? 1
      : 1 - (ofClass + ofCluster - joint) / Math.sqrt(ofClass * ofCluster)
  }
  const people = [...new Set(y)]
  let set: number[] = []
  for (const _ of people) {
    const value = (j: number) => score([...set, j]) + gamma * error([...set, j])
    const open = all.filter((j) => !set.includes(j))
    set = [...set, open.reduce((best, j) => (value(j) > value(best) ? j : best))]
  }
  const truth = people.map((person) => {
    const members = all.filter((i) => y[i] === person)
    return Math.max(...members.map((j) => -sum(members.map((i) => d(i, j)))))
  })
  return hinge(score(set) + gamma * error(set) - sum(truth))
}

beforeAll(() => tf.setBackend('cpu'))

describe('loss and gradient against the paper’s formula written as a loop', () => {
  test.each(Object.keys(cases))('%s', (name) => {
    const { loss, options = {}, learned = {}, labels: y = labels, loop } = cases[name]!
    // A column in the loop is a plain vector in the library where the parameter is one.
    const isVector = (rows: Rows) => rows.every((row) => row.length === 1)
    const given = Object.fromEntries(
      Object.entries(learned).map(([key, rows]) => [key, isVector(rows) ? rows.flat() : rows]),
    )
    const found = lossAndGradients(loss, options, embeddings, y, given)
    const truth = loop(embeddings, learned, y)
    expect(truth).not.toBe(0) // a case that says nothing would pass
    expect(Math.abs(found.loss - truth)).toBeLessThan(1e-5 * Math.abs(truth))
    const gradient = finiteDifferences((x) => loop(x, learned, y), embeddings)
    expect(relativeError(found.gradients.embeddings!, gradient)).toBeLessThan(1e-5)
    for (const [key, rows] of Object.entries(learned)) {
      const ofLearned = finiteDifferences((moved) => loop(embeddings, { ...learned, [key]: moved }, y), rows)
      expect(relativeError(found.gradients[key]!, ofLearned), key).toBeLessThan(1e-5)
    }
  })
})

test('circle against classes holds its pace constant: its gradient is that of the loop with the pace frozen', () => {
  const margin = 0.25
  const gamma = 64
  const logits = (x: Rows, paceOf: Rows) =>
    x.map((row, i) =>
      transposed(W).map((c, j) => {
        const [s, frozen] = [cosine(row, c), cosine(paceOf[i]!, c)]
        return j === labels[i]
          ? gamma * hinge(1 + margin - frozen) * (s - 1 + margin)
          : gamma * hinge(frozen + margin) * (s - margin)
      }),
    )
  const loop = (x: Rows) => mean(logits(x, embeddings).map((row, i) => softmaxLoss(row, labels[i]!)))
  const found = lossAndGradients(
    'circle-classes',
    { ...classes, settings: { margin, gamma } },
    embeddings,
    labels,
    {
      'loss.classes': W,
    },
  )
  expect(Math.abs(found.loss / loop(embeddings) - 1)).toBeLessThan(1e-5)
  expect(relativeError(found.gradients.embeddings!, finiteDifferences(loop, embeddings))).toBeLessThan(1e-5)
})
