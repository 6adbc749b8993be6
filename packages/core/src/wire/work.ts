/**
 * Proof of work for a new log (hashcash over SHA-256). The hub keeps nothing for it: a challenge is a MAC over what it is for, so that a
 * solution is good for one log, at that hub, until its time is over, on any connection.
 */
import { labelled } from '../bytes/index.ts'
import { workBitsMax } from '../limits/index.ts'
import type { Hashing } from '../ports/index.ts'

export const workSeedBytes = 32
export const workNonceBytes = 8

/** `seed` is 32 bytes; `bits` leading zero bits are asked for. */
export type WorkChallenge = { readonly bits: number; readonly expiresMs: number; readonly seed: Uint8Array }

export type Work = { readonly bits: number; readonly expiresMs: number; readonly nonce: Uint8Array }

/** The hub's side. `secret` is 32 bytes that never leave the hub. */
export function createChallenge(
  crypto: Hashing,
  secret: Uint8Array,
  log: Uint8Array,
  bits: number,
  expiresMs: number,
): WorkChallenge {
  const fields = new Uint8Array(9)
  fields[0] = bits
  new DataView(fields.buffer).setBigUint64(1, BigInt(expiresMs))
  return { bits, expiresMs, seed: crypto.hmacSha256(secret, labelled('kith/1 work challenge', log, fields)) }
}

/** The hub's side: whether it is the work of a challenge of ours for this log, whose time is not over. Two hashes. */
export function isWorkDone(
  crypto: Hashing,
  secret: Uint8Array,
  log: Uint8Array,
  { bits, expiresMs, nonce }: Work,
  nowMs: number,
): boolean {
  if (bits < 1 || bits > workBitsMax || expiresMs <= nowMs) return false
  return isSolution(crypto, createChallenge(crypto, secret, log, bits, expiresMs), nonce)
}

/** SHA-256(label ‖ seed ‖ nonce) begins with that many zero bits. */
export function isSolution(crypto: Hashing, { seed, bits }: WorkChallenge, nonce: Uint8Array): boolean {
  return leadingZeroBits(crypto.sha256(labelled('kith/1 work', seed, nonce))) >= bits
}

/** The client's side: goes on from `from`, trying `tries` numbers; the number after them if none was right. */
export function searchWork(
  crypto: Hashing,
  { seed, bits }: WorkChallenge,
  from: number,
  tries: number,
): { readonly nonce: Uint8Array } | { readonly next: number } {
  const message = labelled('kith/1 work', seed, new Uint8Array(workNonceBytes))
  const view = new DataView(message.buffer, message.byteOffset + message.length - workNonceBytes)
  for (let number = from; number < from + tries; number += 1) {
    view.setUint32(0, Math.floor(number / 2 ** 32))
    view.setUint32(4, number >>> 0)
    if (leadingZeroBits(crypto.sha256(message)) >= bits) return { nonce: message.slice(-workNonceBytes) }
  }
  return { next: from + tries }
}

function leadingZeroBits(bytes: Uint8Array): number {
  const at = bytes.findIndex((byte) => byte !== 0)
  return at < 0 ? bytes.length * 8 : at * 8 + Math.clz32(bytes[at]!) - 24
}
