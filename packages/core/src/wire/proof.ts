/** What is signed to prove possession of a policy's key, or of the key that tickets are bound to. */
import { labelled } from '../bytes/index.ts'
import { type Right, rights } from './policy.ts'

/** Which hub and which connection to it: both are in every signature, so that no proof is worth anything elsewhere. */
export type ConnectionIdentity = {
  /** X25519 static public key of the hub, 32 bytes. */
  readonly hubKey: Uint8Array
  /** The hub's 32 random bytes for this connection; in a wrapped connection, the channel's hash instead. */
  readonly nonce: Uint8Array
}

/** The message of a proof: signed by the policy's key for that right. */
export function proofBytes(connection: ConnectionIdentity, log: Uint8Array, right: Right): Uint8Array {
  return labelled('kith/1 proof', connection.hubKey, connection.nonce, log, Uint8Array.of(rights.indexOf(right)))
}

/** The message that proves the resumption key: one such signature opens every log that the connection holds a ticket for. */
export function resumeBytes(connection: ConnectionIdentity, resumptionKey: Uint8Array): Uint8Array {
  return labelled('kith/1 resume', connection.hubKey, connection.nonce, resumptionKey)
}
