import { equalBytes, KithError } from '../bytes/index.ts'
import { kinds } from '../change/index.ts'
import { encodeSchema, isRankAtLeast } from '../membership/index.ts'
import { type App, checkSuccessor, schemaRecordToBytes, schemaStep } from '../schema/index.ts'
import type { Kith, Space } from './api.ts'
import type { Engine } from './engine.ts'
import { enterSpace, type Fetched, fetchInvited, readLink } from './join.ts'
import { sayProfile } from './names.ts'
import type { Network } from './network.ts'
import { carryPerson } from './new-space.ts'
import { enterPublic, fetchPublic, isReadable, readPublicLink } from './open-public.ts'
import type { People } from './people/index.ts'
import type { Replica } from './replica.ts'
import { checkName, toSpaceId } from './space.ts'
import { type ChosenRecovery, chooseRecovery } from './space-recovery.ts'

/** The ways into a space: making it, by a link, by its id. */
export type Entering = Pick<Kith, 'createSpace' | 'join' | 'openPublic' | 'open'>

/** Makes a space of ours with a title, by default with the creator's recovery keys. Within the open transaction. */
export type MakeSpace = (app: App, title: string, tag: Uint8Array, recovery?: ChosenRecovery) => number

export type EnteringInput = {
  readonly engine: Engine
  readonly network: Network
  readonly people: People
  readonly replicaOf: (n: number) => Replica
  readonly apiOf: <A extends App>(app: A, n: number) => Space<A>
  readonly makeSpace: MakeSpace
  /** @throws KithError `closed`. */
  readonly assertOpen: () => void
}

export const createEntering = (input: EnteringInput): Entering => {
  const { engine, network, people, replicaOf, apiOf, makeSpace, assertOpen } = input
  const { unit } = engine

  /** Opens a space for this version of the app: its schema is published if it is newer and may be. */
  const open = <A extends App>(app: A, n: number): Space<A> => {
    const replica = replicaOf(n)
    const { record: published } = replica.record().compiled
    if (app.version !== published.version) {
      // Also where it is not published (by a reader, or what only an admin may): what is new in it is empty until then. And an older
      // version's columns may have been dropped before this device came.
      unit.enter()
      engine.prepareTables(app.record)
    }
    if (app.version > published.version) {
      checkSuccessor(published, app.record)
      if (mayPublish(replica, app)) {
        const salt = engine.platform.crypto.randomBytes(16)
        replica.writeMembership(kinds.schema, encodeSchema({ salt, record: app.recordBytes }))
      }
    } else if (app.version === published.version && !equalBytes(schemaRecordToBytes(published), app.recordBytes)) {
      throw new KithError(
        'schema-mismatch',
        `The space has another schema of version ${app.version}. Raise the version when the schema changes.`,
      )
    }
    unit.commit()
    return apiOf(app, n)
  }

  /**
   * Takes in what was fetched of a space: all of it or nothing, in one turn, so that nobody else's writes are undone with it. Then the space syncs,
   * with the link's hubs too.
   */
  const takeIn = async <A extends App>(
    app: A,
    link: { readonly space: Uint8Array; readonly hubs: readonly { readonly url: string }[] },
    fetched: Fetched,
    enter: (replica: Replica, hub: number) => void,
  ): Promise<Space<A>> => {
    assertOpen()
    for (const { url } of link.hubs) engine.addHub(url)
    unit.commit()
    const n = engine.whole(() => {
      unit.enter()
      const space = engine.store().registry.addSpace(link.space, app.id, 'space')
      enter(replicaOf(space.n), engine.addHub(fetched.url).n)
      return space.n
    })
    await unit.durable()
    for (const hub of engine.hubs()) network.addHub(hub)
    network.wake([n])
    return open(app, n)
  }

  const known = (id: Uint8Array) => {
    const entry = engine.store().registry.space(id)
    return entry?.kind === 'space' ? entry : undefined
  }

  return {
    createSpace: async (app, { name: title, recovery }) => {
      assertOpen()
      checkName(title)
      const chosen = await chooseRecovery(engine.platform.crypto, recovery)
      assertOpen()
      const n = engine.whole(() => makeSpace(app, title, people.tagFor(app.id).tag, chosen))
      await unit.durable()
      network.wake([n])
      return apiOf(app, n)
    },
    join: async (app, text) => {
      assertOpen()
      const link = readLink(engine, app, text)
      const here = known(link.space)
      if (here && replicaOf(here.n).me()) return open(app, here.n)
      const fetched = await fetchInvited(engine, link)
      return takeIn(app, link, fetched, (replica, hub) => {
        enterSpace(engine, app, link, fetched, replica, hub, people.tagFor(app.id))
        carryPerson(engine, replica.entry.n)
        const profile = people.profileNow()
        // Where new keys are owed, as when the link before was used up just now, it is said as soon as there are some.
        if (profile) sayProfile(engine, replica, profile, { joinsLast: true })
      })
    },
    openPublic: async (app, text) => {
      assertOpen()
      const link = readPublicLink(engine, app, text)
      const here = known(link.space)
      if (here && (replicaOf(here.n).me() || isReadable(replicaOf(here.n), link))) return open(app, here.n)
      const fetched = await fetchPublic(engine, link)
      return takeIn(app, link, fetched, (replica, hub) => enterPublic(engine, app, link, fetched, replica, hub))
    },
    open: async (app, id) => {
      assertOpen()
      const entry = known(toSpaceId(id))
      if (!entry) throw new KithError('not-found', 'There is no such space here. Join it by a link.')
      if (entry.app !== app.id)
        throw new KithError(
          'wrong-app',
          `The space belongs to the app "${entry.app}", not to "${app.id}". Open it in that app.`,
        )
      return open(app, entry.n)
    },
  }
}

/** By the rules that others will judge it by: a writer publishes what only adds, an admin all else. */
const mayPublish = (replica: Replica, app: App): boolean => {
  const me = replica.me()
  if (!me || me.rank === 'reader' || replica.isReadOnly()) return false
  const newest = replica.membership.newestSchemas().map(({ record }) => record)
  return isRankAtLeast(me.rank, 'admin') || schemaStep(app.recordBytes, newest) === 'adds'
}
