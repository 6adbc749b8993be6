/**
 * A 32-byte secret for each of many recipients, 48 bytes each, with one ephemeral key for all: how an epoch's secrets
 * reach its members. Anonymous: it proves nothing about the sender, whoever needs that signs what holds the boxes.
 */
import { assert, concatBytes, KithError, labelled } from '../../bytes/index.ts'
import type { Crypto } from '../../ports/index.ts'
import { checkX25519PublicKey, keyBytes } from '../verify/index.ts'

const boxSecretBytes = 32
/** The secret and the 16-byte tag of Poly1305. */
export const boxBytes = boxSecretBytes + 16

export type Boxes = {
  /** X25519 public key, 32 bytes, used for these boxes only. */
  readonly ephemeral: Uint8Array
  /** In the order of the recipients; 48 bytes each. */
  readonly boxes: readonly Uint8Array[]
}

/**
 * Seals to each recipient (an X25519 public key) its secret. `context` says what for (a space and a record's hash, say) and
 * must be given again to open: a box cannot be moved elsewhere. Throws 'bad-key' for an unusable public key.
 * A box commits to no key: whoever must know that two recipients got the same secret publishes a hash of it.
 */
export function sealBoxes(
  crypto: Crypto,
  context: Uint8Array,
  recipients: readonly { readonly publicKey: Uint8Array; readonly secret: Uint8Array }[],
): Boxes {
  const ephemeralSecret = crypto.randomBytes(keyBytes)
  const ephemeral = crypto.x25519PublicKey(ephemeralSecret)
  const boxes = recipients.map(({ publicKey, secret }, index) => {
    assert(secret.length === boxSecretBytes, 'a boxed secret has 32 bytes')
    const shared = crypto.x25519(ephemeralSecret, checkX25519PublicKey(publicKey))
    const { key, nonce } = deriveBoxKey(crypto, shared, ephemeral, publicKey, index, context)
    return crypto.aeadSeal(key, nonce, secret, ephemeral)
  })
  return { ephemeral, boxes }
}

/** The secret in the box at `index`; throws 'cannot-open' when it is not for this key, place or context. */
export function openBox(
  crypto: Crypto,
  context: Uint8Array,
  sealed: { readonly ephemeral: Uint8Array; readonly box: Uint8Array; readonly index: number },
  secretKey: Uint8Array,
): Uint8Array {
  const { ephemeral, box, index } = sealed
  if (box.length !== boxBytes) throw new KithError('bad-encoding', 'A sealed box has a wrong length.')
  const shared = crypto.x25519(secretKey, checkX25519PublicKey(ephemeral))
  const publicKey = crypto.x25519PublicKey(secretKey)
  const { key, nonce } = deriveBoxKey(crypto, shared, ephemeral, publicKey, index, context)
  const secret = crypto.aeadOpen(key, nonce, box, ephemeral)
  if (secret === undefined) throw new KithError('cannot-open', 'A sealed box is not for this key.')
  return secret
}

/** Both public keys go in, so that a box opens for nobody whose key merely gives the same shared secret (RFC 7748 §6.1). */
function deriveBoxKey(
  crypto: Crypto,
  shared: Uint8Array,
  ephemeral: Uint8Array,
  publicKey: Uint8Array,
  index: number,
  context: Uint8Array,
): { key: Uint8Array; nonce: Uint8Array } {
  const place = new Uint8Array(4)
  new DataView(place.buffer).setUint32(0, index)
  const salt = concatBytes(ephemeral, publicKey)
  const derived = crypto.hkdfSha256(shared, salt, labelled('kith/1 box', place, context), 32 + 24)
  return { key: derived.subarray(0, 32), nonce: derived.subarray(32) }
}
