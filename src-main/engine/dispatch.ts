import * as v from 'valibot'
import { calls, type CallName, type EnginePort, type Reply } from '../contract.ts'
import { troubleBehind } from './trouble.ts'

const Envelope = v.object({ id: v.number(), call: v.string(), takes: v.optional(v.unknown()) })

/**
 * Answers anything that arrives over a wire: an unknown call, wrong arguments and a failure inside are faults in the
 * reply, nothing is ever thrown. What came without a readable number is answered under number -1.
 */
export async function dispatch(engine: Pick<EnginePort, 'call'>, request: unknown): Promise<Reply> {
  const id = idOf(request)
  try {
    const envelope = v.safeParse(Envelope, request)
    if (!envelope.success)
      return fault(id, 'bad-arguments', 'A request holds a number, a call and what it takes.')
    const { call, takes } = envelope.output
    if (!Object.hasOwn(calls, call)) return fault(id, 'unknown-call', `There is no call "${shown(call)}".`)
    const name = call as CallName
    const parsed = v.safeParse(calls[name].takes, takes)
    if (!parsed.success) return fault(id, 'bad-arguments', complaint(parsed.issues))
    return { id, gives: await engine.call(name, parsed.output as never) }
  } catch (error) {
    const message = troubleBehind(error)?.message ?? (error instanceof Error ? error.message : String(error))
    return fault(id, 'fault', message)
  }
}

function idOf(request: unknown): number {
  const id = v.safeParse(v.object({ id: v.pipe(v.number(), v.finite()) }), request)
  return id.success ? id.output.id : -1
}

function fault(id: number, kind: 'unknown-call' | 'bad-arguments' | 'fault', message: string): Reply {
  return { id, fault: { kind, message } }
}

/** Which argument is wrong and why; never its value, which may be a face or a passphrase. */
function complaint(issues: readonly v.BaseIssue<unknown>[]): string {
  const [issue] = issues
  if (!issue) return 'The arguments are wrong.'
  const where = v.getDotPath(issue)
  const why = issue.type === 'check' ? issue.message : `${issue.expected ?? issue.type} is expected`
  return where ? `${where}: ${why}` : why
}

function shown(call: string): string {
  return call.replace(/[^\w.-]/g, '�').slice(0, 64)
}
