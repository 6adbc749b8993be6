import { assert, equalBytes, KithError, toHex } from '../../bytes/index.ts'
import { couriersMax } from '../../limits/index.ts'
import type { Cancel } from '../../ports/index.ts'
import { connectHub, createBackOff, type BackOff, type OpenWish } from '../../sync/index.ts'
import { bytesToPolicy } from '../../wire/index.ts'
import type { Engine } from '../engine.ts'
import { letterLane } from './boxes.ts'
import type { ContactStore, DeliveryRow } from './store.ts'

/**
 * Brings letters to the boxes of others, each box at each hub on a fresh connection of its own: no proof of ours, no ticket, no log of
 * ours is ever shown on it, so that a hub learns nothing of the sender but the network address.
 */
export type Courier = {
  /** There may be letters to bring. */
  readonly wake: () => void
  /** Resolves when none is left. Rejects after `timeoutMs`, and when closed. */
  readonly idle: (timeoutMs: number) => Promise<void>
  readonly close: () => void
}

const firstRestMs = 1_000
const longestRestMs = 15 * 60_000
/** After a full disk, say. */
const ownTroubleMs = 5_000
/** A hub that takes longer for one box is tried again later. */
const deliveryMsMax = 60_000
const noKey = new Uint8Array(32)

type Trip = { readonly url: string; readonly rows: readonly DeliveryRow[] }

export const createCourier = (engine: Engine, store: ContactStore, changed: () => void): Courier => {
  const { network, clock, crypto } = engine.platform
  const flying = new Map<string, () => void>()
  const resting = new Map<string, { readonly backOff: BackOff; cancel: Cancel | undefined }>()
  const waiters = new Set<{ readonly resolve: () => void; readonly reject: (cause: KithError) => void }>()
  let problem: KithError | undefined
  let cancelAgain: Cancel | undefined
  let isClosed = false

  const trips = (): Map<string, Trip> => {
    const found = new Map<string, { url: string; rows: DeliveryRow[] }>()
    for (const row of store.deliveries()) {
      const name = `${toHex(row.policy)}@${row.url}`
      const trip = found.get(name)
      if (trip) trip.rows.push(row)
      else found.set(name, { url: row.url, rows: [row] })
    }
    return found
  }

  /** Nobody waits for what timers and commits call: trouble with our own disk is tried again. */
  const guard = (run: () => void): void => {
    if (isClosed) return
    try {
      run()
    } catch (cause) {
      if (!(cause instanceof KithError)) throw cause
      problem = cause
      cancelAgain ??= clock.after(ownTroubleMs, () => {
        cancelAgain = undefined
        wake()
      })
    }
  }
  const wake = (): void => guard(look)

  const look = (): void => {
    const waiting = trips()
    if (waiting.size === 0) {
      for (const { resolve } of waiters) resolve()
      waiters.clear()
      return
    }
    for (const [name, trip] of waiting) {
      if (flying.size >= couriersMax) return
      if (!flying.has(name) && !resting.get(name)?.cancel) start(name, trip)
    }
  }

  const start = (name: string, trip: Trip): void => {
    bring(name, trip).then(
      () => {
        guard(() => {
          resting.delete(name)
          store.delivered(trip.rows.map(({ n }) => n))
          changed()
          look()
        })
      },
      (cause) => {
        if (!isClosed) rest(name, cause)
      },
    )
  }

  const rest = (name: string, cause: unknown): void => {
    if (!(cause instanceof KithError)) throw cause
    problem = cause
    const known = resting.get(name) ?? { backOff: createBackOff(crypto, firstRestMs, longestRestMs), cancel: undefined }
    resting.set(name, known)
    known.cancel = clock.after(known.backOff.next(cause), () => {
      known.cancel = undefined
      guard(() => {
        store.dropExpired()
        look()
      })
    })
    wake()
  }

  const bring = async (name: string, { url, rows }: Trip): Promise<void> => {
    const [first] = rows
    assert(first, 'a trip without letters')
    const { hub, seed } = first
    const connection = connectHub({
      url,
      network,
      clock,
      crypto,
      ...(equalBytes(hub, noKey) ? {} : { hubKey: hub }),
      events: { opened: () => {}, entries: () => {}, signal: () => {}, closed: () => {} },
    })
    flying.set(name, connection.close)
    const cancel = clock.after(deliveryMsMax, connection.close)
    try {
      const rights: OpenWish['rights'] = seed ? [{ right: 'write', seed }] : []
      const [log] = await connection.open([{ policy: bytesToPolicy(first.policy), rights }])
      if (!log || log instanceof KithError) throw log ?? new KithError('hub-refused', 'The hub did not open the box.')
      const entries = rows.map(({ bytes }) => bytes)
      await connection.put(log.log, letterLane, entries)
    } finally {
      cancel()
      flying.delete(name)
      connection.close()
    }
  }

  const idle = (timeoutMs: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        cancel()
        waiters.delete(waiter)
        settle()
      }
      const waiter = { resolve: () => end(resolve), reject: (cause: KithError) => end(() => reject(cause)) }
      const cancel = clock.after(timeoutMs, () => waiter.reject(notInTime(problem, timeoutMs)))
      waiters.add(waiter)
      wake()
    })

  return {
    wake,
    idle,
    close: () => {
      isClosed = true
      for (const end of flying.values()) end()
      for (const { cancel } of resting.values()) cancel?.()
      cancelAgain?.()
      for (const { reject } of waiters) reject(new KithError('closed', 'This person was closed.'))
    },
  }
}

const notInTime = (problem: KithError | undefined, timeoutMs: number): KithError =>
  new KithError(
    'hub-unreachable',
    `The receiver's hub did not take all letters in time${problem ? ` (${problem.message})` : ''}. They are safe here and go later.`,
    { timeoutMs, ...(problem ? { why: problem.code } : {}) },
  )
