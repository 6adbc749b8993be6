import { equalBytes } from '../bytes/index.ts'
import {
  bytesToTime,
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
  createUnit,
  prepareLayout,
  type Statements,
  type Store,
  type StoredSegment,
  type Unit,
} from '../database/index.ts'
import type { PersonSecrets } from '../keys/index.ts'
import type { Platform, SqlDatabase } from '../ports/index.ts'
import { keepBoxes } from './boxes.ts'
import { createIdentity, loadIdentity } from './identity.ts'
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
  readonly person: PersonSecrets
  /** Anew after a transaction was undone: never keep it. */
  readonly store: () => Store
  readonly clock: EngineClock
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
  /** Owes a segment to hubs, on the logs that it belongs on but the one that it came from. */
  readonly queueFor: (hubs: readonly number[], space: number, segment: StoredSegment, from?: Origin) => void
  /** Says where segments of a space belong. */
  readonly placeBy: (places: PlacesOf) => void
  /** Who may do what in a space, or which keys of it are here, has changed: what follows from that is looked for soon. */
  readonly membershipCame: (space: number) => void
  /** This device has started an epoch: called within the transaction that did. */
  readonly epochStarted: (space: number, epoch: Uint8Array) => void
  readonly onEpochStarted: (listener: (space: number, epoch: Uint8Array) => void) => void
  readonly onMembership: (listener: (space: number) => void) => () => void
  /** Called when memory was made anew. */
  readonly onUndone: (listener: (cause: unknown) => void) => () => void
  readonly close: () => void
}

type PlacesOf = (space: number, segment: StoredSegment, from: Origin | undefined) => readonly Place[]

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

export const createEngine = async (platform: Platform, hubUrls: readonly string[]): Promise<Engine> => {
  const { clock, crypto, compression } = platform
  const database = await platform.openDatabase()
  try {
    prepareLayout(database)
    const statements = createStatements(database)
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
    const notifier = createNotifier(clock)
    const undone = new Set<(cause: unknown) => void>()
    const membership = createSpaceSignal(clock)
    const outgoing = new Set<(spaces: ReadonlySet<number>) => void>()
    const epochStarted = new Set<(space: number, epoch: Uint8Array) => void>()
    let owed = new Set<number>()
    let changedSpaces = new Map<number, number>()
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
        for (const segment of store.history.seal()) {
          queueFor(
            hubs.map(({ n }) => n),
            store.registry.chain(segment.chain).space,
            segment,
          )
        }
        store.texts.save()
        store.frontier.save()
        saveTimes(false)
        if (owed.size > 0) {
          const spaces = owed
          owed = new Set()
          unit.afterCommit(() => {
            for (const listener of outgoing) listener(spaces)
          })
        }
      },
      awaited: () => store.history.compressed(),
      undone: (cause) => {
        store = makeStore()
        hubs = loadHubs(statements)
        last = loadClock(statements)
        leasedMs = last.ms
        owed = new Set()
        changedSpaces = new Map()
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
    const person = loadIdentity(crypto, statements) ?? makePerson()

    function makePerson(): PersonSecrets {
      unit.enter()
      const made = createIdentity(crypto, statements, last, nowMs())
      last = made.end.time
      const space = store.registry.addSpace(made.secrets.person, '', 'person')
      const chain = store.registry.chainOf(space.n, made.secrets.device.signing.publicKey, 0)
      const bytes = encodeSegment(made.segment)
      store.history.store(chain, made.segment, compression.deflate(bytes), bytes.length, true)
      if (made.boxes) keepBoxes(statements, crypto, space.n, made.boxes)
      return made.secrets
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
      person,
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
      queueFor,
      placeBy: (places) => {
        placesOf = places
      },
      membershipCame: membership.tell,
      epochStarted: (space, epoch) => {
        for (const listener of epochStarted) listener(space, epoch)
      },
      onEpochStarted: (listener) => epochStarted.add(listener),
      onMembership: membership.listen,
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
