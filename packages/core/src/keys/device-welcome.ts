/** What the old device hands to the new one once a person has confirmed on both: how to be a device of this person. */
import { decodeCbor, encodeCbor, isList, KithError } from '../bytes/index.ts'
import { linkHubsMax, linkUrlCharsMax } from '../limits/index.ts'
import { type Level, levelNumbers, numberToLevel } from '../membership/index.ts'
import type { RecoveryLog } from './recovery.ts'

export type Welcome = {
  readonly person: Uint8Array
  /** Hash of the change that admits the new device. */
  readonly admission: Uint8Array
  readonly addressSeed: Uint8Array
  /** An epoch of the person's own log: the rest is there. */
  readonly epoch: { readonly hash: Uint8Array; readonly level: Level; readonly secret: Uint8Array }
  readonly recovery: RecoveryLog
  readonly hubs: readonly string[]
}

/** CBOR [1, person, admission, address seed, epoch's hash, level, secret, [recovery log's write seed, read key], [URL…]]. */
export function encodeWelcome(welcome: Welcome): Uint8Array {
  const { person, admission, addressSeed, epoch, recovery, hubs } = welcome
  const fields = [1, person, admission, addressSeed, epoch.hash, levelNumbers[epoch.level], epoch.secret]
  return encodeCbor([...fields, [recovery.writeSeed, recovery.readKey], hubs.slice(0, linkHubsMax)])
}

/** @throws KithError `bad-encoding`. */
export function decodeWelcome(bytes: Uint8Array): Welcome {
  const value = decodeCbor(bytes)
  if (!isList(value) || value.length !== 9 || value[0] !== 1) throw badWelcome()
  const [, person, admission, addressSeed, hash, number, secret, recovery, hubs] = value
  const level = numberToLevel(number)
  if (!isKey(person) || !isKey(admission) || !isKey(addressSeed) || !isKey(hash) || !isKey(secret)) throw badWelcome()
  if (level === undefined || !isList(recovery) || recovery.length !== 2) throw badWelcome()
  const [writeSeed, readKey] = recovery
  if (!isKey(writeSeed) || !isKey(readKey) || !isList(hubs) || hubs.length > linkHubsMax) throw badWelcome()
  const urls = hubs.map((url) => {
    if (typeof url !== 'string' || url.length > linkUrlCharsMax) throw badWelcome()
    return url
  })
  return {
    person,
    admission,
    addressSeed,
    epoch: { hash, level, secret },
    recovery: { writeSeed, readKey },
    hubs: urls,
  }
}

function isKey(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === 32
}

function badWelcome(): KithError {
  return new KithError('bad-encoding', 'What the other device handed over is malformed. Begin again with a fresh code.')
}
