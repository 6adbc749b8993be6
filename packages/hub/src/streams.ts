/**
 * Sends what pulls asked for, a piece at a time and never more than the client takes: entries wait in the store, not in memory.
 * A follower is either *reading* (behind; the store has what it needs) or *live* (has everything; pushes go straight to it). It
 * falls back to reading when the client is slow, or when a push is not the very next one.
 */
import { entriesPerFrameMax, frameFillBytes, pullsPerFrameMax } from '@kith/core/limits'
import { type HubMessage, type Lane, type NumberedEntry, type Refusal, refusal } from '@kith/core/wire'
import type { OpenLog } from './session.ts'
import type { FanOutEvent } from './fan-out.ts'
import type { Clock } from '@kith/core/ports'
import { type EntryStore, StoreFailure } from './store/entry-store.ts'
import type { Turns } from './turns.ts'

export type Follower = {
  readonly request: number
  readonly log: OpenLog
  readonly lane: Lane
  /** Everything up to here was sent. */
  n: number
  /** The highest number published while reading. */
  head: number
  state: 'reading' | 'live' | 'stopped'
}

export type Run = {
  readonly request: number
  readonly log: OpenLog
  readonly lane: Lane
  readonly direction: 'after' | 'before'
  n: number
  /** Entries that may still be sent. */
  left: number
  readonly idsOnly: boolean
}

export type Fetch = {
  readonly request: number
  readonly log: OpenLog
  readonly lane: Lane
  readonly ids: readonly Uint8Array[]
  /** Ids before this index are done. */
  at: number
  readonly idsOnly: boolean
}

export type Job =
  | { readonly kind: 'follow'; readonly follower: Follower }
  | { readonly kind: 'run'; readonly run: Run }
  | { readonly kind: 'fetch'; readonly fetch: Fetch }

export type Streams = {
  readonly start: (jobs: readonly Job[]) => void
  /** Whether a push goes straight to this follower; notes what that means for it. */
  readonly isNext: (follower: Follower, event: FanOutEvent & { kind: 'entries' }, self: string) => boolean
  /** The store has numbers up to `last`. */
  readonly news: (follower: Follower, last: number) => void
  readonly drained: () => void
  /** Whether so much is asked for already that a pull is refused: `added` are about to be started. */
  readonly isFull: (added: { readonly jobs: number; readonly fetches: number }) => boolean
  readonly close: () => void
}

type Client = {
  readonly isCongested: () => boolean
  readonly isClosed: () => boolean
  readonly send: (message: HubMessage) => void
  readonly refuse: (why: Refusal) => void
  readonly defect: (cause: unknown) => void
}

/** After which a client comes back to a hub whose database did not answer; and after which one that waits for large entries is tried again. */
const awayWaitMs = 2000
/** Each log of two full pulls. */
const jobsMax = 2 * pullsPerFrameMax
/** Lists of ids, which take memory: 128 are 17 MB at most. */
const fetchesMax = 128
/** Ids looked up for one piece of a fetch. */
const idsPerPiece = 16

export function createStreams(store: EntryStore, turns: Turns, client: Client, clock: Pick<Clock, 'after'>): Streams {
  let waiting: Job[] = []
  /** Those whose next piece has a large entry, while these cannot be had; others go on. */
  const parked = new Set<Job>()
  let isPumping = false

  async function pump(): Promise<void> {
    if (isPumping) return
    isPumping = true
    try {
      while (waiting.length > 0 && !client.isClosed() && !client.isCongested()) {
        const job = waiting.shift()!
        try {
          if (await turns.run(() => sendPiece(job))) waiting.push(job)
        } catch (cause) {
          if (!(cause instanceof StoreFailure) || cause.reason !== 'away') throw cause
          park(job)
        }
      }
    } catch (cause) {
      if (cause instanceof StoreFailure)
        client.refuse(cause.reason === 'unavailable' ? refusal('slow-down', awayWaitMs) : refusal('storage-damaged'))
      else client.defect(cause)
    } finally {
      isPumping = false
    }
  }

  function park(job: Job): void {
    parked.add(job)
    clock.after(awayWaitMs, () => {
      if (!parked.delete(job) || client.isClosed()) return
      waiting.push(job)
      void pump()
    })
  }

  /** Whether there is more to do. */
  function sendPiece(job: Job): Promise<boolean> {
    switch (job.kind) {
      case 'follow':
        return sendFollower(job.follower)
      case 'run':
        return sendRun(job.run)
      case 'fetch':
        return sendFetch(job.fetch)
    }
  }

  async function sendFollower(follower: Follower): Promise<boolean> {
    const { head } = follower
    const { entries, end } = await store.read(follower.log, follower.lane, {
      direction: 'after',
      n: follower.n,
      entriesMax: entriesPerFrameMax,
      bytesMax: frameFillBytes,
      idsOnly: false,
    })
    if (follower.state === 'stopped') return false
    follower.n = entries.at(-1)?.n ?? follower.n
    // What was published before and is not in the store was taken back, or dropped: waiting for it would never end.
    if (end) follower.n = Math.max(follower.n, head)
    const isEnd = end && follower.head <= follower.n
    send(follower, entries, isEnd ? 'caught-up' : 'more')
    if (isEnd) follower.state = 'live'
    return !isEnd
  }

  async function sendRun(run: Run): Promise<boolean> {
    const { entries, end } = await store.read(run.log, run.lane, {
      direction: run.direction,
      n: run.n,
      entriesMax: Math.min(run.left, entriesPerFrameMax),
      bytesMax: frameFillBytes,
      idsOnly: run.idsOnly,
    })
    run.n = entries.at(-1)?.n ?? run.n
    run.left -= entries.length
    const state = end ? 'caught-up' : run.left === 0 ? 'limit' : 'more'
    send(run, entries, state)
    return state === 'more'
  }

  async function sendFetch(fetch: Fetch): Promise<boolean> {
    const entries: NumberedEntry[] = []
    let bytes = 0
    const ids = fetch.idsOnly ? entriesPerFrameMax : idsPerPiece
    for (
      const end = Math.min(fetch.ids.length, fetch.at + ids);
      fetch.at < end && bytes < frameFillBytes;
      fetch.at += 1
    ) {
      const found = await findOne(fetch, entries.length > 0)
      if (found === 'away') break
      const [entry] = found
      if (entry === undefined) continue
      const isFull = entries.length > 0 && bytes + entry.bytes.length > frameFillBytes
      if (isFull) break
      entries.push(entry)
      bytes += entry.bytes.length
    }
    const isEnd = fetch.at >= fetch.ids.length
    send(fetch, entries, isEnd ? 'caught-up' : 'more')
    return !isEnd
  }

  /** What was found before one that cannot be had now is sent first. */
  async function findOne(
    { log, lane, ids, at, idsOnly }: Fetch,
    hasOthers: boolean,
  ): Promise<NumberedEntry[] | 'away'> {
    try {
      return await store.readIds(log, lane, [ids[at]!], idsOnly)
    } catch (cause) {
      if (hasOthers && cause instanceof StoreFailure && cause.reason === 'away') return 'away'
      throw cause
    }
  }

  function send(
    from: { request: number; log: OpenLog; lane: Lane },
    entries: NumberedEntry[],
    state: 'more' | 'caught-up' | 'limit',
  ): void {
    if (state === 'more' && entries.length === 0) return
    const { request, lane } = from
    client.send({ type: 'entries', request, log: from.log.id, lane, generation: store.generation, state, entries })
  }

  function fallBack(follower: Follower, head: number): void {
    follower.head = head
    follower.state = 'reading'
    waiting.push({ kind: 'follow', follower })
    void pump()
  }

  return {
    start(jobs) {
      if (jobs.length === 0) return
      waiting.push(...jobs)
      void pump()
    },
    isNext(follower, event, self) {
      if (follower.state !== 'live') {
        follower.head = Math.max(follower.head, event.last)
        return false
      }
      // Read from the store already: what several processes publish comes in any order.
      if (event.last <= follower.n) return false
      const isConsecutive = event.first === follower.n + 1
      if (isConsecutive && event.from === self) {
        follower.n = event.last
        return false
      }
      if (isConsecutive && !client.isCongested()) {
        follower.n = event.last
        return true
      }
      fallBack(follower, event.last)
      return false
    },
    news(follower, last) {
      if (follower.state !== 'live') follower.head = Math.max(follower.head, last)
      else if (last > follower.n) fallBack(follower, last)
    },
    drained() {
      void pump()
    },
    isFull: (added) => {
      const jobs = [...waiting, ...parked]
      const fetches = jobs.filter(({ kind }) => kind === 'fetch').length + added.fetches
      return jobs.length + added.jobs >= jobsMax || fetches >= fetchesMax
    },
    close() {
      waiting = []
      parked.clear()
    },
  }
}
