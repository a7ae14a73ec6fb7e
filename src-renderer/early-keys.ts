const heard: KeyboardEvent[] = []
const hear = (event: KeyboardEvent) => heard.push(event)
window.addEventListener('keydown', hear)

/** Gives the page the keys that were pressed before it could hear them; nothing is kept from then on. */
export function giveEarlyKeys() {
  window.removeEventListener('keydown', hear)
  for (const { key, code, altKey, ctrlKey, metaKey, shiftKey } of heard.splice(0)) {
    const again = { key, code, altKey, ctrlKey, metaKey, shiftKey, bubbles: true, cancelable: true }
    ;(document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent('keydown', again))
  }
}
