import type { Refusal } from '../contract.ts'
import { refused } from '../engine/refusal.ts'
import type { Terminal } from './terminal.ts'

const variable = 'SEMBLANCE_EXPORT_PASSPHRASE'

/** The passphrase of an exported file: from the environment, else typed unseen; never from an argument, which others can list. */
export async function askPassphrase(
  terminal: Terminal,
  question: string,
  twice: boolean,
): Promise<{ kind: 'passphrase'; passphrase: string } | Refusal> {
  const said = process.env[variable]
  delete process.env[variable] // no process started from here inherits it
  if (said) return { kind: 'passphrase', passphrase: said }
  const typed = await terminal.ask(question, { hidden: true })
  if (typed === null)
    return refused('no-passphrase', `Nobody can be asked here: set ${variable} to the file's passphrase.`)
  if (twice && (await terminal.ask('The same again: ', { hidden: true })) !== typed)
    return refused('passphrases-differ', 'The two passphrases differ. Nothing was written.')
  return { kind: 'passphrase', passphrase: typed }
}
