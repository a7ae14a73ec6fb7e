import type { ModelEvent } from '../../contract.ts'
import type { Parts } from '../parts.ts'
import { modelSummary, pretrainedVersion } from './model-list.ts'

/** Which models came into use, and how; newest first. */
export function modelEvents(parts: Pick<Parts, 'gallery' | 'model' | 'pretrained'>): ModelEvent[] {
  const versionOf = (version: string | null) => version ?? pretrainedVersion(parts)
  const called = (version: string) => {
    const name = modelSummary(parts, version)?.name
    return name && name !== 'pre-trained' ? `${name} (${version})` : (name ?? version)
  }
  return parts.gallery.models.events().map((event) => {
    if (event.kind === 'promoted') {
      const [from, to] = [versionOf(event.replaced), event.version]
      const against = event.evenThoughJudgedAgainst ?? null
      const although = [
        ...(event.evenThoughRejected ? ['REJECTED IT'] : []),
        ...(against ? [`COMPARES IT WITH ${called(against)}`] : []),
      ]
      const forced = although.length > 0 ? ` EVEN THOUGH ITS REPORT ${although.join(' AND ')}` : ''
      const sentence = `${called(to)} was put in use${forced}, in place of ${called(from)}.`
      return {
        at: event.at,
        kind: 'promoted',
        from,
        to,
        evenThoughRejected: event.evenThoughRejected,
        evenThoughJudgedAgainst: against,
        sentence,
      }
    }
    const [from, to] = [event.from, versionOf(event.to)]
    const sentence = [`Rolled back from ${called(from)} to ${called(to)}.`, ...lostInWords(event.lost)].join(
      ' ',
    )
    const forced = { evenThoughRejected: false, evenThoughJudgedAgainst: null }
    return { at: event.at, kind: 'rolled-back', from, to, ...forced, sentence }
  })
}

/** Whom the model of before cannot compare; no sentence where it can compare everybody. */
export function lostInWords(people = 0): string[] {
  if (!(people > 0)) return []
  const who = people === 1 ? 'One person' : `${people} people`
  return [
    `${who} enrolled meanwhile cannot be verified by it: no crop was kept that it could look at. Enrol them again.`,
  ]
}
