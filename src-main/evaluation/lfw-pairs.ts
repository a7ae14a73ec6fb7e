import { foldsByOrder } from './ten-folds.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'

/** One line of a pairs file: a person and the number of a photograph of theirs, twice. */
export interface NamedPair {
  a: { person: string; number: number } // 1-based, as in the file's name
  b: { person: string; number: number }
  genuine: boolean
  fold: number // 0-based
}

/**
 * Reads LFW's format: `name⇥n⇥m` is a genuine pair, `name⇥n⇥other⇥m` an impostor pair. A first line of "folds⇥pairs"
 * gives the folds in turn, each with so many genuine and then so many impostor lines; a single number on it (as in
 * the View 1 lists), or no such line, leaves ten folds by line number within genuine and within impostor.
 */
export function readPairs(text: string): { kind: 'pairs'; pairs: NamedPair[]; folds: number } | Refused {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line, i) => ({ words: fields(line), number: i + 1 }))
    .filter(({ words }) => words.length > 0)
  const header = lines[0]?.words.every((word) => /^\d+$/.test(word)) ? lines.shift()!.words.map(Number) : []
  if (header.length > 2)
    return refused('bad-list', 'The first line of the pairs file holds more than two numbers.')
  const pairs: NamedPair[] = []
  for (const { words, number } of lines) {
    const genuine = words.length === 3
    const [first, n, second, m] = genuine ? [words[0], words[1], words[0], words[2]] : words
    const numbers = [Number(n), Number(m)] as const
    if (words.length > 4 || !first || !second || !numbers.every((n) => Number.isInteger(n) && n > 0))
      return refused(
        'bad-list',
        `Line ${number} of the pairs file is neither "name, number, number" nor "name, number, name, number".`,
      )
    if (!genuine && first === second)
      return refused('bad-list', `Line ${number} of the pairs file calls a pair of one person impostors.`)
    pairs.push({
      a: { person: first, number: numbers[0] },
      b: { person: second, number: numbers[1] },
      genuine,
      fold: 0,
    })
  }
  if (pairs.length === 0) return refused('bad-list', 'The pairs file holds no pair.')
  if (header.length === 2) {
    const [folds, perKind] = header as [number, number]
    if (folds < 2 || pairs.length !== folds * perKind * 2)
      return refused(
        'bad-list',
        `The pairs file announces ${folds} folds of ${perKind} genuine and ${perKind} impostor pairs, but holds ${pairs.length} pairs.`,
      )
    for (const [i, pair] of pairs.entries()) {
      const place = i % (2 * perKind)
      if (pair.genuine !== place < perKind)
        return refused(
          'bad-list',
          `Line ${lines[i]!.number} of the pairs file should be ${place < perKind ? 'a genuine' : 'an impostor'} pair by its place in the fold.`,
        )
      pair.fold = Math.floor(i / (2 * perKind))
    }
    return { kind: 'pairs', pairs, folds }
  }
  const places = foldsByOrder(pairs.map((pair) => pair.genuine))
  for (const [i, pair] of pairs.entries()) pair.fold = places[i]!
  return { kind: 'pairs', pairs, folds: new Set(places).size }
}

/** Names may hold spaces where the file uses tabs. */
function fields(line: string): string[] {
  return line.includes('\t')
    ? line
        .split('\t')
        .map((word) => word.trim())
        .filter(Boolean)
    : line.split(' ').filter(Boolean)
}
