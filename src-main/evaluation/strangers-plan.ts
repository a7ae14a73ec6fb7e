import { inRuns } from './plan.ts'
import type { Plan, Subject } from './plan.ts'

/**
 * The same genuine comparisons, and strangers in the impostors' place: each of their photographs (or bursts of the
 * plan's length) probes every reference. `strangers[s]` lists the rows of stranger s, who becomes person
 * `firstPerson + s`. A stranger with too few photographs for one burst stays out.
 */
export function strangersPlan(
  plan: Plan,
  strangers: number[][],
  firstPerson: number,
): Plan & { strangers: number } {
  const probes: Subject[] = [...plan.probes]
  const impostorProbes: number[] = []
  let takingPart = 0
  for (const [i, rows] of strangers.entries()) {
    const runs = inRuns(rows, plan.form.burstPhotographs)
    if (runs.length > 0) takingPart++
    for (const photographs of runs) {
      impostorProbes.push(probes.length)
      probes.push({ person: firstPerson + i, photographs })
    }
  }
  return {
    ...plan,
    probes,
    impostorProbes: Uint32Array.from(impostorProbes),
    symmetric: false,
    strangers: takingPart,
  }
}
