import { inPercent, type Line } from './line.ts'

/** What an embedding space looks like: of the same photographs under one model. */
export interface Health {
  /** Whether every number is one. */
  finite: boolean
  /** Mean length before it is made one. */
  norm: number
  /** Participation ratio of the covariance's eigenvalues: 1 on a line, the number of dimensions where they are filled evenly. */
  effectiveRank: number
  /** Share of triplets within the margin, at the end of the run; null where no step tells. */
  activeTriplets: number | null
  /** How far a head moved from where the run began, in lengths of where it began; absent at other depths. */
  moved?: number
}

/** A space that collapsed, exploded or holds what is no number. */
export function healthLine(before: Health, after: Health): Line {
  const trouble = !after.finite
    ? 'The new model gives what is no number.'
    : after.effectiveRank < leastRank * before.effectiveRank
      ? `The new model’s embeddings fill ${after.effectiveRank.toFixed(1)} dimensions instead of ${before.effectiveRank.toFixed(1)}: they collapse.`
      : after.norm < before.norm / farthestNorm || after.norm > before.norm * farthestNorm
        ? `The embeddings’ length went from ${before.norm.toPrecision(3)} to ${after.norm.toPrecision(3)}: the run left its course.`
        : after.moved !== undefined && !(after.moved <= farthestMoved)
          ? `The head moved ${after.moved.toPrecision(2)} times its own size from where it began: hardly anything of the model in use is left in it. The learning rate was too high.`
          : after.activeTriplets !== null && after.activeTriplets > mostActive
            ? `${inPercent(after.activeTriplets)} of the triplets are still active at the end: the photographs contradict whose they are said to be.`
            : null
  const active =
    after.activeTriplets === null ? '' : `, ${inPercent(after.activeTriplets)} of the triplets still active`
  return {
    id: 'health',
    title: 'Health of the embedding',
    outcome: trouble ? 'worse' : 'not-worse',
    sentence:
      trouble ??
      `It fills ${after.effectiveRank.toFixed(1)} dimensions (before ${before.effectiveRank.toFixed(1)}), length ${after.norm.toPrecision(3)}${active}.`,
    before: before.effectiveRank,
    after: after.effectiveRank,
  }
}

const leastRank = 0.5 // of the rank before: a head that keeps people apart keeps its dimensions
const mostActive = 0.75 // a tenth is left of a healthy run on photographs, nine tenths where labels are shuffled
const farthestMoved = 1 // then more of it is new than was there; a healthy run moves it by a fifth
const farthestNorm = 10 // the length carries no decision, but tenfold means that the rate was far too high
