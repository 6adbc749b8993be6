import { assert, compareBytes, equalBytes, ifUsable, KithError, toHex } from '../../bytes/index.ts'
import { type Change, compareTimes, kinds, sortHeads } from '../../change/index.ts'
import { createKeys, createSealingKey, openKeys, type TagSecret } from '../../keys/index.ts'
import {
  decodeAdmission,
  decodeGenesis,
  decodeKeys,
  decodeRemoval,
  encodeAdmission,
  encodeKeys,
  encodeRemoval,
  type PersonGenesis,
  toTag,
} from '../../membership/index.ts'
import type { Engine } from '../engine.ts'
import { isTag, keepTagApp, loadTagApps } from '../identity.ts'
import { pastOf } from '../past.ts'
import type { Replica } from '../replica.ts'
import { startEpoch } from '../rotation.ts'

/** A device of the person as the person's own space has it. */
export type OwnDevice = {
  readonly device: Uint8Array
  readonly sealing: Uint8Array
  readonly admission: Uint8Array
  readonly tags: readonly Uint8Array[]
  /** Milliseconds since 1970, by the clock of the device that admitted it. */
  readonly admittedMs: number
}

/** A device, and tags of ours that it is to serve and does not. */
export type TagsMissed = {
  readonly device: { readonly device: Uint8Array; readonly sealing: Uint8Array }
  readonly tags: readonly Uint8Array[]
}

/** The person's own space on this device: which devices there are, and which keys they have (membership rules 9 and 11). */
export type OwnPerson = {
  readonly genesis: () => PersonGenesis
  readonly devices: () => OwnDevice[]
  /** This device has not been revoked. */
  readonly isLive: () => boolean
  /** The key of an app that is current; a new tag where there is none. Within the open transaction. */
  readonly tagFor: (app: string) => TagSecret
  /** Apps that this device serves, with the tag of each. */
  readonly apps: () => readonly { readonly app: string; readonly tag: Uint8Array }[]
  /** This device has brought the tag in. */
  readonly isBringer: (tag: Uint8Array) => boolean
  readonly nameTag: (tag: Uint8Array, app: string) => void
  /** The tags that this device serves, with the current key of each where it is here. */
  readonly tags: () => readonly TagSecret[]
  /** Takes keys out of the changes that are here. True: there are new ones. */
  readonly takeKeys: () => boolean
  /** Admits a device for these tags, and hands it their keys. Returns the admission. */
  readonly admit: (
    device: { readonly device: Uint8Array; readonly sealing: Uint8Array },
    tags: readonly Uint8Array[],
  ) => Change
  /** @throws KithError `unknown-device`, `not-allowed` (it is this one). */
  readonly checkRevocable: (device: Uint8Array) => void
  /** Ends a device here: removal, keys of its tags as far as this device has them, personal epoch, in one transaction. */
  readonly revoke: (device: Uint8Array) => Change
  /** Does what other devices left or could not know of: keys and the epoch after a revocation, apps that a device was not admitted for. */
  readonly repair: () => void
  readonly isRepairDue: () => boolean
  /** Apps that devices for all apps were not admitted for: whoever admitted them, or brought the tag in, did not know of the other. */
  readonly missedTags: () => readonly TagsMissed[]
}

export const createOwnPerson = (engine: Engine, replicaOf: () => Replica): OwnPerson => {
  const { person, statements, platform, personSpace: n } = engine
  const { crypto } = platform
  const own = person.device.signing.publicKey
  const id = person.person

  let known: PersonGenesis | undefined
  const genesis = (): PersonGenesis => {
    if (known) return known
    const found = replicaOf()
      .changes()
      .find(({ hash }) => equalBytes(hash, id))
    const body = found?.body && decodeGenesis(found.body)
    assert(body?.type === 'person', 'the own person has a genesis')
    return (known = body)
  }

  /** All admissions of a device, live or not: each may name tags. */
  const admissionsOf = (device: Uint8Array): { hash: Uint8Array; tags: readonly Uint8Array[]; ms: number }[] =>
    replicaOf()
      .changes()
      .flatMap(({ hash, header, body }) => {
        const ms = header.time.ms
        if (equalBytes(hash, id)) return equalBytes(header.device, device) ? [{ hash, tags: genesis().tags, ms }] : []
        if (header.kind !== kinds.admission || !body) return []
        const admitted = decodeAdmission(body)
        return equalBytes(admitted.device, device) ? [{ hash, tags: admitted.tags, ms }] : []
      })

  const tagsOf = (device: Uint8Array): Uint8Array[] => {
    const { membership } = replicaOf()
    const named = membership.keysOf(id).flatMap(({ keys }) => keys.map(({ tag }) => tag))
    const tags = new Map([...admissionsOf(device).flatMap((one) => one.tags), ...named].map((tag) => [toHex(tag), tag]))
    return [...tags.values()].filter((tag) =>
      membership.devicesOfTag(id, tag).some((serving) => equalBytes(serving.device, device)),
    )
  }

  const devices = (): OwnDevice[] =>
    replicaOf()
      .membership.devices(id)
      .map(({ device, sealing, admission }) => ({
        device,
        sealing,
        admission,
        tags: tagsOf(device),
        admittedMs: Math.min(...admissionsOf(device).map(({ ms }) => ms)),
      }))

  /** The newest key under a tag, if its secret is here. */
  const currentOf = (tag: Uint8Array): TagSecret | undefined => {
    const current = replicaOf().membership.sealingKey(id, tag)
    return person.tagKeys.find(({ sealing }) => current !== undefined && equalBytes(sealing.publicKey, current))
  }

  const tags = (): TagSecret[] => tagsOf(own).flatMap((tag) => currentOf(tag) ?? [])

  /** A `keys` change for these; in the same transaction as what was written before. */
  const writeKeys = (keys: readonly TagSecret[], salt?: Uint8Array): void => {
    if (keys.length === 0) return
    const { membership } = replicaOf()
    const listed = [...keys]
      .sort((left, right) => compareBytes(left.tag, right.tag))
      .map(({ tag, sealing }) => {
        const serving = membership.devicesOfTag(id, tag)
        const all = serving.length > 0 ? serving : [{ device: own, sealing: person.device.sealing.publicKey }]
        return { tag, key: sealing, devices: all.map((one) => ({ id: one.device, sealing: one.sealing })) }
      })
    const body = createKeys(crypto, id, listed, genesis().recovery.sealing, salt)
    replicaOf().writeMembership(kinds.keys, encodeKeys(body), { joinsLast: true })
    for (const key of keys) engine.addTagKey(key)
  }

  const fresh = (tag: Uint8Array): TagSecret => ({ tag, sealing: createSealingKey(crypto) })

  const writeAdmission = (
    device: { readonly device: Uint8Array; readonly sealing: Uint8Array },
    named: readonly Uint8Array[],
    isFirst = false,
  ): Change => {
    const body = { salt: crypto.randomBytes(16), device: device.device, deviceSealing: device.sealing }
    const sorted = named.toSorted(compareBytes)
    return replicaOf().writeMembership(kinds.admission, encodeAdmission({ ...body, tags: sorted }), {
      joinsLast: !isFirst,
    })
  }

  const tagFor = (app: string): TagSecret => {
    const named = loadTagApps(statements, n).find((one) => one.app === app)
    const current = named && currentOf(named.tag)
    if (current) return current
    const salt = crypto.randomBytes(16)
    const made = fresh(toTag(crypto, own, salt))
    keepTagApp(statements, n, made.tag, app)
    // Ours to bring in; then devices that serve everything are admitted for it, and given the key.
    writeKeys([made], salt)
    const others = devicesOfHome().filter(({ device }) => !equalBytes(device, own))
    for (const other of others) writeAdmission(other, [made.tag])
    if (others.length > 0) writeKeys([made])
    return made
  }

  /** Devices for all apps: those of the first tag, which the genesis names. */
  const devicesOfHome = () => {
    const [home] = genesis().tags
    return home ? replicaOf().membership.devicesOfTag(id, home) : []
  }

  const takeKeys = (): boolean => {
    const before = person.tagKeys.length
    for (const body of replicaOf().membership.keysOf(id)) {
      for (const { tag, sealing } of body.keys) {
        if (person.tagKeys.some((key) => equalBytes(key.sealing.publicKey, sealing))) continue
        // A box that does not open is no key of ours; its maker has harmed nobody but this device.
        const secretKey = ifUsable(() => openKeys(crypto, id, body, tag, own, person.device.sealing.secretKey))
        if (!secretKey || !equalBytes(crypto.x25519PublicKey(secretKey), sealing)) continue
        engine.addTagKey({ tag, sealing: { publicKey: sealing, secretKey } })
      }
    }
    return person.tagKeys.length > before
  }

  /** Devices that were given the newest key of a tag. */
  const givenTo = (tag: Uint8Array): Set<string> => {
    const { membership } = replicaOf()
    const current = membership.sealingKey(id, tag)
    const sealed = membership
      .keysOf(id)
      .flatMap(({ keys }) =>
        keys.filter((key) => isTag(tag)(key) && current !== undefined && equalBytes(key.sealing, current)),
      )
    return new Set(sealed.flatMap(({ boxes }) => boxes.map(({ device }) => toHex(device))))
  }

  /** Tags of ours whose newest key a device has that is out. */
  const staleTags = (): Uint8Array[] => {
    const live = new Set(
      replicaOf()
        .membership.devices(id)
        .map(({ device }) => toHex(device)),
    )
    return tagsOf(own).filter((tag) => [...givenTo(tag)].some((device) => !live.has(device)))
  }

  /** Keys that are ours to hand on: a device serves the tag that whoever made the key did not know of, as when two recover at once. */
  const missedKeys = (): TagSecret[] =>
    tags().filter(({ tag }) => {
      const given = givenTo(tag)
      return replicaOf()
        .membership.devicesOfTag(id, tag)
        .some(({ device }) => !given.has(toHex(device)))
    })

  /**
   * Devices that are in by an admission alone whose author did not know yet that they were revoked (an app was new, or missed): with the cuts of those
   * revocations. One that was let in again knowingly is none.
   */
  const lateAdmitted = (): { admission: Uint8Array; cuts: readonly Uint8Array[] }[] => {
    const { membership } = replicaOf()
    const changes = replicaOf().changes()
    const revocations = changes.flatMap(({ hash, header, body }) => {
      const isOurs = header.kind === kinds.removal && equalBytes(header.space, id)
      const { grants, cut } = isOurs && body ? decodeRemoval(body) : { grants: [], cut: [] }
      return grants.length > 0 && membership.verdictOf(hash) === 'applied' ? [{ hash, grants, cut }] : []
    })
    if (revocations.length === 0) return []
    const byHash = new Map(changes.map((change) => [toHex(change.hash), change]))
    return membership.devices(id).flatMap(({ device, admission }) => {
      if (equalBytes(device, own)) return []
      const admissions = new Set(admissionsOf(device).map(({ hash }) => toHex(hash)))
      const ended = revocations.filter(({ grants }) => grants.some((grant) => admissions.has(toHex(grant))))
      if (ended.length === 0) return []
      const known = pastOf(admission, byHash)
      const isKnowing = ended.some(({ hash }) => known.has(toHex(hash)))
      return isKnowing ? [] : [{ admission, cuts: ended.flatMap(({ cut }) => cut) }]
    })
  }

  /** Ends those too, beyond the same cuts. */
  const endLateAdmitted = (): void => {
    for (const { admission, cuts } of lateAdmitted()) {
      const body = { salt: crypto.randomBytes(16), grants: [admission], cut: sortHeads(cuts), replacement: undefined }
      replicaOf().writeMembership(kinds.removal, encodeRemoval(body), { joinsLast: true })
    }
  }

  const missedTags = (): TagsMissed[] => {
    const { membership } = replicaOf()
    const serving = tags().map(({ tag }) => ({
      tag,
      devices: new Set(membership.devicesOfTag(id, tag).map(({ device }) => toHex(device))),
    }))
    return devicesOfHome().flatMap((device): TagsMissed[] => {
      const missed = serving.filter(({ devices }) => !devices.has(toHex(device.device))).map(({ tag }) => tag)
      return missed.length > 0 ? [{ device, tags: missed }] : []
    })
  }

  const isLive = (): boolean => replicaOf().me() !== undefined

  const repair = (): void => {
    if (!isLive()) return
    endLateAdmitted()
    for (const { device, tags: missed } of missedTags()) writeAdmission(device, missed)
    writeKeys(staleTags().map(fresh))
    writeKeys(missedKeys())
    if (replicaOf().membership.isRotationOwed()) startEpoch(engine, replicaOf(), { joinsLast: true })
  }

  return {
    genesis,
    devices,
    isLive,
    tagFor: (app) => engine.whole(() => tagFor(app)),
    apps: () => loadTagApps(statements, n).filter(({ tag }) => currentOf(tag) !== undefined),
    isBringer: (tag) => {
      const naming = replicaOf()
        .changes()
        .filter(({ header, body }) => header.kind === kinds.keys && body && decodeKeys(body).keys.some(isTag(tag)))
      const [first] = naming.sort((left, right) => compareTimes(left.header.time, right.header.time))
      return first !== undefined && equalBytes(first.header.device, own)
    },
    nameTag: (tag, app) => {
      engine.unit.enter()
      keepTagApp(statements, n, tag, app)
    },
    tags,
    takeKeys,
    admit: (device, named) =>
      engine.whole(() => {
        engine.unit.commit()
        const admission = writeAdmission(device, named, true)
        // The same keys, for one device more: what is sealed to them stays as good as it was.
        writeKeys(named.flatMap((tag) => currentOf(tag) ?? []))
        return admission
      }),
    checkRevocable: (device) => {
      if (equalBytes(device, own))
        throw new KithError(
          'not-allowed',
          'A device cannot revoke itself. Do it on another device, or by the recovery phrase.',
        )
      if (
        !replicaOf()
          .membership.devices(id)
          .some((one) => equalBytes(one.device, device))
      )
        throw new KithError('unknown-device', 'No device of yours has that id. See devices().')
    },
    revoke: (device) =>
      engine.whole(() => {
        const { membership, writeMembership } = replicaOf()
        const grants = sortHeads(admissionsOf(device).map(({ hash }) => hash))
        const cut = membership.chainHeads([device])
        const body = { salt: crypto.randomBytes(16), grants, cut, replacement: undefined }
        const removal = writeMembership(kinds.removal, encodeRemoval(body), { joinsLast: true })
        repair()
        return removal
      }),
    repair: () => engine.whole(repair),
    isRepairDue: () =>
      isLive() &&
      (replicaOf().membership.isRotationOwed() ||
        staleTags().length > 0 ||
        missedKeys().length > 0 ||
        missedTags().length > 0 ||
        lateAdmitted().length > 0),
    missedTags,
  }
}
