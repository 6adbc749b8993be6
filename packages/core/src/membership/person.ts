import { concatBytes, equalBytes, fromBase32, KithError, toBase32 } from '../bytes/index.ts'
import type { RecoveryKeys } from './bodies/index.ts'
import type { Node } from './graph.ts'

/** A person as its carried genesis shows it. */
export type Person = {
  /** The hash of its genesis. */
  readonly id: Uint8Array
  /** Ed25519 address key ‖ first 16 bytes of the id: 48 bytes. */
  readonly address: Uint8Array
  readonly genesis: Node
  readonly recovery: RecoveryKeys
}

export const addressBytes = 48

export function createAddress(addressKey: Uint8Array, person: Uint8Array): Uint8Array {
  return concatBytes(addressKey, person.subarray(0, 16))
}

/** 77 characters of base32hex, lower case. */
export function addressToText(address: Uint8Array): string {
  return toBase32(address)
}

/** Throws 'bad-encoding' for what is not a whole address. */
export function textToAddress(text: string): Uint8Array {
  const address = text.length === 77 ? fromBase32(text) : undefined
  if (address?.length !== addressBytes) throw new KithError('bad-encoding', 'An address is not whole. Copy all of it.')
  return address
}

/** The device that a person's change admits, with its sealing key; undefined for any other change. */
export function nodeToDevice(node: Node): { device: Uint8Array; sealing: Uint8Array } | undefined {
  const { content, change } = node
  if (content.kind === 'genesis' && content.body.type === 'person') {
    return { device: change.header.device, sealing: content.body.deviceSealing }
  }
  if (content.kind === 'admission') return { device: content.body.device, sealing: content.body.deviceSealing }
  return undefined
}

/** The person in whose space a change stands; undefined for changes of the shared space. */
export function nodeToPersonId(node: Node, space: Uint8Array): Uint8Array | undefined {
  const { content, change } = node
  if (content.kind === 'genesis') return content.body.type === 'person' ? change.hash : undefined
  const home = change.header.space
  return equalBytes(home, space) ? undefined : home
}
