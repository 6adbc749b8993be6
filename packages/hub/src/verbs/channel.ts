import { KithError } from '@kith/core/bytes'
import { answerHandshake, channelPrologue } from '@kith/core/crypto/channel'
import { type ClientMessage, refusal } from '@kith/core/wire'
import { nodeChannelling } from '../node-crypto.ts'
import type { Session } from '../session.ts'

/** Two agreements and a fresh key pair. */
const handshakeCost = 2

/** Shows that this hub has its key; and, to whoever asks for it, seals all that follows. */
export function handleChannel(session: Session, message: ClientMessage & { type: 'channel' }): void {
  const { hub, allowance } = session
  const { request, purpose } = message
  const refuse = (why: ReturnType<typeof refusal>): void =>
    session.send({ type: 'channelled', request, results: [why] })
  const slow = allowance.take('requests', 1) ?? allowance.take('proofs', handshakeCost)
  if (slow !== undefined) return refuse(slow)
  // Before anything else, once for each purpose, and not within a channel.
  const isInPlace = session.logs.size === 0 && !session.isWrapped && (purpose === 'wrap' || !session.isProven())
  if (!isInPlace) return refuse(refusal('refused'))
  try {
    const keys = answerHandshake(nodeChannelling, hub.identity, channelPrologue(purpose), message.handshake)
    session.send({ type: 'channelled', request, results: [{ handshake: keys.answer }] })
    if (purpose === 'wrap') session.wrap(keys)
    else session.proven()
  } catch (cause) {
    if (!(cause instanceof KithError)) throw cause
    refuse(refusal('refused'))
  }
}
