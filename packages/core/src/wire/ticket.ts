/**
 * Resume tickets: a hub's promise to itself that a client has proven rights on some logs within the last day. 40 bytes: the expiry in milliseconds
 * (8 bytes, big-endian), and one MAC under a secret of the hub over the whole list of logs and rights. A ticket is worth nothing without
 * the resumption key that it was given to, nor without each log of its list, in order.
 */
import { equalBytes, labelled } from '../bytes/index.ts'
import type { Hashing } from '../ports/index.ts'
import { type LogKind, logKinds, type Policy, type Right, rights } from './policy.ts'

export const ticketBytes = 40

const expiryBytes = 8

/** A log as a ticket is for it: what a policy says that a hub needs to know once it has seen it. `rights` is a bit each. */
export type TicketLog = { readonly log: Uint8Array; readonly kind: LogKind; readonly rights: number }

/** The hub's side: makes a ticket. `secret` is 32 bytes that never leave the hub. */
export function createTicket(
  crypto: Hashing,
  secret: Uint8Array,
  resumptionKey: Uint8Array,
  logs: readonly TicketLog[],
  expiresMs: number,
): Uint8Array {
  const ticket = new Uint8Array(ticketBytes)
  new DataView(ticket.buffer).setBigUint64(0, BigInt(expiresMs))
  ticket.set(ticketMac(crypto, secret, resumptionKey, logs, ticket.subarray(0, expiryBytes)), expiryBytes)
  return ticket
}

/** The hub's side: whether a ticket is ours, for this key and these logs and rights, and has not expired. A wrong one costs as much as a right one. */
export function isTicketGood(
  crypto: Hashing,
  secret: Uint8Array,
  resumptionKey: Uint8Array,
  logs: readonly TicketLog[],
  ticket: Uint8Array,
  nowMs: number,
): boolean {
  if (ticket.length !== ticketBytes) return false
  const mac = ticketMac(crypto, secret, resumptionKey, logs, ticket.subarray(0, expiryBytes))
  return equalBytes(mac, ticket.subarray(expiryBytes)) && ticketToExpiry(ticket) > nowMs
}

/** What a ticket says of itself; a client cannot check it. Milliseconds since 1970. */
export function ticketToExpiry(ticket: Uint8Array): number {
  return Number(new DataView(ticket.buffer, ticket.byteOffset, ticket.byteLength).getBigUint64(0))
}

function ticketMac(
  crypto: Hashing,
  secret: Uint8Array,
  resumptionKey: Uint8Array,
  logs: readonly TicketLog[],
  expiry: Uint8Array,
): Uint8Array {
  const list = new Uint8Array(33 * logs.length)
  let at = 0
  for (const { log, kind, rights: set } of logs) {
    // Faster than a call of `set` for each of hundreds.
    for (let index = 0; index < 32; index += 1) list[at + index] = log[index]!
    list[at + 32] = toKindAndRights(kind, set)
    at += 33
  }
  return crypto.hmacSha256(secret, labelled('kith/1 resume ticket', resumptionKey, expiry, list))
}

/** One byte: the rights' bits, and the kind above them. */
export function toKindAndRights(kind: LogKind, set: number): number {
  return (logKinds.indexOf(kind) << 3) | set
}

export const kindAndRightsMax = toKindAndRights(logKinds.at(-1)!, 7)

export function fromKindAndRights(byte: number): { kind: LogKind; rights: number } {
  return { kind: logKinds[byte >> 3]!, rights: byte & 7 }
}

/** The rights that a policy gives to everybody. */
export function openRights(policy: Policy): number {
  return rights.reduce((set, right) => (policy[right] === 'open' ? set | rightBit(right) : set), 0)
}

export function rightBit(right: Right): number {
  return 1 << rights.indexOf(right)
}

export function hasRight(set: number, right: Right): boolean {
  return (set & rightBit(right)) !== 0
}

export function setToRights(set: number): Right[] {
  return rights.filter((right) => hasRight(set, right))
}
