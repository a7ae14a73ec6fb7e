const key = 'semblance.secret'

/** Said where a tab has no secret, or that of a server which is gone: a refused socket tells the page no reason. */
export const howToComeIn =
  'Semblance does not let this tab in, or has stopped. Press Enter in the terminal where it runs (or start it again) and open the address it prints.'

/**
 * The secret that opens the engine's socket. The one-time token after the address's `#token=` is traded for it once;
 * it then stays in this tab alone (a cookie would be sent to every port of 127.0.0.1). Null where there is neither.
 */
export async function sessionSecret(): Promise<string | null> {
  const token = /^#token=(.+)$/.exec(location.hash)?.[1]
  if (token !== undefined) {
    history.replaceState(null, '', location.pathname) // neither in the history nor in a screenshot
    const answer = await fetch('/session', { method: 'POST', body: token })
    if (answer.ok) sessionStorage.setItem(key, await answer.text())
  }
  return sessionStorage.getItem(key)
}
