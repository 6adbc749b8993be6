/**
 * Resume tickets: a hub's promise to itself that a client has proven rights on a log within the last day. 41 bytes: a byte of
 * rights (a bit each), the expiry in milliseconds (8 bytes, big-endian), and a MAC of 32 bytes under a secret of the hub. A
 * ticket is worth nothing without the resumption key that it was given to.
 */
import { equalBytes, labelled, toHex } from '../bytes/index.ts'
import type { Hashing } from '../ports/index.ts'
import { type Right, rights } from './policy.ts'

export const ticketBytes = 41

export type TicketFields = { readonly rights: number; readonly expiresMs: number }

/** The hub's side: makes a ticket. `secret` is 32 bytes that never leave the hub. */
export function createTicket(
  crypto: Hashing,
  secret: Uint8Array,
  log: Uint8Array,
  resumptionKey: Uint8Array,
  fields: TicketFields,
): Uint8Array {
  const ticket = new Uint8Array(ticketBytes)
  ticket[0] = fields.rights
  new DataView(ticket.buffer).setBigUint64(1, BigInt(fields.expiresMs))
  ticket.set(ticketMac(crypto, secret, log, resumptionKey, ticket.subarray(0, 9)), 9)
  return ticket
}

/** The hub's side: the rights that a ticket proves, 0 if it is not ours, is for another log or key, or has expired. */
export function ticketToRights(
  crypto: Hashing,
  secret: Uint8Array,
  log: Uint8Array,
  resumptionKey: Uint8Array,
  ticket: Uint8Array,
  nowMs: number,
): number {
  if (ticket.length !== ticketBytes) return 0
  const mac = ticketMac(crypto, secret, log, resumptionKey, ticket.subarray(0, 9))
  if (!equalBytes(mac, ticket.subarray(9))) return 0
  const fields = ticketToFields(ticket)
  return fields.expiresMs > nowMs ? fields.rights : 0
}

/** What a ticket says of itself; a client cannot check it. */
function ticketToFields(ticket: Uint8Array): TicketFields {
  const view = new DataView(ticket.buffer, ticket.byteOffset, ticket.byteLength)
  return { rights: view.getUint8(0), expiresMs: Number(view.getBigUint64(1)) }
}

function ticketMac(
  crypto: Hashing,
  secret: Uint8Array,
  log: Uint8Array,
  resumptionKey: Uint8Array,
  fields: Uint8Array,
) {
  return crypto.hmacSha256(secret, labelled('kith/1 ticket', log, resumptionKey, fields))
}

/**
 * The client's side: what it keeps between connections to one hub, in memory or sealed in its own database. It is changed in
 * place as tickets come; a fresh one costs one signature a log and right.
 */
export type ResumeState = {
  /** Ed25519 seed made at random for this hub alone: it names nobody. */
  readonly seed: Uint8Array
  /** Tickets by log id in hexadecimal. */
  readonly tickets: Map<string, Uint8Array>
}

export function createResumeState(seed: Uint8Array): ResumeState {
  return { seed, tickets: new Map() }
}

/** The ticket for at least these rights on a log that is still good at `nowMs`; forgets it if it is not. */
export function ticketFor(
  state: ResumeState,
  log: Uint8Array,
  wanted: readonly Right[],
  nowMs: number,
): Uint8Array | undefined {
  const name = toHex(log)
  const ticket = state.tickets.get(name)
  if (ticket === undefined) return undefined
  const fields = ticketToFields(ticket)
  if (fields.expiresMs <= nowMs) {
    state.tickets.delete(name)
    return undefined
  }
  return wanted.every((right) => hasRight(fields.rights, right)) ? ticket : undefined
}

export function rememberTicket(state: ResumeState, log: Uint8Array, ticket: Uint8Array): void {
  state.tickets.set(toHex(log), ticket)
}

export function forgetTicket(state: ResumeState, log: Uint8Array): void {
  state.tickets.delete(toHex(log))
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
