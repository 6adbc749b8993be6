import { KithError } from '../../bytes/index.ts'
import type { TagSecret } from '../../keys/index.ts'
import { homeApp, isTag } from '../identity.ts'
import type { Replica } from '../replica.ts'
import { takeToldEpoch } from '../told-epoch.ts'
import { type Adoption, createAdoption } from './adopt.ts'
import { contactsNumber } from '../contacts/boxes.ts'
import type { PeopleApi, PeopleStatus, Profile } from './api.ts'
import { createBreath } from './breath.ts'
import { createContactSync } from './contact-sync.ts'
import { createDevices } from './devices.ts'
import { createHomes, type Homes, type HomesInput, type Listed } from './homes.ts'
import { createOwnPerson } from './own-person.ts'
import { createProfiles, createSettings } from './profiles.ts'
import { createRecovery } from './recovery.ts'
import { createTasks } from './tasks.ts'
import { createTending } from './tending.ts'

/** What this device does as one of several devices of a person. */
export type People = {
  readonly api: PeopleApi
  readonly status: () => PeopleStatus
  /** Who this person is in spaces that come from now on. */
  readonly profileNow: () => Profile | undefined
  readonly homes: Homes
  /** The key of an app that spaces of it are sealed to. Within the open transaction. */
  readonly tagFor: (app: string) => TagSecret
  /** Something may follow: a space is new, a hub is there. */
  readonly look: () => void
  /** What the person's other devices are to find at a hub is not all on its way yet. */
  readonly isDue: () => boolean
  /** Resolves when all that other devices of the person have told is here. @throws KithError `hub-unreachable`. */
  readonly caughtUp: () => Promise<void>
  readonly close: () => void
}

export type PeopleInput = Pick<HomesInput, 'engine' | 'spaces' | 'replicaOf' | 'openSpace' | 'makeHome'> & {
  readonly openReplicas: () => Iterable<Replica>
  readonly carryPerson: (n: number) => void
  /** A space is new: its logs are to be followed. */
  readonly wake: (n: number) => void
  readonly synced: (n: number) => Promise<void>
  /** As `synced`, and what was put on other logs is at a hub too. @throws KithError `hub-unreachable`. */
  readonly delivered: (n: number) => Promise<void>
  /** What was to do for the person's other devices is done, for now. */
  readonly settled: () => void
  /** Contacts were changed by what another device told. */
  readonly contactsChanged: () => void
  /** How the person is called until it says so itself. */
  readonly name: string | undefined
  /** Says in a space who this person is: `createProfiles` writes it into all. */
  readonly writeProfile: (n: number, profile: Profile) => void
}

/** Connections that fetch spaces side by side: most of the time is spent waiting for the hub. */
const readersMax = 4

export const createPeople = (input: PeopleInput): People => {
  const { engine, replicaOf, spaces, openReplicas, carryPerson, wake, synced, delivered } = input
  const { personSpace } = engine
  const person = createOwnPerson(engine, () => replicaOf(personSpace))
  const homes = createHomes({ ...input, person })
  const tasks = createTasks({ engine, person, spaces, replicaOf, wake, synced })
  const recovery = createRecovery(engine, person, () => replicaOf(personSpace))
  const profiles = createProfiles(input, homes)
  const syncContacts = createContactSync({ engine, homes, changed: input.contactsChanged })
  const ends = new Set<() => void>()
  let isGreeted = false
  let isClosed = false

  // Changes of a person are known to every space that the person is in as soon as they are here (membership rule 10).
  engine.onPerson((home, changes, from) => {
    if (home === personSpace) {
      if (from !== personSpace) replicaOf(personSpace).learn(changes)
      const hasKeys = person.takeKeys()
      for (const replica of openReplicas()) if (hasKeys) replica.openBoxes()
    }
    for (const replica of openReplicas()) {
      const { n, kind } = replica.entry
      if (kind === 'space' && n !== from && replica.carries(home)) replica.learn(changes)
    }
  })

  const findHere = ({ space }: Listed): number | undefined => {
    const entry = engine.store().registry.space(space)
    return entry?.kind === 'space' ? entry.n : undefined
  }

  /**
   * Keys of spaces that are here, made while this device was away. Its other devices have moved on, so nobody keeps for it what the older logs told,
   * should a hub lose them. Before the lists are kept: they would be given the older keys instead.
   */
  const takeNewer = async (): Promise<void> => {
    const listing = await homes.listed()
    const breathe = createBreath(engine.platform.clock)
    for (const listed of listing) {
      await breathe()
      if (isClosed) return
      const n = findHere(listed)
      if (n === undefined) continue
      try {
        // Also where we are no member by what is here: removed, and in again by a link that another of our devices took.
        takeToldEpoch(engine, replicaOf(n), listed)
      } catch (cause) {
        // One list that is wrong must not keep the others away.
        if (!(cause instanceof KithError) || cause.code.startsWith('storage-')) throw cause
      }
    }
  }

  const adoptAll = async (): Promise<void> => {
    const missing = (await homes.listed()).filter((listed) => findHere(listed) === undefined)
    let problem: KithError | undefined
    const adoptSome = async (): Promise<void> => {
      const adoption = createAdoption({ engine, replicaOf, carryPerson })
      try {
        for (let listed = missing.shift(); listed; listed = missing.shift()) {
          if (isClosed) return
          try {
            wake(await adoption.adopt(listed))
          } catch (cause) {
            // One space that no hub has must not keep the others away.
            if (!(cause instanceof KithError)) throw cause
            problem = cause
          }
        }
      } finally {
        adoption.close()
      }
    }
    await Promise.all(Array.from({ length: Math.min(readersMax, missing.length) }, adoptSome))
    if (problem) throw problem
  }

  const findHomes = async (adoption: Adoption): Promise<void> => {
    for (const tag of homes.homeless()) {
      if (isClosed) return
      const keys = engine.person.tagKeys.filter(isTag(tag.tag))
      for (const pointer of await adoption.findHomes(keys)) {
        const n = await adoption.adopt({ ...pointer, app: homeApp, hubs: [] })
        // Before it is known whose home it is, none of it is listed.
        if (replicaOf(n).me()) person.nameTag(tag.tag, pointer.app)
        wake(n)
        await synced(n)
      }
    }
  }

  const run = async (): Promise<void> => {
    if (isClosed) return
    tasks.look()
    // Before a hub has told the time, nothing is written that the person did not ask for.
    if (!isGreeted || !person.isLive()) return
    await takeNewer()
    await homes.keep()
    recovery.keepRecord()
    const adoption = createAdoption({ engine, replicaOf, carryPerson })
    try {
      await findHomes(adoption)
    } finally {
      adoption.close()
    }
    await adoptAll()
    await profiles.learn()
    profiles.complete()
    await syncContacts()
    await engine.unit.durable()
    // Nothing tells when another device has put it there: it is looked for again.
    if (homes.homeless().length > 0)
      throw new KithError('not-found', 'No hub has the list of your spaces yet. Your other devices put it there.')
  }

  /** Loaded by who first asks: most people never do. */
  const phrases = async () => (await import('./phrases.ts')).createPhrases(engine.platform)

  const tending = createTending(engine.platform.clock, run, input.settled)
  const unlisten = engine.onMembership(tending.look)
  const unnotify = engine.notifier.listen((changes) => {
    const isHome = (n: number): boolean => spaces().some((space) => space.n === n && space.app === homeApp)
    if ([...changes.keys()].some((n) => n === contactsNumber || isHome(n))) tending.look()
  })
  engine.onHubGreeted(() => {
    isGreeted = true
    tending.look()
  })
  tending.look()
  const devices = createDevices({
    engine,
    person,
    homes,
    tasks,
    replicaOf,
    synced,
    delivered,
    wake,
    look: tending.look,
    ends: (end) => ends.add(end),
  })

  return {
    api: {
      ...devices,
      ...recovery,
      newPhrase: async () => (await phrases()).newPhrase(),
      splitPhrase: async (phrase, options) => (await phrases()).splitPhrase(phrase, options),
      joinPhrase: async (parts) => (await phrases()).joinPhrase(parts),
      profile: profiles.profile,
      setProfile: profiles.setProfile,
      settings: createSettings(homes),
    },
    status: () => ({ isRevoked: !person.isLive(), tasksLeft: tasks.left(), recovery: recovery.status() }),
    profileNow: profiles.now,
    homes,
    tagFor: person.tagFor,
    look: tending.look,
    // Before a hub has told the time there is nothing that could be made.
    isDue: () => isGreeted && tending.isDue(),
    caughtUp: async () => {
      await synced(personSpace)
      await tending.done()
    },
    close: () => {
      isClosed = true
      for (const end of ends) end()
      tasks.close()
      unlisten()
      unnotify()
      tending.close()
    },
  }
}
