/** What screen readers hear: verdicts interrupt, the rest waits for a pause. */
export class Announcer {
  polite = $state('')
  assertive = $state('')

  say(sentence: string) {
    // The same sentence twice must be heard twice: an unchanged region is silent.
    this.polite = sentence === this.polite ? `${sentence}\u00a0` : sentence
  }

  interrupt(sentence: string) {
    this.assertive = sentence === this.assertive ? `${sentence}\u00a0` : sentence
  }
}
