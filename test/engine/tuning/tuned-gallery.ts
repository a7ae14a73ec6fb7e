import type { Parts } from '../../../src-main/engine/parts.ts'
import type { Gallery } from '../../../src-main/gallery/gallery.ts'
import { random } from '../../../src-main/learning/random.ts'
import { unitLength } from '../../../src-main/vision/embedding.ts'
import { photographOf } from '../../gallery/made-up.ts'

/** A point for each person and photographs around it: people 1.2 to 1.5 apart, one person's photographs about 0.6. */
export function embeddingOf(person: number, photograph: number, spread = 0.4): Float32Array {
  const centre = direction('person', person)
  const off = direction('photograph', person, photograph)
  return unitLength(centre.map((value, i) => value + spread * off[i]!))
}

/** Enrols people with so many photographs each; gives their numbers. */
export function enrolPeople(gallery: Gallery, sizes: number[], model: Parts['model'], first = 0): number[] {
  return sizes.map((photographs, i) => {
    const person = first + i
    const outcome = gallery.enrol(
      { name: `Person ${person + 1}`, consentAt: 1, skippedViews: [] },
      Array.from({ length: photographs }, (_, photograph) =>
        photographOf(person * 100 + photograph, {
          crop: null,
          modelVersion: model.version,
          features: new Float32Array(256),
          embedding: embeddingOf(person, photograph),
        }),
      ),
    )
    if (outcome.kind === 'refused') throw new Error(outcome.message)
    return outcome.person
  })
}

/** Puts strangers into a new cohort; strangers are numbered from 1 and look like nobody in `enrolPeople`. */
export function importStrangers(gallery: Gallery, sizes: number[], model: Parts['model']): number {
  const cohort = gallery.cohorts.add('Strangers')
  for (const [i, photographs] of sizes.entries())
    for (let photograph = 0; photograph < photographs; photograph++) {
      const seed = 10_000 + i * 100 + photograph
      const { crop, cropHash } = photographOf(seed)
      const added = gallery.cohorts.addStranger(cohort, {
        stranger: i + 1,
        crop: crop!,
        cropHash,
        modelVersion: model.version,
        embedding: embeddingOf(1000 + i, photograph),
      })
      if (added.kind === 'refused') throw new Error(added.message)
    }
  return cohort
}

function direction(...stream: (string | number)[]): Float32Array {
  const { normal } = random(7, ...stream)
  return unitLength(Float64Array.from({ length: 128 }, normal))
}
