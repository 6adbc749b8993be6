import { fromHex, KithError, toBase32, toHex } from '../bytes/index.ts'
import { spaceLabel } from '../database/index.ts'
import type { Explanation, HeldBack, Member } from './api.ts'
import type { Engine } from './engine.ts'
import { toRowId } from './recorder.ts'
import type { Replica } from './replica.ts'

/** The members of a space with the names that they gave themselves there. */
export const listMembers = (engine: Engine, replica: Replica): Member[] =>
  replica.membership.members().flatMap((member) =>
    member.rank === 'recovery'
      ? []
      : [
          {
            address: toBase32(member.address),
            name: engine.store().labels.read(replica.entry.n, member.address) ?? '',
            role: member.role,
            rank: member.rank,
            devices: member.devices.length,
          },
        ],
  )

export const spaceName = (engine: Engine, replica: Replica): string =>
  engine.store().labels.read(replica.entry.n, spaceLabel) ?? ''

/** Finds the address of the member that a device belongs to, as text; empty for none. The list is walked once. */
const createAuthors = (replica: Replica): ((device: Uint8Array) => string) => {
  const addresses = new Map<string, string>()
  for (const { address, devices } of replica.membership.members()) {
    for (const { device } of devices) addresses.set(toHex(device), toBase32(address))
  }
  return (device) => addresses.get(toHex(device)) ?? ''
}

/** Changes that have no effect here: with a verdict against them, or waiting for something. */
export const listHeldBack = (engine: Engine, replica: Replica): HeldBack[] => {
  const { statements } = engine
  const { history } = engine.store()
  const authorOf = createAuthors(replica)
  const toItem = (number: number, code: string, reason: string, isFinal: boolean): HeldBack => {
    const change = history.change(number)
    return { change: toHex(change.hash), author: authorOf(change.header.device), code, reason, isFinal }
  }
  const held = statements('SELECT change, code, reason FROM held WHERE space = ? ORDER BY change').all(replica.entry.n)
  const waiting = statements('SELECT change, reason FROM waiting WHERE space = ? ORDER BY change').all(replica.entry.n)
  return [
    ...held.map((row) => toItem(row.change as number, row.code as string, row.reason as string, true)),
    ...waiting.map((row) => toItem(row.change as number, 'waiting', row.reason as string, false)),
    ...replica.membership.heldBack().map(({ change, reason }) => ({
      change: toHex(change.hash),
      author: authorOf(change.header.device),
      code: reason.code,
      reason: reason.message,
      isFinal: true,
    })),
  ]
}

/** Explains a row (by its id) or a change (by its hash as `heldBack` gives it). @throws KithError `not-found`. */
export const explain = (engine: Engine, replica: Replica, id: string): Explanation => {
  const number = id.length === 64 ? changeByHash(engine, replica, id) : changeOfRow(engine, replica, id)
  const change = engine.store().history.change(number)
  const { header } = change
  const held = engine.statements('SELECT reason FROM held WHERE change = ?').get(number)
  const waiting = engine.statements('SELECT reason FROM waiting WHERE change = ?').get(number)
  const members = listMembers(engine, replica)
  const author = createAuthors(replica)(header.device)
  return {
    change: toHex(change.hash),
    author: { address: author, name: members.find((member) => member.address === author)?.name ?? '' },
    time: new Date(header.time.ms),
    grant: toHex(header.grant),
    epoch: toHex(header.epoch),
    readers: members.map(({ address: reader, name }) => ({ address: reader, name })),
    state: held ? 'held back' : waiting ? 'waiting' : 'applied',
    reason: (held ?? waiting)?.reason as string | undefined,
  }
}

const changeOfRow = (engine: Engine, replica: Replica, id: string): number => {
  const row = toRowId(id)
  for (const { physical } of replica.record().compiled.tables) {
    const found = engine
      .statements(`SELECT "$change" AS change FROM ${physical} WHERE "$space" = ? AND id = ?`)
      .get(replica.entry.n, row)
    if (found) return found.change as number
  }
  throw new KithError('not-found', 'No row of this space has that id.')
}

/** Looks through history: for people who ask, not for programs in a loop. */
const changeByHash = (engine: Engine, replica: Replica, id: string): number => {
  const wanted = toHex(fromHex(id))
  const { history, registry } = engine.store()
  for (const chain of registry.chainsOf(replica.entry.n)) {
    for (const number of history.segmentNumbers(chain.n)) {
      const stored = history.segment(number)
      const at = stored ? history.decode(stored).changes.findIndex((change) => toHex(change.hash) === wanted) : -1
      if (at >= 0) return number + at
    }
  }
  throw new KithError('not-found', 'No change of this space has that hash.')
}
