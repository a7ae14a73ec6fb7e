import { formOf, photographForm } from './form.ts'
import type { Form } from './form.ts'

/** Which photographs are compared with which: indices only, so that a protocol can be read without a face. */
export interface Plan {
  form: Form
  people: number
  /** What is presented: the photographs fused into each probe. */
  probes: Subject[]
  /** What it is compared with: the photographs each reference is made of. */
  references: Subject[]
  /** [probe, reference, probe, reference, …], each of one person. */
  genuine: Uint32Array
  /** Each of these probes is compared with every reference of another person. */
  impostorProbes: Uint32Array
  /** Each of these references takes part in impostor comparisons. */
  impostorReferences: Uint32Array
  /** Probes are the references: a pair of different people is compared once, not twice. */
  symmetric: boolean
}

export interface Subject {
  person: number // place in the list of people
  photographs: number[] // rows of the embeddings
}

const photographsInGenuinePairs = 10 // so that nobody's hundreds of photographs are most of the evidence

/**
 * The capped protocol, photograph × photograph: genuine are all pairs among each person's first ten photographs,
 * impostor each person's first photograph against every other's. `photographs[p]` lists person p's rows; people and
 * their photographs stand in byte order (`compareBytes`) already.
 */
export function cappedPlan(photographs: number[][]): Plan {
  const probes: Subject[] = []
  const genuine: number[] = []
  const firsts: number[] = []
  for (const [person, rows] of photographs.entries()) {
    const start = probes.length
    for (const row of rows.slice(0, photographsInGenuinePairs)) probes.push({ person, photographs: [row] })
    if (rows.length > 0) firsts.push(start)
    for (let i = start; i < probes.length; i++) for (let j = i + 1; j < probes.length; j++) genuine.push(i, j)
  }
  return {
    form: photographForm,
    people: firsts.length,
    probes,
    references: probes,
    genuine: Uint32Array.from(genuine),
    impostorProbes: Uint32Array.from(firsts),
    impostorReferences: Uint32Array.from(firsts),
    symmetric: true,
  }
}

/**
 * The capped protocol against templates: each person's first `templatePhotographs` enrol, the rest probe, alone or
 * fused in runs of `burstPhotographs` (an incomplete last run is left out). Genuine are all probes against their own
 * template. Impostor is each person's first probe against every other's template; people with too few photographs
 * for a template of their own are strangers: their first probe is cut from their first photographs.
 */
export function templatePlan(
  photographs: number[][],
  templatePhotographs: number,
  burstPhotographs = 1,
): Plan {
  const probes: Subject[] = []
  const references: Subject[] = []
  const genuine: number[] = []
  const firsts: number[] = []
  for (const [person, rows] of photographs.entries()) {
    const enrols = rows.length >= templatePhotographs + burstPhotographs
    const runs = inRuns(enrols ? rows.slice(templatePhotographs) : rows, burstPhotographs)
    if (runs.length === 0) continue
    firsts.push(probes.length)
    if (enrols) {
      for (let i = 0; i < runs.length; i++) genuine.push(probes.length + i, references.length)
      references.push({ person, photographs: rows.slice(0, templatePhotographs) })
    }
    for (const run of enrols ? runs : runs.slice(0, 1)) probes.push({ person, photographs: run })
  }
  return {
    form: formOf(templatePhotographs, burstPhotographs),
    people: firsts.length,
    probes,
    references,
    genuine: Uint32Array.from(genuine),
    impostorProbes: Uint32Array.from(firsts),
    impostorReferences: Uint32Array.from(references.keys()),
    symmetric: false,
  }
}

/** Every photograph of a gallery against every other: what tuning on the spot uses. */
export function allPairsPlan(photographs: number[][]): Plan {
  const probes = photographs.flatMap((rows, person) => rows.map((row) => ({ person, photographs: [row] })))
  const genuine: number[] = []
  for (let i = 0; i < probes.length; i++)
    for (let j = i + 1; j < probes.length && probes[j]!.person === probes[i]!.person; j++) genuine.push(i, j)
  return {
    form: photographForm,
    people: photographs.filter((rows) => rows.length > 0).length,
    probes,
    references: probes,
    genuine: Uint32Array.from(genuine),
    impostorProbes: Uint32Array.from(probes.keys()),
    impostorReferences: Uint32Array.from(probes.keys()),
    symmetric: true,
  }
}

/**
 * Templates measured on a small gallery without giving photographs up: each run of `burstPhotographs` probes the
 * template of its person's other photographs (genuine) and the whole templates of everyone else (impostor). The form
 * names the median number of photographs in a whole template.
 */
export function leaveOneOutPlan(photographs: number[][], burstPhotographs = 1): Plan {
  const probes: Subject[] = []
  const references: Subject[] = []
  const genuine: number[] = []
  const whole: number[] = []
  const sizes: number[] = []
  for (const [person, rows] of photographs.entries()) {
    if (rows.length === 0) continue
    whole.push(references.length)
    references.push({ person, photographs: rows })
    sizes.push(rows.length)
    for (const run of inRuns(rows, burstPhotographs)) {
      const others = rows.filter((row) => !run.includes(row))
      if (others.length > 0) {
        genuine.push(probes.length, references.length)
        references.push({ person, photographs: others })
      }
      probes.push({ person, photographs: run })
    }
  }
  sizes.sort((a, b) => a - b)
  return {
    form: formOf(sizes[sizes.length >> 1] ?? 1, burstPhotographs),
    people: whole.length,
    probes,
    references,
    genuine: Uint32Array.from(genuine),
    impostorProbes: Uint32Array.from(probes.keys()),
    impostorReferences: Uint32Array.from(whole),
    symmetric: false,
  }
}

/** Rows in runs of `length`; an incomplete last run is left out. */
export function inRuns(rows: number[], length: number): number[][] {
  const runs: number[][] = []
  for (let start = 0; start + length <= rows.length; start += length)
    runs.push(rows.slice(start, start + length))
  return runs
}
