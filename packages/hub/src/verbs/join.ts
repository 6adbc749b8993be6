import { type ClientMessage, type Done, joinBytes, type Refusal, refusal } from '@kith/core/wire'
import type { Session } from '../session.ts'
import { failureToRefusal } from './put.ts'

/** What a wrong code costs beyond a right one: nobody has a reason to try two. */
const wrongCodeCost = 15

/** Makes a member's key of an invite. */
export async function handleJoin(session: Session, message: ClientMessage & { type: 'join' }): Promise<void> {
  const result = await joinOne(session, message).catch(failureToRefusal)
  session.send({ type: 'done', request: message.request, results: [result] })
}

async function joinOne(session: Session, message: ClientMessage & { type: 'join' }): Promise<Done | Refusal> {
  const { hub, allowance } = session
  const slow = allowance.take('requests', 1) ?? allowance.take('proofs', 2)
  if (slow !== undefined) return slow
  const connection = { hubKey: hub.identity.publicKey, nonce: session.nonce }
  const { code, member, signature } = message
  const isGood =
    hub.crypto.ed25519Verify(signature, joinBytes(connection, code), member) && (await hub.access.join(code, member))
  if (isGood) {
    hub.meter.add('membersJoined')
    return { done: true }
  }
  return allowance.take('proofs', wrongCodeCost) ?? refusal('refused')
}
