import { KithError } from '@kith/core/bytes'
import { ticketLifetimeMs } from '@kith/core/limits'
import {
  type ClientMessage,
  checkPolicy,
  createTicket,
  type OpenedLog,
  type OpenItem,
  openRights,
  policyToLogId,
  proofBytes,
  type Refusal,
  type Resumption,
  refusal,
  resumeBytes,
  rightBit,
  type TicketLog,
} from '@kith/core/wire'
import { renewLeases, type Session } from '../session.ts'
import { toKey } from '../store/entry-store.ts'
import { enterLog } from './enter.ts'

/** Signature checks after which others get their turn: two milliseconds. */
const checksPerTurn = 8

/** Whoever cannot pay for a wrong proof is told to come back, for all that is left of the message. */
type Turn = { owed: Refusal | undefined }

/** A policy and its log id, compared with a signature. */
const policyCost = 0.1

/** What a wrong signature costs beyond a right one: who has the keys makes none. */
const wrongProofCost = 15

/** Shows policies and proves rights. A log need not exist: it comes to be with its first entry. */
export async function handleOpen(session: Session, message: ClientMessage & { type: 'open' }): Promise<void> {
  const { request, logs } = message
  const refused = refuseRate(session, logs, message.resumption)
  if (refused !== undefined) {
    session.send({ type: 'opened', request, results: logs.map(() => refused), ticket: undefined })
    return
  }
  const { turns } = session.hub
  const { resumption } = message
  const resumptionKey = resumption && (await turns.run(() => checkResumption(session, resumption)))
  const results: (OpenedLog | Refusal)[] = []
  const proven: TicketLog[] = []
  const turn: Turn = { owed: undefined }
  const openSome = (): void => {
    let checks = 0
    while (results.length < logs.length && checks < checksPerTurn) {
      const item = logs[results.length]!
      results.push(turn.owed ?? openOne(session, item, turn, proven))
      checks += item.proofs.length + policyCost
    }
  }
  while (results.length < logs.length) await turns.run(openSome)
  session.send({ type: 'opened', request, results, ticket: ticketFor(session, resumptionKey, proven) })
}

function ticketFor({ hub }: Session, resumptionKey: Uint8Array | undefined, proven: readonly TicketLog[]) {
  if (resumptionKey === undefined || proven.length === 0) return undefined
  const { crypto, identity, clock } = hub
  return createTicket(crypto, identity.ticketSecret, resumptionKey, proven, clock.now() + ticketLifetimeMs)
}

function refuseRate(
  session: Session,
  logs: readonly OpenItem[],
  resumption: Resumption | undefined,
): Refusal | undefined {
  const signatures = logs.reduce((sum, { proofs }) => sum + proofs.length, resumption === undefined ? 0 : 1)
  return session.allowance.take('requests', 1 + logs.length) ?? session.allowance.take('proofs', signatures)
}

/** The resumption key, if its holder has signed for this connection; tickets count for nothing otherwise. */
export function checkResumption(session: Session, resumption: Resumption): Uint8Array | undefined {
  const name = toKey(resumption.publicKey)
  if (session.resumptionKeys.has(name)) return resumption.publicKey
  const signed = resumeBytes({ hubKey: session.hub.identity.publicKey, nonce: session.nonce }, resumption.publicKey)
  if (!session.hub.crypto.ed25519Verify(resumption.signature, signed, resumption.publicKey)) return undefined
  session.resumptionKeys.add(name)
  return resumption.publicKey
}

/** Adds what a ticket may be for to `proven`: rights must be proven anew each day. */
function openOne(session: Session, item: OpenItem, turn: Turn, proven: TicketLog[]): OpenedLog | Refusal {
  const { policy } = item
  try {
    checkPolicy(policy)
  } catch (cause) {
    if (cause instanceof KithError) return refusal('bad-policy')
    throw cause
  }
  const id = policyToLogId(policy, session.hub.crypto)
  const signed = checkProofs(session, id, item, turn)
  const granted = signed === undefined ? 0 : signed | openRights(policy)
  if (signed === undefined || granted === 0) return refusal('refused')
  const log = enterLog(session, id, policy.kind, granted)
  if (log === undefined) return refusal('quota-full')
  renewLeases(session, [log])
  if (signed !== 0) proven.push({ log: id, kind: policy.kind, rights: granted })
  return { generation: session.hub.store.generation, rights: log.rights }
}

/** Rights by signature; undefined if any proof is wrong. */
function checkProofs(session: Session, id: Uint8Array, item: OpenItem, turn: Turn): number | undefined {
  const { crypto, identity } = session.hub
  let signed = 0
  for (const { right, signature } of item.proofs) {
    const key = item.policy[right]
    if (typeof key === 'string') return undefined
    const message = proofBytes({ hubKey: identity.publicKey, nonce: session.nonce }, id, right)
    if (!crypto.ed25519Verify(signature, message, key)) {
      turn.owed ??= session.allowance.take('proofs', wrongProofCost)
      return undefined
    }
    signed |= rightBit(right)
  }
  return signed
}
