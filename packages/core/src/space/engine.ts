import { equalBytes } from '../bytes/index.ts'
import {
  bytesToTime,
  type Change,
  compareTimes,
  encodeSegment,
  isTimeAhead,
  nextTime,
  observeTime,
  type Time,
  timeToBytes,
  timeZero,
} from '../change/index.ts'
import {
  createRecords,
  createStatements,
  createStore,
  createTouched,
  createUnit,
  prepareLayout,
  type Statements,
  type Store,
  type StoredSegment,
  type Touched,
  type Unit,
} from '../database/index.ts'
import { createPerson, type PersonSecrets, type TagSecret } from '../keys/index.ts'
import type { Platform, SqlDatabase } from '../ports/index.ts'
import { prepareTables, type SchemaRecord } from '../schema/index.ts'
import { keepBoxes } from './boxes.ts'
import { type Identity, keepIdentity, keepTagKey, loadIdentity, loadTagKeys, personToIdentity } from './identity.ts'
import { createNotifier, type Notifier } from './notify.ts'
import { enqueue, type Origin, type Place } from './outbox.ts'
import { createSpaceSignal } from './space-signal.ts'

/** One person's data on one device: the database, the group commit, the clock and the keys, shared by all spaces. */
export type Engine = {
  readonly platform: Platform
  readonly database: SqlDatabase
  readonly statements: Statements
  readonly unit: Unit
  /** What fails half-way is undone whole: memory and disk would disagree, and half of it could be committed with what others write. */
  readonly whole: <Result>(run: () => Result) => Result
  readonly notifier: Notifier
  /** Which rows live queries have to look at again. */
  readonly touched: Touched
  /** `tagKeys` grows in place. */
  readonly person: PersonSecrets
  /** Local number of the person's own space. */
  readonly personSpace: number
  /** A key of one of our tags is here that was not. */
  readonly addTagKey: (key: TagSecret) => void
  /** Anew after a transaction was undone: never keep it. */
  readonly store: () => Store
  readonly clock: EngineClock
  /** Makes the tables of a record, or widens them; once, for hundreds of spaces have the same. */
  readonly prepareTables: (record: SchemaRecord) => void
  /** Marks that a space changed at this time, for the list of spaces. */
  readonly touchSpace: (space: number, ms: number) => void
  /** The newest time given to `touchSpace`: on disk it may be a second behind. */
  readonly lastChangeMs: (space: number) => number
  readonly hubs: () => readonly HubRow[]
  readonly addHub: (url: string) => HubRow
  /** Keeps the key that a hub at a known URL has shown. */
  readonly nameHub: (n: number, key: Uint8Array) => void
  /** Called after a commit with what this device wrote or took in, and now owes to hubs. */
  readonly onOutgoing: (listener: (spaces: ReadonlySet<number>) => void) => void
  /** The open transaction has an entry for another log than a space's own: `onOutgoing` tells when it is committed. */
  readonly parcelQueued: () => void
  /** Owes a segment to hubs, on the logs that it belongs on but the one that it came from. */
  readonly queueFor: (hubs: readonly number[], space: number, segment: StoredSegment, from?: Origin) => void
  /** The same for a segment that was just kept: one of a person belongs into every space that the person is in. */
  readonly spread: (space: number, segment: StoredSegment, from?: Origin) => void
  /** Changes of a person are here that were not; `space` knows them already. */
  readonly personCame: (person: number, changes: readonly Change[], space: number) => void
  readonly onPerson: (listener: PersonListener) => void
  /** Says where segments of a space belong. */
  readonly placeBy: (places: PlacesOf) => void
  /** Who may do what in a space, or which keys of it are here, has changed: what follows from that is looked for soon. */
  readonly membershipCame: (space: number) => void
  /** This device has started an epoch: called within the transaction that did. */
  readonly epochStarted: (space: number, epoch: Uint8Array) => void
  readonly onEpochStarted: (listener: (space: number, epoch: Uint8Array) => void) => void
  readonly onMembership: (listener: (space: number) => void) => () => void
  /** A hub has answered, and our clock was compared with its. */
  readonly hubGreeted: () => void
  readonly onHubGreeted: (listener: () => void) => void
  /** Called when memory was made anew. */
  readonly onUndone: (listener: (cause: unknown) => void) => () => void
  readonly close: () => void
}

type PlacesOf = (space: number, segment: StoredSegment, from: Origin | undefined) => readonly Place[]

export type PersonListener = (person: number, changes: readonly Change[], space: number) => void

export type HubRow = { readonly n: number; readonly url: string; readonly key: Uint8Array | undefined }

/** The hybrid logical clock of this device, corrected by what hubs say of the time. */
export type EngineClock = {
  readonly nowMs: () => number
  readonly next: () => Time
  /** The same for a change of rows: from then on our clock can never go back, or later writes would lose against earlier ones. */
  readonly nextForContent: () => Time
  readonly observe: (time: Time) => void
  readonly last: () => Time
  /** A time that this device has used elsewhere. */
  readonly advance: (time: Time) => void
  /** Milliseconds added to the computer's clock; set when hubs show that it is off. */
  readonly correctionMs: () => number
  readonly correct: (ms: number) => void
}

/** `found`: the person for an empty database; a new one where it is not given. */
export const createEngine = async (
  platform: Platform,
  hubUrls: readonly string[],
  found?: Identity,
): Promise<Engine> => {
  const { clock, crypto, compression } = platform
  const database = await platform.openDatabase()
  try {
    prepareLayout(database)
    const statements = createStatements(database, platform.vault)
    const records = createRecords()
    const makeStore = (): Store =>
      createStore({
        statements,
        crypto,
        compression,
        records,
        sign: (message) => crypto.ed25519Sign(message, person.device.signing.seed),
      })
    let store = makeStore()
    let last = loadClock(statements)
    let correctionMs = 0
    /** Whether this device wrote rows; asked only when the clock is corrected. */
    let hasContent: boolean | undefined
    const touched = createTouched(database, statements)
    const notifier = createNotifier(clock, touched.take)
    const undone = new Set<(cause: unknown) => void>()
    const membership = createSpaceSignal(clock)
    const greetings = new Set<() => void>()
    const personListeners = new Set<PersonListener>()
    const outgoing = new Set<(spaces: ReadonlySet<number>) => void>()
    const epochStarted = new Set<(space: number, epoch: Uint8Array) => void>()
    let owed = new Set<number>()
    let hasParcels = false
    let changedSpaces = new Map<number, number>()
    let prepared = new WeakSet<SchemaRecord>()
    /** The clock on disk: ahead of what was used, so that it need not be written with each commit. */
    let leasedMs = last.ms
    const savedChanges = new Map<number, number>()
    const saveTimes = (isLast: boolean): void => {
      if (last.ms >= leasedMs) {
        leasedMs = last.ms + leaseMs
        statements("INSERT OR REPLACE INTO meta (name, value) VALUES ('clock', ?)").run(
          timeToBytes({ ms: leasedMs, counter: 0 }),
        )
      }
      for (const [space, ms] of changedSpaces) {
        if (!isLast && ms < (savedChanges.get(space) ?? 0) + leaseMs) continue
        savedChanges.set(space, ms)
        statements('UPDATE space SET last_change = max(last_change, ?) WHERE n = ?').run(ms, space)
      }
    }

    const unit = createUnit(database, clock, {
      beforeCommit: () => {
        for (const segment of store.history.seal()) spread(store.registry.chain(segment.chain).space, segment)
        store.texts.save()
        store.frontier.save()
        saveTimes(false)
        if (owed.size > 0 || hasParcels) {
          const spaces = owed
          owed = new Set()
          hasParcels = false
          unit.afterCommit(() => {
            for (const listener of outgoing) listener(spaces)
          })
        }
      },
      awaited: () => store.history.compressed(),
      undone: (cause) => {
        touched.undone()
        store = makeStore()
        hubs = loadHubs(statements)
        last = loadClock(statements)
        tagKeys.splice(0, tagKeys.length, ...loadTagKeys(crypto, statements, personSpace))
        leasedMs = last.ms
        owed = new Set()
        hasParcels = false
        changedSpaces = new Map()
        prepared = new WeakSet()
        savedChanges.clear()
        for (const listener of undone) listener(cause)
      },
    })

    let placesOf: PlacesOf = () => []
    const queueFor: Engine['queueFor'] = (numbers, space, segment, from) => {
      for (const place of placesOf(space, segment, from)) {
        const isSource = (hub: number): boolean => hub === from?.hub && equalBytes(place.log, from.log)
        for (const hub of numbers) if (!isSource(hub)) enqueue(statements, hub, space, segment.change, place)
      }
      owed.add(space)
    }

    let hubs = loadHubs(statements)
    const nowMs = (): number => Math.floor(clock.now() + correctionMs)
    const identity = loadIdentity(crypto, statements) ?? takePerson(found)
    const tagKeys = [...identity.tagKeys]
    const person: PersonSecrets = { ...identity, tagKeys }
    const personSpace = store.registry.addSpace(person.person, '', 'person').n

    function takePerson(given: Identity | undefined): PersonSecrets {
      unit.enter()
      const taken = given ?? personToIdentity(crypto, createPerson(crypto, { last, nowMs: nowMs() }))
      const { n } = store.registry.addSpace(taken.secrets.person, '', 'person')
      keepIdentity(statements, n, taken)
      for (const segment of taken.segments) {
        const end = segment.changes.at(-1)?.header.time
        // Those of other devices too, one of which may have been wrong by years, or stolen.
        if (end) last = observeTime(last, end, nowMs())
        const bytes = encodeSegment(segment)
        const isOwn = equalBytes(segment.device, taken.secrets.device.signing.publicKey)
        const chain = store.registry.chainOf(n, segment.device, 0)
        store.history.store(chain, segment, compression.deflate(bytes), bytes.length, isOwn)
      }
      for (const boxes of taken.boxes) keepBoxes(statements, crypto, n, boxes)
      return taken.secrets
    }

    /** Spaces on whose logs the changes of a person belong. */
    const carrying = (home: number): number[] =>
      statements('SELECT space FROM carried WHERE person = ?')
        .all(home)
        .map((row) => row.space as number)
    const spread: Engine['spread'] = (space, segment, from) => {
      const home = store.registry.spaceByNumber(store.registry.chain(segment.chain).space)
      const own = home.n === personSpace ? [home.n] : []
      const spaces = home.kind === 'person' ? [...own, ...carrying(home.n)] : []
      const numbers = hubs.map(({ n }) => n)
      for (const one of new Set([space, ...spaces])) queueFor(numbers, one, segment, one === space ? from : undefined)
    }

    const addHub = (url: string): HubRow => {
      const known = hubs.find((hub) => hub.url === url)
      if (known) return known
      unit.enter()
      const n = statements('INSERT INTO hub (url) VALUES (?) RETURNING n').get(url)?.n as number
      const hub = { n, url, key: undefined }
      hubs = [...hubs, hub]
      return hub
    }
    for (const url of hubUrls) addHub(url)
    unit.commit()

    return {
      platform,
      database,
      statements,
      unit,
      whole: (run) => {
        try {
          return run()
        } catch (cause) {
          unit.abandon(cause)
          throw cause
        }
      },
      notifier,
      touched,
      person,
      personSpace,
      addTagKey: (key) => {
        if (tagKeys.some(({ sealing }) => equalBytes(sealing.publicKey, key.sealing.publicKey))) return
        unit.enter()
        keepTagKey(statements, personSpace, key)
        tagKeys.push(key)
      },
      store: () => store,
      clock: {
        nowMs,
        next: () => {
          last = nextTime(last, nowMs())
          return last
        },
        nextForContent: () => {
          hasContent = true
          last = nextTime(last, nowMs())
          return last
        },
        observe: (time) => {
          last = observeTime(last, time, nowMs())
        },
        last: () => last,
        advance: (time) => {
          if (compareTimes(time, last) > 0) last = time
        },
        correctionMs: () => correctionMs,
        correct: (ms) => {
          correctionMs = ms
          // Nothing was written by the wrong clock yet but keys: they may keep their odd time, what comes next need not.
          hasContent ??= hasOwnContent(statements, person.device.signing.publicKey)
          if (!hasContent && isTimeAhead(last, nowMs())) {
            last = { ms: nowMs(), counter: 0 }
            leasedMs = 0
          }
        },
      },
      prepareTables: (record) => {
        if (prepared.has(record)) return
        prepareTables(database, record)
        prepared.add(record)
      },
      touchSpace: (space, ms) => {
        changedSpaces.set(space, Math.max(ms, changedSpaces.get(space) ?? 0))
      },
      hubs: () => hubs,
      addHub,
      nameHub: (n, key) => {
        unit.enter()
        statements('UPDATE hub SET key = ? WHERE n = ?').run(key, n)
        hubs = hubs.map((hub) => (hub.n === n ? { ...hub, key } : hub))
      },
      onOutgoing: (listener) => outgoing.add(listener),
      parcelQueued: () => {
        hasParcels = true
      },
      queueFor,
      spread,
      personCame: (home, changes, space) => {
        for (const listener of personListeners) listener(home, changes, space)
      },
      onPerson: (listener) => personListeners.add(listener),
      placeBy: (places) => {
        placesOf = places
      },
      membershipCame: membership.tell,
      epochStarted: (space, epoch) => {
        for (const listener of epochStarted) listener(space, epoch)
      },
      onEpochStarted: (listener) => epochStarted.add(listener),
      onMembership: membership.listen,
      hubGreeted: () => {
        for (const listener of greetings) listener()
      },
      onHubGreeted: (listener) => greetings.add(listener),
      onUndone: (listener) => {
        undone.add(listener)
        return () => undone.delete(listener)
      },
      lastChangeMs: (space) => changedSpaces.get(space) ?? 0,
      close: () => {
        if (changedSpaces.size > 0) {
          unit.enter()
          saveTimes(true)
        }
        unit.commit()
        notifier.close()
        membership.close()
        database.close()
      },
    }
  } catch (cause) {
    database.close()
    throw cause
  }
}

/** How far times on disk may lag behind (or, for the clock, run ahead of) those in use. */
const leaseMs = 1000

const loadHubs = (statements: Statements): readonly HubRow[] =>
  (
    statements('SELECT n, url, key FROM hub').all() as unknown as { n: number; url: string; key: Uint8Array | null }[]
  ).map(({ n, url, key }) => ({ n, url, key: key ?? undefined }))

/** Looks along this device's own chains, not along everybody's history. */
const hasOwnContent = (statements: Statements, device: Uint8Array): boolean =>
  statements(
    'SELECT 1 FROM chain JOIN segment ON segment.chain = chain.n WHERE chain.device = ? AND chain.class = 1 AND segment.own = 1 LIMIT 1',
  ).get(device) !== undefined

const loadClock = (statements: Statements): Time => {
  const value = statements("SELECT value FROM meta WHERE name = 'clock'").get()?.value
  return value instanceof Uint8Array ? bytesToTime(value) : timeZero
}
