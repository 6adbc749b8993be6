import { type CborValue, decodeCbor, encodeCbor, KithError } from '../bytes/index.ts'
import { seedToSigningKey } from '../crypto/sign/index.ts'
import type { Statements } from '../database/index.ts'
import { createPerson, type NewPerson, type PersonSecrets } from '../keys/index.ts'
import type { Crypto } from '../ports/index.ts'
import type { Time } from '../change/index.ts'

/** The person whose database this is; undefined in a new one. */
export const loadIdentity = (crypto: Crypto, statements: Statements): PersonSecrets | undefined => {
  const value = statements("SELECT value FROM meta WHERE name = 'identity'").get()?.value
  return value instanceof Uint8Array ? bytesToIdentity(crypto, value) : undefined
}

/** Makes a person and keeps its secrets. The caller stores the segment, in the same transaction. */
export const createIdentity = (crypto: Crypto, statements: Statements, last: Time, nowMs: number): NewPerson => {
  const person = createPerson(crypto, { last, nowMs })
  statements("INSERT INTO meta (name, value) VALUES ('identity', ?)").run(identityToBytes(person.secrets))
  return person
}

/** The secrets as they lie on this device: CBOR, format 1. */
const identityToBytes = (secrets: PersonSecrets): Uint8Array =>
  encodeCbor([
    1,
    secrets.person,
    secrets.admission,
    secrets.address,
    secrets.device.signing.seed,
    secrets.device.sealing.secretKey,
    secrets.addressKey.seed,
    secrets.recoveryEntropy,
    secrets.tagKeys.map(({ tag, sealing }) => [tag, sealing.secretKey]),
    secrets.epoch.hash,
    secrets.epoch.secrets.admin ?? null,
    secrets.epoch.secrets.write ?? null,
    secrets.epoch.secrets.read,
  ])

const bytesToIdentity = (crypto: Crypto, bytes: Uint8Array): PersonSecrets => {
  const fields = decodeCbor(bytes) as unknown as CborValue[] & Uint8Array[]
  if (!Array.isArray(fields) || (fields[0] as unknown) !== 1) {
    throw new KithError('storage-damaged', 'The keys in this database cannot be read. Restore a copy of it.')
  }
  const [
    ,
    person,
    admission,
    address,
    deviceSeed,
    deviceSecret,
    addressSeed,
    recoveryEntropy,
    tags,
    hash,
    admin,
    write,
    read,
  ] = fields
  const sealing = (secretKey: Uint8Array) => ({ publicKey: crypto.x25519PublicKey(secretKey), secretKey })
  return {
    person: person as Uint8Array,
    admission: admission as Uint8Array,
    address: address as Uint8Array,
    device: {
      signing: seedToSigningKey(crypto, deviceSeed as Uint8Array),
      sealing: sealing(deviceSecret as Uint8Array),
    },
    addressKey: seedToSigningKey(crypto, addressSeed as Uint8Array),
    recoveryEntropy: recoveryEntropy as Uint8Array,
    tagKeys: (tags as unknown as [Uint8Array, Uint8Array][]).map(([tag, secretKey]) => ({
      tag,
      sealing: sealing(secretKey),
    })),
    epoch: {
      hash: hash as Uint8Array,
      secrets: {
        admin: admin ?? undefined,
        write: write ?? undefined,
        read: read as Uint8Array,
      },
    },
  }
}
