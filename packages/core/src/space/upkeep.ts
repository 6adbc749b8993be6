import { equalBytes, hashToKey, KithError, toHex } from '../bytes/index.ts'
import { kinds } from '../change/index.ts'
import { createShare, secretOfLevel } from '../keys/index.ts'
import { epochItemsMax } from '../limits/index.ts'
import { encodeBroken, encodeShare, type Epoch, isRankAtLeast, type ShareDue } from '../membership/index.ts'
import type { Cancel } from '../ports/index.ts'
import type { Engine } from './engine.ts'
import { endedInvites, nextExpiry } from './invite-ends.ts'
import { removeLateGrants } from './late-grants.ts'
import { endRights } from './removal.ts'
import { newestOf, startEpoch } from './rotation.ts'
import { type HeldEpoch, isHeld, type Replica } from './replica.ts'

/**
 * What a device does for a space without being asked: it says that keys are broken, hands keys to members whom an epoch missed, closes links that
 * are spent or expired, ends grants that turn up late for somebody whom it removed; and it starts an epoch when somebody wants to
 * write and there is none.
 */
export type Upkeep = {
  /** Undefined: content can be written now. Otherwise it resolves when it can; it rejects with what stands in the way. */
  readonly ready: (space: number) => Promise<void> | undefined
  readonly close: () => void
}

export type UpkeepInput = {
  readonly engine: Engine
  /** Undefined for a space that is not an app's. */
  readonly replicaOf: (space: number) => Replica | undefined
  readonly isConnected: () => boolean
  /** Resolves when what a hub has is here. Rejects when none answers in time. */
  readonly pull: (space: number) => Promise<void>
  /** Keys have come: there may be logs to open. */
  readonly wake: (space: number) => void
}

/** Spread over devices, so that usually one of them does it: admins come first, for they can do more (membership rule 16). */
const spreadMs = 5_000
const adminSpreadMs = 1_000
/** What could not be done (a full disk, a rule) is tried again when something comes, or after so long. */
const againMs = 60_000
/** A timer that a computer slept through, or that is far off, is looked at now and then. */
const longestNapMs = 10 * 60_000

/**
 * How long boxes may come after the record that names them. Whoever started the epoch may have lost its connection in between; or he never gave them away, or every copy is lost: then
 * nobody could ever write again, and the epoch is broken (membership rule 15).
 */
const boxesLateMs = 60_000

type Chore = 'broken' | 'boxes' | 'share' | 'close' | 'late grants' | 'expiry'

export const createUpkeep = (input: UpkeepInput): Upkeep => {
  const { engine, replicaOf, isConnected, pull, wake } = input
  const { platform } = engine
  const { clock, crypto } = platform
  const timers = new Map<string, Cancel>()
  const readies = new Map<number, Promise<void>>()
  const watchers = new Set<(space: number) => void>()
  let isClosed = false

  const isAdmin = (replica: Replica): boolean => {
    const me = replica.me()
    return me !== undefined && isRankAtLeast(me.rank, 'admin')
  }
  const randomBelow = (ms: number): number => {
    const [high = 0, low = 0] = crypto.randomBytes(2)
    return ((high * 256 + low) / 65_536) * ms
  }
  const spread = (replica: Replica): number => randomBelow(isAdmin(replica) ? adminSpreadMs : spreadMs)

  /** One timer for each chore of each space; one that runs already stays. */
  const later = (space: number, chore: Chore, delayMs: number, run: (replica: Replica) => void): void => {
    const name = `${space}/${chore}`
    if (timers.has(name)) return
    const cancel = clock.after(delayMs, () => {
      timers.delete(name)
      if (!isClosed) attempt(space, chore, run)
    })
    timers.set(name, cancel)
  }

  const attempt = (space: number, chore: Chore, run: (replica: Replica) => void): void => {
    try {
      const replica = replicaOf(space)
      if (replica?.me() && !replica.isReadOnly()) run(replica)
    } catch (cause) {
      // Nobody waits for a chore; what is owed stays visible in `status()`.
      if (!(cause instanceof KithError)) throw cause
      if (!isClosed) later(space, chore, againMs, run)
    }
  }

  const look = (space: number): void => {
    if (isClosed) return
    wake(space)
    for (const watch of watchers) watch(space)
    const replica = replicaOf(space)
    if (!replica?.me() || replica.isReadOnly()) return
    if (replica.brokenEpochs().length > 0)
      attempt(space, 'broken', (found) => reportBroken(found, found.brokenEpochs()))
    if (replica.boxlessEpochs().length > 0) later(space, 'boxes', boxesLateMs + spread(replica), lookForBoxes)
    if (sharesDue(engine, replica).length > 0) later(space, 'share', spread(replica), writeShares)
    lookAtInvites(space, replica)
    if (isAdmin(replica))
      later(space, 'late grants', randomBelow(adminSpreadMs), (found) => removeLateGrants(engine, found))
  }

  const lookAtInvites = (space: number, replica: Replica): void => {
    if (endedInvites(engine, replica).length > 0) later(space, 'close', spread(replica), closeInvites)
    const expiry = nextExpiry(engine, replica)
    if (expiry === undefined) return
    const napMs = Math.min(Math.max(expiry - engine.clock.nowMs(), 0) + 1, longestNapMs)
    later(space, 'expiry', napMs, (found) => lookAtInvites(space, found))
  }

  /** In one transaction: somebody may have started a thousand of them, and after each all logs are looked at anew. */
  const reportBroken = (replica: Replica, epochs: readonly Epoch[]): void =>
    engine.whole(() => {
      for (const [at, { hash }] of epochs.entries()) {
        const body = encodeBroken({ salt: crypto.randomBytes(16), epoch: hash })
        replica.writeMembership(kinds.broken, body, { joinsLast: at > 0 })
      }
    })

  /** Those that were missing when the time was over, and are still when a hub has shown all that it has. */
  const lookForBoxes = (replica: Replica): void => {
    const { n } = replica.entry
    const missing = new Set(replica.boxlessEpochs().map(({ hash }) => toHex(hash)))
    if (missing.size === 0) return
    pull(n).then(
      () =>
        !isClosed &&
        attempt(n, 'boxes', (found) =>
          reportBroken(
            found,
            found.boxlessEpochs().filter(({ hash }) => missing.has(toHex(hash))),
          ),
        ),
      () => !isClosed && later(n, 'boxes', againMs, lookForBoxes),
    )
  }

  const writeShares = (replica: Replica): void => {
    for (const { epoch, to } of sharesDue(engine, replica)) shareEpoch(engine, replica, epoch, to)
  }

  const closeInvites = (replica: Replica): void => {
    const ended = endedInvites(engine, replica)
    if (ended.length > 0)
      endRights(engine, replica, { grants: [], invites: ended.map(({ hash }) => hash), devices: [] })
  }

  const canWrite = (replica: Replica): boolean => replica.epochInUse() !== undefined

  /** Rule 16: pull first, then wait for others who may be about to do the same. Offline, nobody can be waited for. */
  const prepare = async (space: number): Promise<void> => {
    if (isConnected()) {
      await pull(space).catch(() => {})
      const replica = replicaOf(space)
      if (replica && !canWrite(replica)) await arrival(space, spread(replica))
    }
    if (isClosed) throw new KithError('closed', 'This person was closed.')
    const replica = replicaOf(space)
    if (!replica || canWrite(replica) || !replica.membership.isRotationOwed()) return
    startEpoch(engine, replica)
    await engine.unit.durable()
  }

  /** Resolves when there are keys to write under, and after `ms` at the latest. */
  const arrival = (space: number, ms: number): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        watchers.delete(watch)
        cancel()
        resolve()
      }
      const watch = (told: number): void => {
        const replica = told === space ? replicaOf(space) : undefined
        if (replica && canWrite(replica)) end()
      }
      const cancel = clock.after(ms, end)
      watchers.add(watch)
    })

  /** A full disk is in the way of looking too: nobody waits for it here, so it is looked at again. */
  const lookSafely = (space: number): void => {
    try {
      look(space)
    } catch (cause) {
      if (!(cause instanceof KithError)) throw cause
      const name = `${space}/look`
      timers.get(name)?.()
      timers.set(
        name,
        clock.after(againMs, () => {
          timers.delete(name)
          lookSafely(space)
        }),
      )
    }
  }
  const unlisten = engine.onMembership(lookSafely)

  return {
    ready: (space) => {
      const replica = replicaOf(space)
      // Whoever may not write at all is told so by the write itself.
      if (!replica?.me() || replica.isReadOnly() || canWrite(replica) || !replica.membership.isRotationOwed())
        return undefined
      let ready = readies.get(space)
      if (!ready) {
        ready = prepare(space).finally(() => readies.delete(space))
        readies.set(space, ready)
      }
      return ready
    },
    close: () => {
      isClosed = true
      unlisten()
      for (const cancel of timers.values()) cancel()
    },
  }
}

/**
 * Members whom the epoch in use missed, or, while a new one is owed, the newest there are: what was written there is for them too, and the next may not come for long. Those whom
 * one missed that was started beside the one in use, where something was written under it: the one in use does not lead to it. And those who called one broken that we
 * have keys of. As far as we have what is due to them.
 */
const sharesDue = (engine: Engine, replica: Replica): { epoch: HeldEpoch; to: ShareDue[] }[] => {
  const { membership } = replica
  const records = membership.epochs()
  const inUse = replica.epochInUse()
  const newest = new Set(inUse ? [] : newestOf(records).map(({ hash }) => toHex(hash)))
  const held = replica.epochs().filter(isHeld)
  const last = inUse ? [inUse] : held.filter(({ hash }) => newest.has(toHex(hash)))
  const broken = new Set(records.flatMap(({ hash, isBroken }) => (isBroken ? [toHex(hash)] : [])))
  const heldBroken = held.filter(({ hash }) => broken.has(toHex(hash)) && !newest.has(toHex(hash)))
  const dueOf = (epoch: HeldEpoch): { epoch: HeldEpoch; to: ShareDue[] }[] => {
    const to = membership.missed(epoch.hash).filter(({ level }) => secretOfLevel(epoch.secrets, level) !== undefined)
    return to.length === 0 ? [] : [{ epoch, to }]
  }
  const known = records.find(({ hash }) => inUse !== undefined && equalBytes(hash, inUse.hash))
  const older = new Set(known?.supersedes.map(hashToKey))
  const isBeside = ({ hash }: HeldEpoch): boolean => !older.has(hashToKey(hash)) && !broken.has(toHex(hash))
  const beside = known ? held.filter((epoch) => epoch !== inUse && isBeside(epoch)) : []
  return [
    ...[...last, ...heldBroken].flatMap(dueOf),
    // Whoever starts a thousand makes nobody else write as many shares.
    ...beside
      .slice(0, besideMax)
      .flatMap(dueOf)
      .filter(({ epoch }) => hasContent(engine, replica, epoch)),
  ]
}

const besideMax = 4
const hasContent = ({ statements }: Engine, { entry }: Replica, { hash }: HeldEpoch): boolean =>
  statements(
    'SELECT 1 FROM chain c JOIN segment s ON s.chain = c.n WHERE c.space = ? AND c.class = 1 AND s.epoch = ? LIMIT 1',
  ).get(entry.n, hash) !== undefined

/** Hands our secret of an epoch to members, to each at most what its rank is due. */
const shareEpoch = (
  engine: Engine,
  replica: Replica,
  epoch: HeldEpoch,
  to: readonly ShareDue[],
  joinsLast = false,
): void => {
  const { crypto } = engine.platform
  for (let at = 0; at < to.length; at += epochItemsMax) {
    const some = to.slice(at, at + epochItemsMax)
    const share = createShare(crypto, replica.entry.id, epoch.hash, epoch.secrets, some)
    replica.writeMembership(kinds.share, encodeShare(share), { joinsLast: joinsLast || at > 0 })
  }
}

/** What a new member or one of higher rank is due of the epoch in use, at once and in the same transaction. */
export const shareWith = (engine: Engine, replica: Replica, person: Uint8Array): void => {
  for (const { epoch, to } of sharesDue(engine, replica)) {
    const due = to.filter((one) => equalBytes(one.person, person))
    shareEpoch(engine, replica, epoch, due, true)
  }
}
