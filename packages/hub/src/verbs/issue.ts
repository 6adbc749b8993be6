import {
  type ClientMessage,
  type IssuedToken,
  issueBytes,
  type Refusal,
  refusal,
  tokenRequestToBlinded,
} from '@kith/core/wire'
import type { HubTokenKey } from '../access/token-keys.ts'
import { nextTurn } from '../node-clock.ts'
import type { Session } from '../session.ts'
import { failureToRefusal } from './put.ts'

/** Of a signature check: a blind signature with its own check is 0.3 ms. */
const signatureCost = 3

/** Signatures after which others get their turn: a millisecond. */
const signaturesPerTurn = 4

/** Signs blind what a member sends, as far as its tokens of the period go. */
export async function handleIssue(session: Session, message: ClientMessage & { type: 'issue' }): Promise<void> {
  const { requests } = message
  const key = await draw(session, message).catch(failureToRefusal)
  const results: (IssuedToken | Refusal)[] = []
  for (const request of requests) {
    if ('refused' in key) {
      results.push(key)
      continue
    }
    const blinded = tokenRequestToBlinded(request, key.id)
    const signature = blinded && key.blindSign(blinded)
    results.push(signature === undefined ? refusal('token-invalid') : { signature })
    if (signature !== undefined) session.hub.meter.add('tokensIssued')
    if (results.length % signaturesPerTurn === 0) await nextTurn(session.hub.clock)
  }
  session.send({ type: 'issued', request: message.request, results })
}

async function draw(session: Session, message: ClientMessage & { type: 'issue' }): Promise<HubTokenKey | Refusal> {
  const { hub, allowance } = session
  const { member, signature, requests } = message
  const slow =
    allowance.take('requests', 1 + requests.length) ?? allowance.take('proofs', 1 + signatureCost * requests.length)
  if (slow !== undefined) return slow
  const signed = issueBytes(hub.crypto, { hubKey: hub.identity.publicKey, nonce: session.nonce }, requests)
  if (!hub.crypto.ed25519Verify(signature, signed, member)) return refusal('refused')
  const drawn = await hub.access.draw(member, requests)
  if (drawn === 'unknown') return refusal('refused')
  return drawn === 'used-up' ? refusal('tokens-used-up') : drawn
}
