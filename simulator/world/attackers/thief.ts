import { equalBytes, fromBase32, KithError, toHex } from '@kith/core/bytes'
import {
  type Change,
  createChange,
  encodeSegment,
  entryKinds,
  type Header,
  kindToChain,
  noBytes,
  noDeps,
  packSegments,
  sealEntry,
  signSegment,
} from '@kith/core/change'
import type { SigningKey } from '@kith/core/crypto/sign'
import { type EpochKeys, secretToKeys, signClaim, keysToPolicy } from '@kith/core/keys'
import { depsHeadsMax, idsPerItemMax } from '@kith/core/limits'
import { createMembership, decodeEpoch, type Level, type Membership } from '@kith/core/membership'
import type { Platform } from '@kith/core/ports'
import { connectHub, type HubConnection } from '@kith/core/sync'
import { policyToLogId } from '@kith/core/wire'
import { createDice, createDisk, createSimulatedPlatform, type Dice } from '@kith/testing/simulation'
import { startMs } from '../clock.ts'
import type { SimDevice } from '../device.ts'
import { storyEntriesMax } from '../hub.ts'
import { findChanges, findDeviceKey } from '../loot.ts'
import type { World } from '../world.ts'

/** Whoever copied a member's disk: he has its keys, and what it knew then, and writes what no program of ours would. */
export type Thief = {
  readonly dice: Dice
  readonly platform: Platform
  readonly space: Uint8Array
  /** All of the space that the disk had. */
  readonly known: readonly Change[]
  readonly membership: Membership
  readonly me: { readonly person: Uint8Array; readonly grant: Uint8Array; readonly admission: Uint8Array }
  readonly epochs: readonly StolenEpoch[]
  /** A change by the stolen key, wherever on its chains it is to stand; what is not said is as it was on the disk. */
  readonly change: (kind: number, body: Uint8Array, header?: Partial<Header>) => Change
  /** Puts runs of changes, each as one segment, on the log of an epoch at all hubs. */
  readonly put: (epoch: StolenEpoch, runs: readonly (readonly Change[])[]) => void
  /** Puts noise on its log at all hubs, until there is no room for anything else. */
  readonly fill: (epoch: StolenEpoch) => void
  /** Says, signed by the stolen key, that packs hold all that lies on its log at each hub, and has the hubs drop it. */
  readonly claim: (epoch: StolenEpoch) => void
  /** Asks hubs to drop whatever lies on its logs, as the admin key allows. */
  readonly trim: (epoch: StolenEpoch) => void
}

const noiseBytes = 64

export type StolenEpoch = { readonly hash: Uint8Array; readonly level: Level; readonly keys: EpochKeys }

/** Undefined where there is nothing to steal: no such space, or no right in it. */
export const rob = (world: World, device: SimDevice): Thief | undefined => {
  const key = findDeviceKey(device.disk)
  if (!key || world.spaceId === undefined) return undefined
  const name = `thief of ${device.name} ${world.step}`
  const { timeline, wires, seed } = world
  const platform = createSimulatedPlatform({
    device: name,
    timeline,
    wires,
    disk: createDisk(),
    seed: `${seed}/${name}`,
    now: () => startMs + timeline.now(),
    isAlive: () => true,
  })
  const space = fromBase32(world.spaceId)
  // Of other spaces only what says whose devices there are.
  const known = findChanges(device.disk)
    .map(({ change }) => change)
    .filter(({ header }) => kindToChain(header.kind) === 'membership' || equalBytes(header.space, space))
  const membership = createMembership({ crypto: platform.crypto, space })
  membership.add(known.filter(({ header }) => kindToChain(header.kind) === 'membership'))
  const mine = membership.members().find(({ devices }) => devices.some((one) => equalBytes(one.device, key.publicKey)))
  const admission = mine?.devices.find((one) => equalBytes(one.device, key.publicKey))?.admission
  const epochs = findEpochs(platform, device, known)
  if (!mine || !admission || epochs.length === 0) return undefined
  const me = { person: mine.person, grant: mine.grant, admission }
  const dice = createDice(`${seed}/${name}`)
  const write = createWriter(platform, { space, key, me, known, membership })
  const change: Thief['change'] = (...what) => {
    const made = write(...what)
    world.forged.add(toHex(made.hash))
    return made
  }

  const visit = (
    epoch: StolenEpoch,
    right: 'write' | 'admin',
    act: (
      connection: HubConnection,
      at: { readonly hubKey: Uint8Array; readonly generation: Uint8Array },
    ) => Promise<unknown>,
  ) => {
    const seedOf = epoch.keys.log[right]?.seed
    if (!seedOf) return
    const { policy } = epoch.keys.log
    const readSeed = epoch.keys.log.read?.seed as Uint8Array
    const rights = [
      { right, seed: seedOf },
      { right: 'read' as const, seed: readSeed },
    ]
    for (const { url } of world.hubs) {
      const { network, clock, crypto } = platform
      const opened = ({ hubKey }: { readonly hubKey: Uint8Array }): void => {
        connection
          .open([{ policy, rights }])
          .then(([log]) =>
            log && !(log instanceof KithError) ? act(connection, { hubKey, generation: log.generation }) : undefined,
          )
          .catch(() => {})
          .finally(connection.close)
      }
      const events = { opened, entries: () => {}, signal: () => {}, closed: () => {} }
      const connection = connectHub({ url, network, clock, crypto, events })
    }
  }

  return {
    dice,
    platform,
    space,
    known,
    membership,
    me,
    epochs,
    change,
    put: (epoch, runs) => {
      const { crypto, compression } = platform
      const entries = runs.map((changes) => {
        const bytes = encodeSegment(signSegment(changes, (message) => crypto.ed25519Sign(message, key.seed)))
        const isContent = kindToChain((changes[0] as Change).header.kind) === 'content'
        const baseKey = isContent ? epoch.keys.content : epoch.keys.membership
        const payload = packSegments([compression.deflate(bytes)])
        const sealed = sealEntry(
          crypto,
          { baseKey, associated: epoch.hash },
          entryKinds.segments,
          payload,
          bytes.length,
        )
        return { lane: isContent ? (2 as const) : (0 as const), bytes: sealed.bytes }
      })
      const log = policyToLogId(epoch.keys.log.policy, crypto)
      visit(epoch, 'write', async (connection) => {
        for (const { lane, bytes } of entries) await connection.put(log, lane, [bytes])
        world.count('a hub took what was forged')
      })
    },
    fill: (epoch) => {
      const log = policyToLogId(epoch.keys.log.policy, platform.crypto)
      visit(epoch, 'write', async (connection) => {
        // To the last place: by the thousand, then one by one.
        for (let piece = storyEntriesMax / 2; piece >= 1; ) {
          const noise = Array.from({ length: piece }, () => platform.crypto.randomBytes(noiseBytes))
          const isTaken = await connection.put(log, dice.pick([0, 2] as const), noise).then(
            () => true,
            (cause: unknown) => {
              if (cause instanceof KithError && cause.details['why'] === 'quota-full') return false
              throw cause
            },
          )
          if (!isTaken) piece = Math.floor(piece / 4)
        }
        world.count('a log was filled')
      })
    },
    claim: (epoch) => {
      const { crypto } = platform
      const log = policyToLogId(epoch.keys.log.policy, crypto)
      const covers = world.hubs.flatMap((hub) => hub.entries()).map((bytes) => crypto.sha256(bytes))
      visit(epoch, 'write', async (connection, { hubKey, generation }) => {
        const numbers = { low: 1, high: dice.pick([20, 100, 2 ** 40]) }
        const claim = signClaim(crypto, key, { place: { log, hubKey, generation }, numbers })
        const entry = sealEntry(
          crypto,
          { baseKey: epoch.keys.content, associated: epoch.hash },
          entryKinds.claim,
          claim,
        )
        await connection.put(log, 1, [entry.bytes], { covers: covers.slice(0, idsPerItemMax) })
        world.count('a hub took what was said of packs')
      })
    },
    trim: (epoch) => {
      const log = policyToLogId(epoch.keys.log.policy, platform.crypto)
      const entries = world.hubs.flatMap((hub) => hub.entries())
      const ids = entries.slice(0, 64).map((bytes) => platform.crypto.sha256(bytes))
      visit(epoch, 'admin', (connection) => connection.trim(log, ids))
    },
  }
}

const findEpochs = ({ crypto }: Platform, device: SimDevice, known: readonly Change[]): StolenEpoch[] => {
  const levels: readonly Level[] = ['read', 'write', 'admin']
  const rows = device.disk.read("SELECT id, value FROM secret WHERE name = 'epoch'") as {
    id: Uint8Array
    value: Uint8Array
  }[]
  return rows.flatMap(({ id, value }) => {
    const record = known.find(({ hash }) => equalBytes(hash, id))
    if (!record?.body) return []
    const level = levels[value[0] as number] ?? 'read'
    const { policy } = decodeEpoch(record.body)
    return [{ hash: id, level, keys: secretToKeys(crypto, level, value.slice(1), keysToPolicy(policy)) }]
  })
}

type Writer = Pick<Thief, 'space' | 'me' | 'known' | 'membership'> & { readonly key: SigningKey }

const createWriter = ({ crypto, clock }: Platform, { space, key, me, known, membership }: Writer): Thief['change'] => {
  const lastOf = (chain: string): Change | undefined =>
    known
      .filter(({ header, hash }) => {
        const isHere = equalBytes(header.space, space) || equalBytes(hash, space)
        return isHere && kindToChain(header.kind) === chain && equalBytes(header.device, key.publicKey)
      })
      .sort((left, right) => right.header.seq - left.header.seq)[0]
  const schema = membership.newestSchemas()[0]?.hash ?? noBytes
  // A crowd of attackers leaves more than one change can name.
  const heads = membership.heads().slice(0, depsHeadsMax)
  return (kind, body, header = {}) => {
    const chain = kindToChain(kind)
    const last = lastOf(chain)
    return createChange(
      crypto,
      {
        kind,
        space,
        device: key.publicKey,
        seq: last ? last.header.seq + 1 : 0,
        prev: last?.hash ?? noBytes,
        deps: { ...noDeps, membership: heads },
        grant: me.grant,
        admission: me.admission,
        epoch: chain === 'content' ? (membership.epochInUse()?.hash ?? noBytes) : noBytes,
        schema: chain === 'content' ? schema : noBytes,
        time: { ms: clock.now(), counter: 0 },
        ...header,
      },
      body,
    )
  }
}
