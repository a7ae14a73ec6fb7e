import { homeFolder, keyFromEnvironment } from './home.ts'
import { ensureModels } from './models.ts'
import { refusedOutcome, type ExitCode, type Outcome } from './outcome.ts'
import type { Terminal } from './terminal.ts'
import type { GalleryOptions } from './with-gallery.ts'

/** The application in the browser, at 127.0.0.1 alone, until Ctrl+C. */
export async function serve(
  options: GalleryOptions & { port: number; open: boolean },
  terminal: Terminal,
): Promise<Outcome> {
  const key = keyFromEnvironment()
  await ensureModels(terminal)
  const { serve: serveLocally } = await import('../localhost/serve.ts')
  const ended = await serveLocally({
    home: await homeFolder(options.home),
    key,
    port: options.port,
    open: options.open,
    say: terminal.say,
  })
  if (typeof ended !== 'number') return refusedOutcome(ended)
  return { exitCode: ended as ExitCode, json: { kind: 'stopped' }, text: [] }
}
