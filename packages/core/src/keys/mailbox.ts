/** The keys of our own mailboxes and knock box: all from one secret, so that another device needs only that. */
import { deriveKey } from '../crypto/seal/index.ts'
import { type SigningKey, seedToSigningKey } from '../crypto/sign/index.ts'
import type { Crypto, Signing } from '../ports/index.ts'
import type { Policy } from '../wire/index.ts'
import type { SealingKey } from './person.ts'

/** What a contact needs to write into our mailbox for it, 64 bytes, told to it alone. */
export type MailboxOffer = {
  /** Ed25519 seed of the log's write key. What is sealed for the mailbox needs it too, so that no hub can write there. */
  readonly writeSeed: Uint8Array
  /** Public key of the right to read (and trim), which stays with the owner. */
  readonly readKey: Uint8Array
}

/** A box of ours: its log, and what opens it. */
export type OwnBox = { readonly policy: Policy; readonly read: SigningKey; readonly shared: Uint8Array | undefined }

/** The key that letters to us are sealed to. */
export function rootToSealing(crypto: Crypto, root: Uint8Array): SealingKey {
  const secretKey = deriveKey(crypto, root, 32, 'kith/1 contact sealing')
  return { publicKey: crypto.x25519PublicKey(secretKey), secretKey }
}

/** Our mailbox for one contact. */
export function rootToOffer(crypto: Crypto, root: Uint8Array, contact: Uint8Array): MailboxOffer {
  return {
    writeSeed: deriveKey(crypto, root, 32, 'kith/1 mailbox write', contact),
    readKey: mailboxRead(crypto, root, contact).publicKey,
  }
}

export function rootToMailbox(crypto: Crypto, root: Uint8Array, contact: Uint8Array): OwnBox {
  const offer = rootToOffer(crypto, root, contact)
  return {
    policy: offerToPolicy(crypto, offer),
    read: mailboxRead(crypto, root, contact),
    shared: offerToShared(crypto, offer),
  }
}

/** Our knock box, into which anybody may write. */
export function rootToKnock(crypto: Crypto, root: Uint8Array): OwnBox {
  const read = seedToSigningKey(crypto, deriveKey(crypto, root, 32, 'kith/1 knock read'))
  return { policy: knockPolicy(read.publicKey), read, shared: undefined }
}

export function knockPolicy(readKey: Uint8Array): Policy {
  return { write: 'open', read: readKey, admin: readKey, kind: 'knock' }
}

export function offerToPolicy(crypto: Signing, { writeSeed, readKey }: MailboxOffer): Policy {
  return { write: crypto.ed25519PublicKey(writeSeed), read: readKey, admin: readKey, kind: 'mailbox' }
}

/** The second secret of what is sealed for a mailbox: only whoever was offered it can have sealed it. */
export function offerToShared(crypto: Crypto, { writeSeed }: Pick<MailboxOffer, 'writeSeed'>): Uint8Array {
  return deriveKey(crypto, writeSeed, 32, 'kith/1 mailbox shared')
}

function mailboxRead(crypto: Crypto, root: Uint8Array, contact: Uint8Array): SigningKey {
  return seedToSigningKey(crypto, deriveKey(crypto, root, 32, 'kith/1 mailbox read', contact))
}
