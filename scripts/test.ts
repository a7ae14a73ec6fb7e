/** `npm test`: sees to a browser, runs every test, and closes with one plain line that counts them. */
import { startVitest } from 'vitest/node'
import { findChromium, howToGetChromium, installChromium } from './chromium.ts'

const chromium = (await findChromium()) ?? (await installChromium())
if (chromium) process.env.SEMBLANCE_CHROMIUM = chromium
else console.error(howToGetChromium) // the browser tests say it again when they fail

const vitest = await startVitest('test', process.argv.slice(2), { watch: false, run: true })
const tests = vitest.state
  .getFiles()
  .flatMap((file) => [...(vitest.state.getReportedEntity(file) as never as Suite).children.allTests()])
await vitest.close()

const count = (state: string) => tests.filter((test) => test.result().state === state).length
const unread = vitest.state.getUnhandledErrors().length // an error outside any test is a failure too
const failed = count('failed') + unread
console.log(`${count('passed')} passed, ${failed} failed, ${count('skipped')} skipped`)
process.exit(failed > 0 || (process.exitCode ?? 0) !== 0 || tests.length === 0 ? 1 : 0)

interface Suite {
  children: { allTests(): Iterable<{ result(): { state: string } }> }
}
