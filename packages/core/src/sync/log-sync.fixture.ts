import type { KithError } from '../bytes/index.ts'
import type { Clock, Crypto } from '../ports/index.ts'
import type { Lane } from '../wire/index.ts'
import type { HubConnection, HubEntries, PullAccepted, PullWish } from './hub-connection.ts'
import { createLogSync } from './log-sync.ts'
import type { Cursor, Outgoing, SyncPacks, SyncSpace, Whose } from './source.ts'

const hub = 1
export const log = new Uint8Array(32).fill(7)
export const generation = new Uint8Array(16).fill(1)
export const id = new Uint8Array(32)
export const other = new Uint8Array(16).fill(2)

type Asked<Wish, Result> = PromiseWithResolvers<Result> & { readonly wish: Wish }
type Put = {
  readonly lane: Lane
  readonly entries: readonly Uint8Array[]
  readonly covers: readonly Uint8Array[] | undefined
}
type Stored = { readonly generation: Uint8Array; readonly numbers: number[] }

/** A log on a hub that answers when the test says so, and a space that only remembers. */
export const createStage = (options: { compared?: Uint8Array; outbox?: readonly number[]; packs?: SyncPacks } = {}) => {
  const pulls: Asked<readonly PullWish[], (PullAccepted | KithError)[]>[] = []
  const checks: typeof pulls = []
  const puts: Asked<Put, Stored>[] = []
  const timers: { readonly delayMs: number; readonly run: () => void }[] = []
  const cursors = new Map<Lane, Cursor>()
  const failures: unknown[] = []
  const refused: string[] = []
  const asked: Whose[] = []
  let outbox = [...(options.outbox ?? [])]
  let compared = options.compared
  let lost = 0
  let receive: SyncSpace['receive'] = () => []
  const space: SyncSpace = {
    n: 1,
    packs: options.packs,
    logs: () => [],
    cursor: (_hub, _log, lane) => cursors.get(lane),
    comparedIn: () => compared,
    compared: (_hub, _log, named) => {
      compared = named
    },
    receive: (...all) => {
      const result = receive(...all)
      if (all[4]) cursors.set(all[2], all[4])
      return result
    },
    outgoing: (_hub, _log, flying, whose) => {
      asked.push(whose)
      const entries = outbox
        .filter((n) => !flying.has(n))
        .map((n): Outgoing => ({ lane: 2, entry: Uint8Array.of(n), segments: [n] }))
      return { entries, isAll: true }
    },
    delivered: (_hub, _log, { lane, segments }, _n, cursor) => {
      outbox = outbox.filter((n) => !segments.includes(n))
      if (cursor) cursors.set(lane, cursor)
    },
    lost: () => {
      lost += 1
      cursors.clear()
      compared = undefined
    },
    pending: () => outbox.length,
    dueInMs: () => undefined,
  }
  const ask = <Wish, Result>(list: Asked<Wish, Result>[], wish: Wish): Promise<Result> => {
    const one = { wish, ...Promise.withResolvers<Result>() }
    list.push(one)
    return one.promise
  }
  const connection = {
    pull: (wishes: readonly PullWish[]) => ask(wishes[0]?.idsOnly === true ? checks : pulls, wishes),
  } as unknown as HubConnection
  const clock = {
    after: (delayMs: number, run: () => void) => {
      const timer = { delayMs, run }
      timers.push(timer)
      return () => timers.splice(timers.indexOf(timer), 1)
    },
  } as unknown as Clock
  const sync = createLogSync({
    hub,
    connection,
    putEntries: (lane, entries, covers) => ask(puts, { lane, entries, covers }) as never,
    space,
    log: { id: log, wish: {} as never, mayWrite: true, lanes: [0, 1, 2] },
    crypto: { randomBytes: (length: number) => new Uint8Array(length), sha256: () => id } as unknown as Crypto,
    clock,
    refuse: ({ code }) => refused.push(code),
    settled: () => {},
    failed: (cause) => {
      failures.push(cause)
      sync.close()
    },
  })
  const entries = (lane: Lane, numbers: readonly number[], more: Partial<HubEntries> = {}): HubEntries => ({
    log,
    lane,
    generation,
    entries: numbers.map((n) => ({ n, id, bytes: Uint8Array.of(n) })),
    caughtUp: true,
    limitReached: false,
    request: 1,
    ...more,
  })
  return {
    sync,
    pulls,
    checks,
    puts,
    timers,
    cursors,
    failures,
    refused,
    asked,
    entries,
    lostTimes: () => lost,
    comparedIn: () => compared,
    onReceive: (run: SyncSpace['receive']) => {
      receive = run
    },
    /** The hub has opened the log and shown that it has nothing. */
    catchUp: () => {
      sync.opened(generation, 'unknown')
      for (const lane of [0, 1, 2] as const) sync.entriesCame(entries(lane, []), false)
    },
    settle: () => new Promise((resolve) => setImmediate(resolve)),
  }
}
