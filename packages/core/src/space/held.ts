import { toBase32, toHex } from '../bytes/index.ts'
import { createAcquaintance } from './acquaintance.ts'
import type { HeldBack, Member } from './api.ts'
import type { Engine } from './engine.ts'
import { nameOf } from './names.ts'
import { canReissue } from './reissue.ts'
import type { Replica } from './replica.ts'

/** The members of a space with the names that they gave themselves there. */
export const listMembers = (engine: Engine, replica: Replica): Member[] =>
  replica.membership.members().flatMap((member) =>
    member.rank === 'recovery'
      ? []
      : [
          {
            address: toBase32(member.address),
            ...nameOf(engine, replica, member),
            role: member.role,
            rank: member.rank,
            devices: member.devices.length,
          },
        ],
  )

/** Finds the address of the person that a device belongs to, as text; empty for none. Also of those who are out: theirs is most of what is held back. */
const createAuthors = (engine: Engine, replica: Replica): ((device: Uint8Array) => string) => {
  const people = createAcquaintance(engine, replica)
  return (device) => {
    const person = people.personOfDevice(device)
    return (person && people.person(person)?.address) ?? ''
  }
}

/** Changes that have no effect here: with a verdict against them, or waiting for something. */
export const listHeldBack = (engine: Engine, replica: Replica): HeldBack[] => {
  const { statements } = engine
  const { history } = engine.store()
  const authorOf = createAuthors(engine, replica)
  const toItem = (number: number, code: string, reason: string, isFinal: boolean): HeldBack => {
    const change = history.change(number)
    const author = authorOf(change.header.device)
    const isOpen = isFinal && canReissue(engine, replica, change, code)
    return { change: toHex(change.hash), author, code, reason, isFinal, canReissue: isOpen }
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
      canReissue: false,
    })),
  ]
}
