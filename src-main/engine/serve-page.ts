import type { EnginePort, EventName, Reply } from '../contract.ts'
import { dispatch } from './dispatch.ts'

const eventNames = [
  'gallery-changed',
  'settings-changed',
  'status-changed',
  'progress',
  'retrain-changed',
] as const satisfies EventName[]

/** Answers one page: its requests are dispatched, every event is passed on. Returns what stops that. */
export function servePage(
  engine: EnginePort,
  answer: (reply: Reply) => void,
): { request(message: unknown): Promise<void>; close(): void } {
  const unhear = eventNames.map((event) => engine.on(event, (body) => answer({ event, body })))
  let open = true
  return {
    async request(message) {
      const reply = await dispatch(engine, message)
      if (open) answer(reply)
    },
    close() {
      open = false
      for (const stop of unhear) stop()
    },
  }
}
