import { equalBytes, KithError } from '../bytes/index.ts'
import { type Lane, membershipLane, type NumberedEntry, packLane, tailLane } from '../wire/index.ts'
import { createBackOff } from './back-off.ts'
import { createCursorCheck } from './cursor-check.ts'
import type { HubConnection, HubEntries, KnownLanes, PullWish } from './hub-connection.ts'
import type { LogContext } from './log-context.ts'
import { createPullNow } from './pull-now.ts'
import { type Cursor, type Numbers, toPosition } from './source.ts'

/**
 * What a hub shows of one log, on one connection: membership first, for it judges the rest; of content that was never read here the newest, then
 * packs, then what lies in no pack.
 */
export type LaneReading = {
  readonly start: () => void
  /** Instead of `start`: the hub has nothing beyond what is known, and pushes what comes. */
  readonly follows: () => void
  /** Where all lanes stand, unless a cursor is of another generation or numbers before it are unread. */
  readonly known: (generation: Uint8Array) => KnownLanes | undefined
  /** `isPartial`: the hub sent entries with them that are not what they claim to be. */
  readonly entriesCame: (event: HubEntries, isPartial: boolean) => void
  /** Everything is here that the hub had. */
  readonly isCaughtUp: () => boolean
  /** Resolves when everything that the hub has now is here. */
  readonly pullNow: () => Promise<void>
  /** The cursor behind an entry of ours: only where it follows directly on what is here, for others' may lie between. */
  readonly cursorAfter: (lane: Lane, named: Uint8Array, n: number, entry: Uint8Array) => Cursor | undefined
  readonly close: () => void
}

export type LaneReadingOptions = LogContext & {
  readonly connection: HubConnection
  readonly failed: (cause: unknown) => void
  /** Entries were taken in. */
  readonly took: (lane: Lane) => void
  /** The hub has shown all that it has, for the first time on this connection. */
  readonly caughtUp: () => void
  readonly settled: () => void
}

/** Of content that was never read here so many of the newest entries come first: what a person looks at. A pack, and what is said of it, hold hundreds of changes. */
const newestPage = new Map<Lane, number>([
  [packLane, 2],
  [tailLane, 64],
])
const noId = new Uint8Array(0)
const firstRestMs = 1_000
const longestRestMs = 5 * 60_000

export const createLaneReading = (options: LaneReadingOptions): LaneReading => {
  const { hub, connection, space, log, crypto, generation, guard, after, refuse, failed, took, settled } = options
  const { lanes } = log
  const { packs } = space
  const contentLanes: readonly Lane[] = lanes.filter((lane) => lane !== membershipLane)
  const caughtUp = new Set<Lane>()
  /** Lanes in which the hub has to show something again: their cursors stay. */
  const frozen = new Set<Lane>()
  /** Lanes of which the newest page is on its way. */
  const paging = new Set<Lane>()
  /** What is read of the time before. */
  let older: { readonly lane: Lane; readonly numbers: Numbers } | undefined
  let isReadingContent = false
  const rest = createBackOff(crypto, firstRestMs, longestRestMs)
  const cursorOf = (lane: Lane): Cursor | undefined => space.cursor(hub, log.id, lane)
  const pulls = createPullNow(connection)

  /** The hub's numbers are not those that we know: cursors mean nothing, and it has to show what it has. */
  const beginAnew = (): never => {
    const named = generation()
    if (named) space.lost(hub, log.id, named)
    throw otherGeneration()
  }
  const check = createCursorCheck({
    connection,
    log: log.id,
    lanes,
    cursor: cursorOf,
    differs: beginAnew,
    refused: refuse,
    replay: (event) => entriesCame(event, false),
    guard,
  })
  const mustStay = (lane: Lane): boolean => frozen.has(lane) || !check.isDone(lane)
  const isCaughtUp = (): boolean => caughtUp.size === lanes.length && !isReadingContent

  const follow = (some: readonly Lane[]): void => {
    const wishes = some.map((lane) => ({ log: log.id, lane, follow: true, ...toPosition(cursorOf(lane)) }))
    connection.pull(wishes).then(
      (results) =>
        guard(() => {
          const errors = results.filter((result) => result instanceof KithError)
          if (errors.length === 0) return
          if (errors.some(isOtherGeneration)) beginAnew()
          for (const error of errors) refuse(error)
          const refusedLanes = some.filter((_, index) => results[index] instanceof KithError)
          after(rest.next(errors[0]), () => follow(refusedLanes))
        }),
      (cause) => guard(() => failed(cause)),
    )
  }

  /** Pulls, and goes on when all of it has come; a refusal is tried again. */
  const pullThen = (wish: PullWish, then: () => void, unknownNumber: () => void = beginAnew): void => {
    pulls.pull([wish]).then(
      () => guard(then),
      (cause) =>
        guard(() => {
          if (!(cause instanceof KithError) || cause.code === 'closed') return failed(cause)
          if (isOtherGeneration(cause)) return unknownNumber()
          refuse(cause)
          after(rest.next(cause), () => pullThen(wish, then, unknownNumber))
        }),
    )
  }

  const readContent = (): void => {
    isReadingContent = true
    const begin = (): void => {
      paging.clear()
      follow(contentLanes)
      readOlder()
    }
    // The newest pack comes before the tail, for it says where that begins.
    const isUnknown = (lane: Lane): boolean =>
      packs !== undefined && contentLanes.includes(lane) && cursorOf(lane) === undefined
    const readPage = (lane: Lane, then: () => void): void => {
      if (!isUnknown(lane)) return then()
      paging.add(lane)
      const top = lane === tailLane ? packs?.top(hub, log.id) : undefined
      const named = generation()
      const newest = { log: log.id, lane, mode: 'before', limit: newestPage.get(lane) ?? 1 } as const
      if (top === undefined || !named) return pullThen(newest, then)
      pullThen({ ...newest, n: top + 1, generation: named, limit: 1 }, then, () => {
        // The hub has never given that number: what was said of packs is not true.
        packs?.doubt(hub, log.id)
        pullThen(newest, then)
      })
    }
    readPage(packLane, () => readPage(tailLane, begin))
  }

  /** From the oldest on: rows that come in their order lie close together on the disk. Packs come first, for they say what need not be read. */
  const readOlder = (): void => {
    older = undefined
    for (const lane of contentLanes) {
      const [numbers] = (frozen.has(lane) ? undefined : packs?.unread(hub, log.id, lane)) ?? []
      if (!numbers) continue
      const { low, high } = numbers
      older = { lane, numbers }
      const wish = { log: log.id, lane, n: low - 1, limit: high - low + 1 }
      const named = generation()
      pullThen(low > 1 && named ? { ...wish, generation: named } : wish, () => {
        // Whatever of these numbers did not come is not there.
        if (!frozen.has(lane)) packs?.read(hub, log.id, lane, numbers)
        readOlder()
      })
      return
    }
    isReadingContent = false
    finished()
    settled()
  }

  const entriesCame = (event: HubEntries, isPartial: boolean): void => {
    const { lane, entries } = event
    if (!lanes.includes(lane) || check.takes(event)) return
    const named = generation()
    if (named && !equalBytes(event.generation, named)) throw otherGeneration()
    if (isPartial) frozen.add(lane)
    if (entries.length > 0) {
      const refused = space.receive(hub, log.id, lane, entries, ...progress(event))
      for (const error of refused) refuse(error)
      // What it notifies may have closed us.
      if (options.isClosed()) return
      took(lane)
    }
    if (event.caughtUp || event.limitReached) pulls.ended(event.request, lane)
    if (!event.caughtUp || paging.has(lane)) return
    if (!caughtUp.has(lane)) caughtUpWith(lane)
    settled()
  }

  const caughtUpWith = (lane: Lane): void => {
    caughtUp.add(lane)
    rest.reset()
    if (lane === membershipLane && contentLanes.length > 0) readContent()
    else finished()
  }
  const finished = (): void => {
    if (isCaughtUp()) options.caughtUp()
  }

  /** The cursor behind what came, and which numbers it shows of those before the cursor. */
  const progress = (event: HubEntries): [Cursor | undefined, Numbers | undefined] => {
    const { lane, entries, generation: named } = event
    const [first, last] = [entries[0] as NumberedEntry, entries.at(-1) as NumberedEntry]
    if (mustStay(lane)) return [undefined, undefined]
    if (paging.has(lane)) {
      // Downwards: the first one that came is the newest of all.
      const known = cursorOf(lane)
      const low = event.caughtUp ? 1 : last.n
      return known
        ? [undefined, { low, high: known.n }]
        : [
            { generation: named, n: first.n, id: first.id },
            { low, high: first.n },
          ]
    }
    const { low = 0, high = 0 } = older?.lane === lane ? older.numbers : {}
    const read = first.n >= low && first.n <= high ? { low, high: last.n } : undefined
    return [cursorBehind(lane, named, last), read]
  }

  /** A cursor only goes forward: what is replayed changes nothing, and what was not what it claims to be is asked for again. */
  const cursorBehind = (lane: Lane, named: Uint8Array, { n, id }: NumberedEntry): Cursor | undefined => {
    const before = cursorOf(lane)
    const isBehind = before !== undefined && equalBytes(before.generation, named) && n <= before.n
    return isBehind ? undefined : { generation: named, n, id }
  }

  return {
    start: () => {
      check.start()
      if (lanes.includes(membershipLane)) follow([membershipLane])
      else readContent()
    },
    follows: () => {
      for (const lane of lanes) caughtUp.add(lane)
      rest.reset()
      finished()
      settled()
    },
    known: (named) => {
      const cursors = lanes.map((lane) => ({ lane, cursor: cursorOf(lane) }))
      const isWhole = cursors.every(({ cursor }) => !cursor || equalBytes(cursor.generation, named))
      const isRead = !packs || contentLanes.every((lane) => packs.unread(hub, log.id, lane).length === 0)
      if (!isWhole || !isRead) return undefined
      return {
        generation: named,
        lanes: cursors.map(({ lane, cursor }) => ({ lane, n: cursor?.n ?? 0, id: cursor?.id ?? noId })),
      }
    },
    entriesCame,
    isCaughtUp,
    pullNow: () => pulls.pull(lanes.map((lane) => ({ log: log.id, lane, ...toPosition(cursorOf(lane)) }))),
    cursorAfter: (lane, named, n, entry) => {
      const before = cursorOf(lane)
      if (mustStay(lane) || paging.has(lane)) return undefined
      const follows = before === undefined ? n === 1 : equalBytes(before.generation, named) && n === before.n + 1
      return follows ? { generation: named, n, id: crypto.sha256(entry) } : undefined
    },
    close: pulls.close,
  }
}

const isOtherGeneration = ({ details }: KithError): boolean => details['why'] === 'other-generation'

export const otherGeneration = (): KithError =>
  new KithError('hub-refused', 'The hub has begun anew, and may have lost entries. They are compared and healed.', {
    why: 'other-generation',
  })
