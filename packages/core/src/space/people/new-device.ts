import { compareBytes, equalBytes, ifUsable, KithError, toHex } from '../../bytes/index.ts'
import { type Change, kinds, noBytes, observeTime, sortHeads, timeZero } from '../../change/index.ts'
import { createSigningKey, seedToSigningKey } from '../../crypto/sign/index.ts'
import {
  createChainWriter,
  createKeys,
  createSealingKey,
  decodeWelcome,
  entropyToRecovery,
  entropyToRecoveryLog,
  headsToName,
  openKeys,
  openRecoveryRecord,
  type PersonSecrets,
  phraseToEntropy,
  type RecoveryRecord,
  recoveryLogToPolicy,
  type TagSecret,
} from '../../keys/index.ts'
import {
  createAddress,
  decodeAdmission,
  decodeGenesis,
  encodeAdmission,
  encodeKeys,
  encodeRemoval,
  type Membership,
  type PersonGenesis,
} from '../../membership/index.ts'
import type { Platform } from '../../ports/index.ts'
import type { Identity } from '../identity.ts'
import { createHubsReader, type LogReader } from '../log-reader.ts'
import { type FetchedPerson, fetchPerson } from './fetch-person.ts'

export type DeviceKeys = PersonSecrets['device']

export const createDeviceKeys = ({ crypto }: Platform): DeviceKeys => ({
  signing: createSigningKey(crypto),
  sealing: createSealingKey(crypto),
})

/**
 * What a device needs that was just welcomed: it reads the person's own log.
 *
 * @throws KithError `hub-unreachable`, `bad-encoding`, `device-not-linked` (what was handed over is not what was compared).
 */
export const welcomeToIdentity = async (
  platform: Platform,
  device: DeviceKeys,
  payload: Uint8Array,
  address: Uint8Array,
  urls: readonly string[],
): Promise<{ readonly identity: Identity; readonly hubs: readonly string[] }> => {
  const { crypto } = platform
  const welcome = decodeWelcome(payload)
  const hubs = [...new Set([...urls, ...welcome.hubs])]
  const recipient = { id: device.signing.publicKey, secretKey: device.sealing.secretKey }
  const { person, epoch } = welcome
  const fetched = await atAll(platform, hubs, (reader) => fetchPerson({ platform, reader, person, epoch, recipient }))
  const { membership } = fetched
  const genesis = toGenesis(fetched, welcome.person)
  const addressKey = seedToSigningKey(crypto, welcome.addressSeed)
  const isAdmitted = membership.devices(welcome.person).some((one) => equalBytes(one.device, device.signing.publicKey))
  const isCompared = equalBytes(createAddress(genesis.addressKey, welcome.person), address)
  if (!isAdmitted || !isCompared || !equalBytes(addressKey.publicKey, genesis.addressKey))
    throw new KithError(
      'device-not-linked',
      'What was handed over is not what was compared. Begin again with a fresh code.',
    )
  const open = (body: Parameters<typeof openKeys>[2], tag: Uint8Array) =>
    openKeys(crypto, welcome.person, body, tag, device.signing.publicKey, device.sealing.secretKey)
  const secrets = {
    person: welcome.person,
    admission: welcome.admission,
    address,
    device,
    addressKey,
    tagKeys: openTagKeys(platform, membership, welcome.person, open),
  }
  return { identity: { ...fetched, secrets, recovery: welcome.recovery, apps: [], phrase: undefined }, hubs }
}

export type RecoverOptions = {
  readonly phrase: string
  readonly hubs: readonly string[]
  /** Ends all devices that the person had: they are lost. */
  readonly revokesOthers: boolean
}

/**
 * A person's new device by the phrase alone: hubs say where the person is; a recovery-signed segment admits the device.
 *
 * @throws KithError `bad-phrase`, `hub-unreachable`, `not-found` (no hub knows the phrase).
 */
export const recoverIdentity = async (
  platform: Platform,
  options: RecoverOptions,
  nowMs: number,
): Promise<{ readonly identity: Identity; readonly hubs: readonly string[] }> => {
  const { crypto } = platform
  const entropy = phraseToEntropy(options.phrase)
  const recovery = entropyToRecovery(crypto, entropy)
  const log = entropyToRecoveryLog(crypto, entropy)
  const record = await findRecord(platform, entropy, options.hubs)
  const { person } = record
  const hubs = [...new Set([...options.hubs, ...record.hubs])]
  const recipient = { id: recovery.signing.publicKey, secretKey: recovery.sealing.secretKey }
  const { epoch } = record
  const fetched = await atAll(platform, hubs, (reader) => fetchPerson({ platform, reader, person, epoch, recipient }))
  const { membership, segments } = fetched
  const genesis = toGenesis(fetched, person)
  const addressKey = seedToSigningKey(crypto, record.addressSeed)
  if (!equalBytes(genesis.recovery.signing, recovery.signing.publicKey)) throw notKnown()
  if (!equalBytes(genesis.addressKey, addressKey.publicKey)) throw notKnown()

  const device = createDeviceKeys(platform)
  const open = (body: Parameters<typeof openKeys>[2], tag: Uint8Array) =>
    openKeys(crypto, person, body, tag, undefined, recovery.sealing.secretKey)
  const known = openTagKeys(platform, membership, person, open)
  const named = membership.keysOf(person).flatMap(({ keys }) => keys.map(({ tag }) => tag))
  const tags = [...new Map([...genesis.tags, ...named].map((tag) => [toHex(tag), tag])).values()].sort(compareBytes)
  const others = membership.devices(person)

  const chain = segments
    .flatMap(({ changes }) => changes)
    .filter(({ header }) => equalBytes(header.device, recipient.id))
  const last = chain.sort((left, right) => right.header.seq - left.header.seq)[0]
  const times = segments.flatMap(({ changes }) => changes.map(({ header }) => header.time))
  const newest = times.reduce((latest, time) => observeTime(latest, time, nowMs), last?.header.time ?? timeZero)
  const start = {
    space: person,
    grant: person,
    admission: person,
    seq: last ? last.header.seq + 1 : 0,
    prev: last?.hash ?? noBytes,
    time: newest,
  }
  const writer = createChainWriter(crypto, recovery.signing, start, nowMs)
  const salt = (): Uint8Array => crypto.randomBytes(16)
  const shown = { device: device.signing.publicKey, deviceSealing: device.sealing.publicKey }
  const seen = headsToName(membership, membership.heads())
  const admission = writer.write(kinds.admission, encodeAdmission({ salt: salt(), ...shown, tags }), seen)
  if (options.revokesOthers && others.length > 0) {
    const cut = membership.chainHeads(others.map((one) => one.device))
    const grants = sortHeads(admissionsOf(fetched, person, others))
    writer.write(kinds.removal, encodeRemoval({ salt: salt(), grants, cut, replacement: undefined }))
  }
  membership.add(writer.changes())
  const current = (tag: Uint8Array): TagSecret | undefined => {
    const key = membership.sealingKey(person, tag)
    return known.find(({ sealing }) => key !== undefined && equalBytes(sealing.publicKey, key))
  }
  const renewed = tags.map((tag): TagSecret => {
    const kept = options.revokesOthers ? undefined : current(tag)
    return kept ?? { tag, sealing: createSealingKey(crypto) }
  })
  const listed = renewed.map(({ tag, sealing }) => ({
    tag,
    key: sealing,
    devices: membership.devicesOfTag(person, tag).map((one) => ({ id: one.device, sealing: one.sealing })),
  }))
  writer.write(kinds.keys, encodeKeys(createKeys(crypto, person, listed, genesis.recovery.sealing)))

  const secrets = {
    person,
    admission: admission.hash,
    address: createAddress(genesis.addressKey, person),
    device,
    addressKey,
    tagKeys: [
      ...known,
      ...renewed.filter(({ sealing }) => !known.some((key) => equalBytes(key.sealing.publicKey, sealing.publicKey))),
    ],
  }
  const { writeSeed, readKey } = log
  return {
    identity: {
      ...fetched,
      secrets,
      segments: [...segments, writer.sign()],
      recovery: { writeSeed, readKey },
      apps: [],
      phrase: undefined,
    },
    hubs,
  }
}

/** The newest record that any of the hubs has. */
const findRecord = async (
  platform: Platform,
  entropy: Uint8Array,
  hubs: readonly string[],
): Promise<RecoveryRecord> => {
  const { crypto } = platform
  const log = entropyToRecoveryLog(crypto, entropy)
  const wish = { policy: recoveryLogToPolicy(crypto, log), rights: [{ right: 'read' as const, seed: log.read.seed }] }
  const { entries, problem } = await atAll(platform, hubs, (reader) => reader.read(wish))
  const found = entries.flatMap((entry) => ifUsable(() => openRecoveryRecord(crypto, entropy, entry)) ?? [])
  const [newest] = found.sort((left, right) => right.time - left.time)
  // Perhaps the hub that does not answer is the one that has it.
  if (!newest) throw problem ?? notKnown()
  return newest
}

const atAll = async <Result>(
  platform: Platform,
  urls: readonly string[],
  read: (reader: LogReader) => Promise<Result>,
): Promise<Result> => {
  const reader = createHubsReader(platform, urls)
  try {
    return await read(reader)
  } finally {
    reader.close()
  }
}

const toGenesis = ({ segments }: FetchedPerson, person: Uint8Array): PersonGenesis => {
  const genesis = segments.flatMap(({ changes }) => changes).find(({ hash }) => equalBytes(hash, person))
  const body = genesis?.body && decodeGenesis(genesis.body)
  if (body?.type !== 'person') throw notKnown()
  return body
}

/** Every change that admitted one of these devices. Those that are out already are not named again: a cut without their chains would make all of them void. */
const admissionsOf = (
  { segments }: FetchedPerson,
  person: Uint8Array,
  devices: readonly { readonly device: Uint8Array }[],
): Uint8Array[] => {
  const admits = ({ hash, header, body }: Change): boolean => {
    const admitted = equalBytes(hash, person)
      ? header.device
      : header.kind === kinds.admission && body && ifUsable(() => decodeAdmission(body))?.device
    return admitted instanceof Uint8Array && devices.some(({ device }) => equalBytes(device, admitted))
  }
  return segments.flatMap(({ changes }) => changes.filter(admits).map(({ hash }) => hash))
}

/** Every key of every tag that opens. */
const openTagKeys = (
  { crypto }: Platform,
  membership: Membership,
  person: Uint8Array,
  open: (body: Parameters<typeof openKeys>[2], tag: Uint8Array) => Uint8Array | undefined,
): TagSecret[] => {
  const found = new Map<string, TagSecret>()
  for (const body of membership.keysOf(person)) {
    for (const { tag, sealing } of body.keys) {
      const secretKey = ifUsable(() => open(body, tag))
      if (secretKey && equalBytes(crypto.x25519PublicKey(secretKey), sealing))
        found.set(toHex(sealing), { tag, sealing: { publicKey: sealing, secretKey } })
    }
  }
  return [...found.values()]
}

const notKnown = (): KithError =>
  new KithError('not-found', 'No hub knows this phrase. Check that these are the hubs of the recovery sheet.')
