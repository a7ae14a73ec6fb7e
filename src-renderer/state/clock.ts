import { createSubscriber } from 'svelte/reactivity'

const subscribe = createSubscriber((update) => {
  const interval = setInterval(update, 1000)
  return () => clearInterval(interval)
})

/** The time, ms since 1970; whatever shows it is refreshed every second. */
export function now(): number {
  subscribe()
  return Date.now()
}
