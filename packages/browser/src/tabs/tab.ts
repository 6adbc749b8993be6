import { KithError } from '@kith/core'
import { createCaller, type Caller, type Link } from '../port/caller.ts'
import { dataToError } from '../port/error-data.ts'
import { portVersion } from '../port/messages.ts'
import { startEngine, type Engine, type EngineOptions } from './engine.ts'
import { openChannel } from './channel.ts'
import { holdLock } from './lock.ts'
import type { Met, Opened, SquareMessage, TabMessage } from './messages.ts'
import { leaderLock, square, tabChannel, tabLock } from './names.ts'

export type Tab = {
  readonly caller: Caller
  readonly opened: Opened
  readonly store: string
  readonly leave: () => Promise<void>
}

export type TabOptions = Omit<EngineOptions, 'tab'> & {
  /** A device is being linked: the person compares, then one of the two is called. */
  readonly met?: (met: Met, confirm: () => void, cancel: () => void) => void
}

/**
 * This page's part in a store: it asks who is there, and queues for the lock under which it would be the one. Calls go to whoever
 * is the engine, this page's own worker or another's.
 *
 * @throws what the engine could not be opened with.
 */
export const openTab = async ({ met, ...options }: TabOptions): Promise<Tab> => {
  const { store } = options
  const id = crypto.randomUUID()
  const letGo = await holdLock(tabLock(store, id))
  const caller = createCaller()
  const leaving = new AbortController()
  let engine: Engine | undefined
  let opened: Opened | undefined
  /** The worker that the page talks to, and how. */
  let connected: { round: string; link: Link } | undefined
  let release = (): void => {}
  let resolveFirst = (_opened: Opened): void => {}
  let rejectFirst = (_error: unknown): void => {}
  const first = new Promise<Opened>((resolve, reject) => {
    resolveFirst = resolve
    rejectFirst = reject
  })

  const end = (error: Error): void => {
    leaving.abort()
    caller.fail(error)
    place.close()
    channel.close()
    release()
    letGo()
    rejectFirst(error)
  }
  const connect = (next: Opened, link: Link): void => {
    if (connected?.round === next.round) return
    if (opened && opened.address !== next.address) return end(lost())
    opened = next
    connected = { round: next.round, link }
    caller.connect(link)
    resolveFirst(next)
  }
  const join = (): void => place.send({ type: 'join', tab: id, version: portVersion })

  const place = openChannel<SquareMessage>(square(store), (data) => {
    if (data.type === 'here' && data.round !== connected?.round) join()
  })
  const channel = openChannel<TabMessage>(tabChannel(store, id), (data) => {
    if (data.type === 'welcome') {
      const { round } = data.opened
      if (engine) return
      connect(data.opened, { post: (message) => channel.send({ type: 'to worker', round, message }) })
    } else if (data.type === 'refused') end(dataToError(data.error))
    else if (data.type === 'to page' && connected) {
      // An answer counts whoever gave it: what is answered is done.
      const other: Link = { post: () => {} }
      caller.receive(data.message, data.round === connected.round ? connected.link : other)
    }
  })

  /** Is the engine until the page leaves, or its worker cannot be had. */
  const lead = async (lock: Lock | null): Promise<void> => {
    if (!lock) return end(taken())
    const link: Link = { post: (message) => engine?.post(message) }
    engine = startEngine(
      { ...options, tab: id },
      {
        met: (what) =>
          met?.(
            what,
            () => engine?.confirm(),
            () => void leave(),
          ),
        opened: (next) => connect(next, link),
        lost: () => caller.disconnect(),
        received: (message) => caller.receive(message, connected?.link ?? link),
        failed: end,
      },
    )
    await new Promise<void>((resolve) => (release = resolve))
  }
  // Who is to come into an empty store does not wait for its turn: whoever has the store makes it somebody's.
  const isComing = options.start.how !== 'open'
  navigator.locks
    .request(leaderLock(store), isComing ? { ifAvailable: true } : { signal: leaving.signal }, lead)
    .catch((error: Error) => {
      if (!leaving.signal.aborted) end(error)
    })
  if (!isComing) join()

  const leave = async (): Promise<void> => {
    if (engine) await engine.close()
    else {
      await caller.idle()
      channel.send({ type: 'bye' })
    }
    end(new KithError('closed', 'This person was closed. Open it again.'))
  }
  return { caller, opened: await first, store, leave }
}

const taken = (): KithError =>
  new KithError('not-allowed', 'There is a person in this place already, open in another tab. Choose another.')

const lost = (): KithError =>
  new KithError(
    'closed',
    'What this window had in memory went with the tab that was closed. Reload to begin anew, and join your spaces again.',
  )
