import { concatBytes, equalBytes, fromBase64Url, ifUsable, toBase32, toBase64Url } from '../../bytes/index.ts'
import {
  decodeAccess,
  encodeAccess,
  type SpaceAccess,
  sealHomePointer,
  secretOfLevel,
  secretsToLevel,
  type TagSecret,
  tagToHomeLog,
} from '../../keys/index.ts'
import { app, json, table, text } from '../../schema/index.ts'
import { policyToBytes } from '../../wire/index.ts'
import type { Space } from '../api.ts'
import type { Engine } from '../engine.ts'
import { homeApp, isTag } from '../identity.ts'
import type { Replica } from '../replica.ts'
import { keepStanding } from '../standing.ts'
import { createBreath } from './breath.ts'
import type { OwnPerson } from './own-person.ts'

/**
 * A person's home: an ordinary private space, one for each app of theirs, sealed to the app's tag (membership rule 11). It lists the spaces of
 * that app with the keys of their newest epochs, and holds contacts, settings and the profile: what another device of the person needs.
 */
export const home = app(homeApp, {
  version: 1,
  tables: {
    /** `access`: an epoch and its secret, as `encodeAccess` writes them, in base64url. */
    spaces: table({ listed: text(), app: text(), access: text(), hubs: json() }, { key: ['listed'] }),
    /** Contacts, settings, the profile: by kind and name. */
    things: table({ kind: text(), name: text(), value: json() }, { key: ['kind', 'name'] }),
  },
})

export type Home = {
  readonly n: number
  readonly tag: Uint8Array
  readonly app: string
  readonly space: Space<typeof home>
}

/** A row of a home: a space that another device has. */
export type Listed = SpaceAccess & { readonly app: string; readonly hubs: readonly string[] }

export type Thing = { readonly kind: string; readonly name: string; readonly value: unknown }

export type Homes = {
  /** Those that are here. */
  readonly all: () => Home[]
  /** Makes the homes that are missing and brings the lists in them up to date. Resolves when nothing is left to do. */
  readonly keep: () => Promise<void>
  /** What the lists say, of spaces that are here too. */
  readonly listed: () => Promise<Listed[]>
  readonly things: (kind: string) => Promise<Thing[]>
  /** Writes it into every home that does not have it so. */
  readonly put: (thing: Thing) => Promise<void>
  /** Our tags whose home is not here. */
  readonly homeless: () => TagSecret[]
}

export type HomesInput = {
  readonly engine: Engine
  readonly person: OwnPerson
  /** All spaces of the person's apps that are here, homes too. */
  readonly spaces: () => readonly { readonly n: number; readonly app: string }[]
  readonly replicaOf: (n: number) => Replica
  readonly openSpace: (n: number) => Space<typeof home>
  readonly makeHome: (tag: Uint8Array) => Promise<void>
}

/** As the app's table has it. */
type Row = { readonly listed: string; readonly app: string; readonly access: string; readonly hubs: string[] }

/** A change of a list stays well below what one change may hold. */
const rowsAtOnce = 100

export const createHomes = (input: HomesInput): Homes => {
  const { engine, person, spaces, replicaOf, openSpace, makeHome } = input
  const { crypto } = engine.platform
  const own = engine.person.person
  /** What was last found in a list or written to it: it is compared with each epoch that comes. */
  const written = new Map<string, string>()

  const all = (): Home[] =>
    spaces()
      .filter((space) => space.app === homeApp)
      .flatMap(({ n }) => {
        const tag = replicaOf(n).membership.member(own)?.tag
        const named = tag && person.apps().find(isTag(tag))
        return tag && named ? [{ n, tag, app: named.app, space: openSpace(n) }] : []
      })

  const homeless = (): TagSecret[] => {
    const homes = all()
    return person.tags().filter(({ tag }) => !homes.some(isTag(tag)))
  }

  const accessOf = (replica: Replica): SpaceAccess | undefined => {
    const epoch = replica.epochInUse()
    if (!epoch) return undefined
    const level = secretsToLevel(epoch.secrets)
    const secret = secretOfLevel(epoch.secrets, level)
    return secret && { space: replica.entry.id, epoch: epoch.hash, level, secret, policy: epoch.keys.log.policy }
  }

  const toRow = (n: number, { tag, app: appId }: Home): Row | undefined => {
    const replica = replicaOf(n)
    const me = replica.me()
    const access = me && equalBytes(me.tag, tag) ? accessOf(replica) : undefined
    const hubs = engine.hubs().map(({ url }) => url)
    return access && { listed: toBase32(access.space), app: appId, access: toBase64Url(encodeAccess(access)), hubs }
  }

  const listIn = async (one: Home): Promise<void> => {
    const breathe = createBreath(engine.platform.clock)
    const rows: Row[] = []
    for (const { n, app: appId } of spaces()) {
      if (appId !== one.app || appId === homeApp) continue
      await breathe()
      const row = toRow(n, one)
      if (row) rows.push(row)
    }
    const isKnown = (row: Row): boolean => written.get(row.listed) === row.access
    if (rows.every(isKnown)) return
    for (const row of await one.space.query((q) => q.selectFrom('spaces').select(['listed', 'access'])))
      written.set(row.listed, row.access)
    const due = rows.filter((row) => !isKnown(row))
    for (let at = 0; at < due.length; at += rowsAtOnce) {
      const some = due.slice(at, at + rowsAtOnce)
      await one.space.transact((tx) => {
        for (const row of some) tx.spaces.upsert(row)
      })
      for (const row of some) written.set(row.listed, row.access)
    }
  }

  /** Where the home is, for whoever has the key of the tag. */
  const pointTo = ({ n, tag, app: appId }: Home): void => {
    const key = person.tags().find(isTag(tag))
    const access = accessOf(replicaOf(n))
    if (!key || !access) return
    const log = tagToHomeLog(crypto, key.sealing.secretKey)
    const version = crypto.sha256(concatBytes(key.sealing.publicKey, encodeAccess(access)))
    const standing = { name: 'home', version, policy: policyToBytes(log.policy), seed: log.write.seed }
    keepStanding(engine, n, standing, () =>
      sealHomePointer(crypto, log, { ...access, app: appId, time: engine.clock.nowMs() }),
    )
  }

  /** What all homes have in common goes into a new one too. */
  const furnish = async (tag: Uint8Array): Promise<void> => {
    const made = all().find(isTag(tag))
    if (!made) return
    for (const other of all()) {
      if (other === made || other.n === made.n) continue
      const things = await other.space.query((q) => q.selectFrom('things').select(['kind', 'name', 'value']))
      for (const thing of things) await made.space.tables.things.upsert(thing)
    }
  }

  let making: Promise<void> | undefined
  const makeHomes = (): Promise<void> => {
    const make = async (): Promise<void> => {
      if (!person.isLive()) return
      for (const { tag } of homeless()) {
        if (!person.isBringer(tag)) continue
        await makeHome(tag)
        await furnish(tag)
      }
    }
    making ??= make().finally(() => {
      making = undefined
    })
    return making
  }

  return {
    all,
    homeless,
    keep: async () => {
      await makeHomes()
      if (!person.isLive()) return
      for (const one of all()) {
        if (!replicaOf(one.n).me()) continue
        pointTo(one)
        await listIn(one)
      }
    },
    listed: async () => {
      const lists = await Promise.all(all().map(({ space }) => space.query((q) => q.selectFrom('spaces').selectAll())))
      return lists.flat().flatMap(({ app: appId, access, hubs }): Listed[] => {
        const found = tryDecode(access)
        const urls = Array.isArray(hubs) ? hubs.filter((url) => typeof url === 'string') : []
        return found ? [{ ...found, app: appId, hubs: urls }] : []
      })
    },
    things: async (kind) => {
      const lists = await Promise.all(
        all().map(({ space }) => space.query((q) => q.selectFrom('things').selectAll().where('kind', '=', kind))),
      )
      const found = new Map(lists.flat().map(({ name, value }) => [name, { kind, name, value }]))
      return [...found.values()]
    },
    put: async (thing) => {
      const { kind, name, value } = thing
      await makeHomes()
      for (const { n, space } of all()) {
        if (!replicaOf(n).me()) continue
        const [known] = await space.query((q) =>
          q.selectFrom('things').select('value').where('kind', '=', kind).where('name', '=', name),
        )
        if (JSON.stringify(known?.value) !== JSON.stringify(value))
          await space.tables.things.upsert({ kind, name, value })
      }
    },
  }
}

/** Undefined for what another version of this program, or a defect, wrote. */
const tryDecode = (text: string): SpaceAccess | undefined => ifUsable(() => decodeAccess(fromBase64Url(text)))
