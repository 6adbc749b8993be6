import { KithError } from '@kith/core/bytes'
import { ticketLifetimeMs } from '@kith/core/limits'
import {
  type ClientMessage,
  checkPolicy,
  createTicket,
  hasRight,
  listenerNameBytes,
  type OpenedLog,
  type OpenItem,
  type Policy,
  policyToLogId,
  proofBytes,
  type Refusal,
  type Resumption,
  refusal,
  resumeBytes,
  rightBit,
  rights,
  ticketToRights,
} from '@kith/core/wire'
import { type OpenLog, renewLease, type Session } from '../session.ts'
import { toKey } from '../store/entry-store.ts'

/** Signature checks after which others get their turn: two milliseconds. */
const checksPerTurn = 8

/** Whoever cannot pay for a wrong proof is told to come back, for all that is left of the message. */
type Turn = { owed: Refusal | undefined }

/** A policy and its log id, compared with a signature; and a ticket. */
const policyCost = 0.1
const ticketCost = 0.05

/** What a wrong signature costs beyond a right one: who has the keys makes none. */
const wrongProofCost = 15

/** Shows policies and proves rights. A log need not exist: it comes to be with its first entry. */
export async function handleOpen(session: Session, message: ClientMessage & { type: 'open' }): Promise<void> {
  const refused = refuseRate(session, message.logs, message.resumption)
  if (refused !== undefined) {
    session.send({ type: 'opened', request: message.request, results: message.logs.map(() => refused) })
    return
  }
  const { turns } = session.hub
  const resumptionKey = await turns.run(() => checkResumption(session, message.resumption))
  const results: (OpenedLog | Refusal)[] = []
  const turn: Turn = { owed: undefined }
  const openSome = (): void => {
    let checks = 0
    while (results.length < message.logs.length && checks < checksPerTurn) {
      const item = message.logs[results.length]!
      results.push(turn.owed ?? openOne(session, item, resumptionKey, turn))
      for (const proof of item.proofs) checks += 'ticket' in proof ? ticketCost : 1
      checks += policyCost
    }
  }
  while (results.length < message.logs.length) await turns.run(openSome)
  session.send({ type: 'opened', request: message.request, results })
}

function refuseRate(
  session: Session,
  logs: readonly OpenItem[],
  resumption: Resumption | undefined,
): Refusal | undefined {
  let signatures = resumption === undefined ? 0 : 1
  for (const log of logs) for (const proof of log.proofs) if ('signature' in proof) signatures += 1
  return session.allowance.take('requests', 1 + logs.length) ?? session.allowance.take('proofs', signatures)
}

/** The resumption key, if its holder has signed for this connection; tickets count for nothing otherwise. */
function checkResumption(session: Session, resumption: Resumption | undefined): Uint8Array | undefined {
  if (resumption === undefined) return undefined
  const name = toKey(resumption.publicKey)
  if (session.resumptionKeys.has(name)) return resumption.publicKey
  const signed = resumeBytes({ hubKey: session.hub.identity.publicKey, nonce: session.nonce }, resumption.publicKey)
  if (!session.hub.crypto.ed25519Verify(resumption.signature, signed, resumption.publicKey)) return undefined
  session.resumptionKeys.add(name)
  return resumption.publicKey
}

function openOne(
  session: Session,
  item: OpenItem,
  resumptionKey: Uint8Array | undefined,
  turn: Turn,
): OpenedLog | Refusal {
  try {
    checkPolicy(item.policy)
  } catch (cause) {
    if (cause instanceof KithError) return refusal('bad-policy')
    throw cause
  }
  const id = policyToLogId(item.policy, session.hub.crypto)
  const proven = checkProofs(session, id, item, resumptionKey, turn)
  const granted = proven === undefined ? 0 : proven.signed | proven.resumed | openRights(item.policy)
  if (proven === undefined || granted === 0) return refusal('refused')
  const key = toKey(id)
  const log = session.logs.get(key) ?? enterLog(session, id, key, item.policy)
  if (log === undefined) return refusal('quota-full')
  log.rights |= granted
  renewLease(session, log)
  const { store, crypto, identity } = session.hub
  // A ticket is given for fresh signatures only: rights must be proven anew each day.
  const ticket =
    resumptionKey === undefined || proven.signed === 0
      ? undefined
      : createTicket(crypto, identity.ticketSecret, id, resumptionKey, {
          rights: proven.signed,
          expiresMs: session.hub.clock.now() + ticketLifetimeMs,
        })
  return { generation: store.generation, rights: log.rights, name: log.name, ticket }
}

/** Rights by signature and by ticket; undefined if any proof is wrong. */
function checkProofs(
  session: Session,
  id: Uint8Array,
  item: OpenItem,
  resumptionKey: Uint8Array | undefined,
  turn: Turn,
): { signed: number; resumed: number } | undefined {
  const { crypto, identity, clock } = session.hub
  let signed = 0
  let resumed = 0
  for (const proof of item.proofs) {
    if ('ticket' in proof) {
      if (resumptionKey === undefined) return undefined
      const found = ticketToRights(crypto, identity.ticketSecret, id, resumptionKey, proof.ticket, clock.now())
      if (found === 0) return undefined
      resumed |= found
      continue
    }
    const key = item.policy[proof.right]
    if (typeof key === 'string') return undefined
    const message = proofBytes({ hubKey: identity.publicKey, nonce: session.nonce }, id, proof.right)
    if (!crypto.ed25519Verify(proof.signature, message, key)) {
      turn.owed ??= session.allowance.take('proofs', wrongProofCost)
      return undefined
    }
    signed |= rightBit(proof.right)
  }
  return { signed, resumed }
}

function openRights(policy: Policy): number {
  return rights.reduce((set, right) => (policy[right] === 'open' ? set | rightBit(right) : set), 0)
}

function enterLog(session: Session, idView: Uint8Array, key: string, policy: Policy): OpenLog | undefined {
  if (session.isClosed()) return undefined
  const isFull = session.logs.size >= session.hub.limits.logsPerConnectionMax || !session.allowance.openLog()
  if (isFull) return undefined
  const id = new Uint8Array(idView)
  const name = session.hub.random(listenerNameBytes)
  const unsubscribe = session.hub.fanOut.subscribe(key, (event) => {
    if (hasRight(log.rights, 'read')) session.onEvent(log, event)
  })
  const log: OpenLog = { id, key, kind: policy.kind, rights: 0, name, followers: [], unsubscribe }
  session.logs.set(key, log)
  return log
}
