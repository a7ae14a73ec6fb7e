import type { Verdict } from '../../training/gate/gate.ts'
import type { Line } from '../../training/gate/line.ts'

/**
 * A verdict with what was found worse before and cannot be measured again without training: its people were left out of
 * the run's own trainings, its triplets were the run's, or its cohort is no longer here. A forecast gives way to people.
 * @param before lines of the report that is kept
 * @param saidBy "by the run that made it"
 */
export function withLinesOfRun(verdict: Verdict, before: readonly Line[], saidBy: string): Verdict {
  const measured = new Set(
    whatOf(verdict.lines).flatMap(({ line, what }) => (line.outcome === 'not-judged' ? [] : [what])),
  )
  measured.delete('health') // whether labels contradict the photographs, only steps of a training tell
  const carried = whatOf(before)
    .filter(({ line, what }) => line.outcome === 'worse' && !measured.has(what) && !isForecast(what))
    .map(({ line, what }) =>
      line.ofRun === undefined
        ? {
            ...line,
            ofRun: what,
            sentence: `Said ${saidBy}, and not to be measured again here: ${line.sentence}`,
          }
        : line,
    )
  const [first] = carried
  if (!first) return verdict
  const lines = [...verdict.lines, ...carried]
  if (verdict.failed !== null) return { ...verdict, lines }
  const sentence = `Rejected: ${first.title}. ${first.sentence}`
  return { ...verdict, kind: 'reject', lines, failed: first.id, sentence }
}

/** Whether nobody of a report was real who could say that strangers are kept out, but for a few of a cohort. */
export function restedOnForecast(lines: readonly Line[]): boolean {
  const all = whatOf(lines).map(({ what }) => what)
  return all.some(isForecast) && !all.some((what) => what.includes('left out of training'))
}

/** What each line was measured on: those of a pool of strangers stand together, and the separation's title names the pool. */
function whatOf(lines: readonly Line[]): { line: Line; what: string }[] {
  return lines.map((line, i) => {
    if (typeof line.ofRun === 'string') return { line, what: line.ofRun }
    const isOfPool = line.id === 'gallery-by-strangers' || line.id === 'strangers'
    const pool = isOfPool ? lines.slice(i).find(({ id }) => id === 'separation') : undefined
    const isNamed = line.id === 'separation' || line.id === 'among-strangers'
    return { line, what: `${line.id}${isNamed ? ` ${line.title}` : pool ? ` ${pool.title}` : ''}` }
  })
}

const isForecast = (what: string) => what.includes('virtual strangers')
