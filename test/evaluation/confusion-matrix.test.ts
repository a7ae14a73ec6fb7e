import { expect, test } from 'vitest'
import { confusionMatrix } from '../../src-main/evaluation/confusion-matrix.ts'
import { distanceBetween, fuseRows } from '../../src-main/evaluation/embeddings.ts'
import { allPairsPlan, leaveOneOutPlan } from '../../src-main/evaluation/plan.ts'
import { syntheticGallery } from './gallery.ts'

const { embeddings, photographs } = syntheticGallery([3, 2, 4, 1, 3], 6, 0.5, 3)

test('photograph × photograph: the nearest two photographs of two people, whoever is claimed', () => {
  const { people, nearest } = confusionMatrix(allPairsPlan(photographs), embeddings, [0, 1, 2, 4])
  expect([...people].sort()).toEqual([0, 1, 2, 4])
  const risk = nearest.map((row) => Math.min(...row.filter((value) => !Number.isNaN(value))))
  expect(risk).toEqual([...risk].sort((a, b) => a - b)) // who is at the greatest risk first
  for (const [i, a] of people.entries())
    for (const [j, b] of people.entries()) {
      if (i === j) {
        expect(nearest[i]![j]).toBeNaN()
        continue
      }
      const all = photographs[a]!.flatMap((x) =>
        photographs[b]!.map((y) => distanceBetween(embeddings.vectors, x, embeddings.vectors, y, 6)),
      )
      expect(nearest[i]![j]).toBeCloseTo(Math.min(...all), 6)
      expect(nearest[i]![j]).toBe(nearest[j]![i])
    }
})

test('against templates: whose template is claimed and who comes are two things', () => {
  const { people, nearest } = confusionMatrix(leaveOneOutPlan(photographs), embeddings, [0, 1, 2])
  const [row, column] = [people.indexOf(2), people.indexOf(0)]
  const template = fuseRows(embeddings, photographs[2]!)
  const expected = photographs[0]!.map((x) => distanceBetween(embeddings.vectors, x, template, 0, 6))
  expect(nearest[row]![column]).toBeCloseTo(Math.min(...expected), 6)
  expect(nearest[row]![column]).not.toBeCloseTo(nearest[column]![row]!, 4)
})
