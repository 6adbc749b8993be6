import { type ClientMessage, isRefusal, refusal } from '@kith/core/wire'
import type { Carried } from '../forward/carrier.ts'
import type { Session } from '../session.ts'

/** Passes all that follows on to another hub. */
export async function handleCarry(session: Session, message: ClientMessage & { type: 'carry' }): Promise<void> {
  const result = await carryOne(session, message)
  const { request } = message
  if (isRefusal(result)) {
    session.hub.meter.add('carriesRefused')
    session.send({ type: 'done', request, results: [result] })
    return
  }
  // It may have gone meanwhile.
  if (session.isClosed()) {
    result.reached.end()
    result.leave()
    return
  }
  session.hub.meter.add('connectionsCarried')
  session.send({ type: 'done', request, results: [{ done: true }] })
  session.pipe(result)
}

async function carryOne(
  session: Session,
  message: ClientMessage & { type: 'carry' },
): Promise<Carried | ReturnType<typeof refusal>> {
  const { hub, allowance } = session
  const slow = allowance.take('requests', 1) ?? allowance.take('carries', 1)
  if (slow !== undefined) return slow
  // Whoever is carried here is not carried on: hubs that carry to each other would be kept busy by one connection.
  if (session.logs.size > 0 || session.isWrapped || session.isProven()) return refusal('refused')
  return hub.carrier.carry(message, allowance.prefix)
}
