import { KithError } from '../../bytes/index.ts'
import type { Engine } from '../engine.ts'
import { createLive } from '../live.ts'
import { liveToIterable } from '../live-query.ts'
import type { Network } from '../network.ts'
import type { Replica } from '../replica.ts'
import { rethrow } from '../space.ts'
import type { SpaceLogs } from '../space-logs.ts'
import type { Peer, Presence, PresenceOptions } from './api.ts'
import { createRoom, type Room } from './room.ts'
import { createOwnSession, showState } from './session.ts'

/** The rooms of all spaces of this person on this device. */
export type Presences = {
  /** @throws KithError `bad-value`. */
  readonly enter: (n: number, options?: PresenceOptions) => Presence
  /** Says goodbye everywhere: while there are hubs to say it to. */
  readonly close: () => void
}

export const createPresences = (
  engine: Engine,
  network: Pick<Network, 'signal' | 'onSignals'>,
  replicaOf: (n: number) => Replica,
  logsOf: (n: number) => SpaceLogs,
): Presences => {
  const rooms = new Map<number, Room>()
  const roomOf = (n: number): Room => {
    let room = rooms.get(n)
    if (!room) rooms.set(n, (room = createRoom({ engine, network, n, replicaOf: () => replicaOf(n), logs: logsOf(n) })))
    return room
  }
  return {
    enter: (n, options = {}) => toPresence(engine, roomOf(n), options),
    close: () => {
      for (const room of rooms.values()) room.close()
      rooms.clear()
    },
  }
}

const toPresence = (engine: Engine, room: Room, options: PresenceOptions): Presence => {
  const session = createOwnSession(engine, options)
  const stops = new Set<() => void>()
  let isClosed = false
  room.enter(session)

  const start = (listener: (others: Peer[]) => void, failed: (error: unknown) => void): (() => void) => {
    const stopLive = createLive(
      room.notifier,
      () => true,
      () => room.others(session),
      listener,
      failed,
    )
    const stop = (): void => {
      stops.delete(stop)
      stopLive()
    }
    stops.add(stop)
    return stop
  }

  return {
    id: session.id,
    set: async (state) => {
      if (isClosed) throw new KithError('closed', 'This presence was closed.')
      if (showState(session, state)) room.changed(session)
    },
    others: async () => (isClosed ? [] : room.others(session)),
    live: ((listener?: (others: Peer[]) => void) =>
      listener ? start(listener, rethrow) : liveToIterable<Peer>(start)) as Presence['live'],
    close: async () => {
      if (isClosed) return
      isClosed = true
      for (const stop of stops) stop()
      room.leave(session)
    },
  }
}
