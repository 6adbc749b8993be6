import { equalBytes, ifUsable, toHex } from '@kith/core/bytes'
import {
  type Change,
  type DataBody,
  decodeDataBody,
  encodeDataBody,
  type Header,
  kinds,
  kindToChain,
  noBytes,
  type Op,
  opCodes,
} from '@kith/core/change'
import { createEpoch } from '@kith/core/keys'
import { depsHeadsMax } from '@kith/core/limits'
import {
  createMembership,
  encodeBroken,
  encodeEpoch,
  encodeGrant,
  encodeMerge,
  encodeRemoval,
  type EpochBody,
  type Level,
} from '@kith/core/membership'
import type { StolenEpoch, Thief } from './thief.ts'

/** What somebody does with stolen keys, or with those of a member that he was. */
export type Deed = (thief: Thief) => void

const salt = ({ platform }: Thief): Uint8Array => platform.crypto.randomBytes(16)
const anyHash = ({ platform }: Thief): Uint8Array => platform.crypto.randomBytes(32)
/** What he says that he has seen, as far as one change can name it: a crowd of attackers leaves more. */
const headsOf = ({ membership }: Thief): Uint8Array[] => membership.heads().slice(0, depsHeadsMax)
const epochOf = ({ dice, epochs }: Thief): StolenEpoch => dice.pick(epochs)

/** Bodies of changes that the stolen disk had, of the kinds that have an effect. */
const bodiesWith = (thief: Thief, code: number): { change: Change; read: DataBody }[] =>
  thief.known.flatMap((change) => {
    const { header, body } = change
    const read = body && header.kind === kinds.data ? ifUsable(() => decodeDataBody(body)) : undefined
    return read?.ops.some((op) => op[0] === code) ? [{ change, read }] : []
  })

/** Where on the stolen device's chain: after its last, on a fork anywhere below, or as if it began anew; and when, by whatever clock. */
const somewhere = (thief: Thief): Partial<Header> => {
  const { dice, known, platform } = thief
  const own = thief.change(kinds.data, noBytes).header.device
  const chain = known.filter(({ header }) => equalBytes(header.device, own) && kindToChain(header.kind) === 'content')
  const fork = chain.length > 0 && dice.chance(0.3) ? dice.pick(chain) : undefined
  const place = dice.chance(0.2)
    ? { seq: 0, prev: noBytes }
    : fork
      ? { seq: fork.header.seq + 1, prev: fork.hash }
      : undefined
  const backMs = dice.pick([0, 0, 60_000, 3_600_000, -240_000])
  const epoch = epochOf(thief).hash
  const heads = dice.chance(0.3) ? [epoch] : headsOf(thief)
  return {
    ...place,
    epoch,
    deps: { membership: heads, content: [] },
    time: { ms: platform.clock.now() - backMs, counter: dice.roll(1000) },
  }
}

const putContent = (thief: Thief, changes: readonly Change[]): void => {
  const named = (changes[0] as Change).header.epoch
  const epoch = thief.epochs.find(({ hash }) => equalBytes(hash, named))
  if (epoch) thief.put(epoch, [changes])
}

/** Rows, as many as there is patience for: under old keys, backdated, on a fork. */
const write: Deed = (thief) => {
  const found = bodiesWith(thief, opCodes.insert)
  if (found.length === 0) return
  const many = thief.dice.chance(0.3) ? 30 : 1
  const run: Change[] = []
  for (let n = 0; n < many; n += 1) {
    const before = run.at(-1)
    const where = before
      ? { ...before.header, seq: before.header.seq + 1, prev: before.hash, time: laterTime(before) }
      : somewhere(thief)
    const { ops } = thief.dice.pick(found).read
    run.push(thief.change(kinds.data, encodeDataBody(salt(thief), ops), where))
  }
  putContent(thief, run)
}

const laterTime = ({ header }: Change): Header['time'] => ({ ms: header.time.ms, counter: header.time.counter + 1 })

/** Changes that rest on what nobody has. */
const nameUnknown: Deed = (thief) => {
  const [found] = bodiesWith(thief, opCodes.insert)
  if (!found) return
  const body = encodeDataBody(salt(thief), found.read.ops)
  const where = somewhere(thief)
  const deps = thief.dice.chance(0.5)
    ? { membership: [anyHash(thief)], content: [] }
    : { membership: headsOf(thief), content: [anyHash(thief)] }
  putContent(thief, [thief.change(kinds.data, body, { ...where, deps })])
  const merge = encodeMerge({ salt: salt(thief), heads: [anyHash(thief)] })
  thief.put(epochOf(thief), [[thief.change(kinds.merge, merge)]])
}

/** The ids of rows that the stolen device made: whoever has its key can make changes whose rows have them too. */
const preemptRows: Deed = (thief) => {
  const found = bodiesWith(thief, opCodes.insert)
  if (found.length === 0) return
  const { change, read } = thief.dice.pick(found)
  const body = encodeDataBody(read.salt, read.ops)
  putContent(thief, [thief.change(kinds.data, body, { ...somewhere(thief), time: change.header.time })])
}

/** What others typed, with their Yjs ids, as if it were his own; and the same with another salt. */
const preemptText: Deed = (thief) => {
  const found = bodiesWith(thief, opCodes.text)
  if (found.length === 0) return
  const { read } = thief.dice.pick(found)
  const resalted = read.ops.map((op): Op => {
    if (op[0] !== opCodes.text || thief.dice.chance(0.5)) return op
    return [op[0], op[1], op[2], op[3], salt(thief), op[5], op[6]]
  })
  const body = encodeDataBody(salt(thief), resalted)
  putContent(thief, [thief.change(kinds.data, body, somewhere(thief))])
}

/** Removes whomever he knows, with a cut that accepts nothing; names himself owner. */
const seize: Deed = (thief) => {
  const { membership, me } = thief
  const others = membership.members().filter(({ person }) => !equalBytes(person, me.person))
  const runs = others.map(({ grants }) => {
    const body = { salt: salt(thief), grants, cut: [], replacement: undefined }
    return [thief.change(kinds.removal, encodeRemoval(body))]
  })
  const tag = membership.members().find(({ person }) => equalBytes(person, me.person))?.tag as Uint8Array
  const grant = { type: 'person', salt: salt(thief), person: me.person, tag, rank: 'owner', role: 'owner' } as const
  thief.put(epochOf(thief), [...runs, [thief.change(kinds.grant, encodeGrant(grant))]])
}

/** Epochs that are sealed to others than they should be, or whose boxes nobody gets; and calls those of others broken. */
const spoilEpochs: Deed = (thief) => {
  const { dice, membership, platform, space } = thief
  const mine = membership.members().find(({ person }) => equalBytes(person, thief.me.person))?.rank
  const highest: Exclude<Level, 'read'> = mine === 'admin' || mine === 'owner' ? 'admin' : 'write'
  const many = dice.chance(0.3) ? 8 : 1
  const runs = Array.from({ length: many }, () => {
    const listed = membership.recipients(highest)
    const recipients = dice.chance(0.3) ? listed.slice(1) : listed
    const { body } = createEpoch(platform.crypto, space, highest, recipients)
    const spoilt: EpochBody = dice.chance(0.3) ? { ...body, boxesHash: anyHash(thief) } : body
    return [thief.change(kinds.epoch, encodeEpoch(spoilt))]
  })
  const broken = { salt: salt(thief), epoch: epochOf(thief).hash }
  thief.put(epochOf(thief), [...runs, [thief.change(kinds.broken, encodeBroken(broken))]])
}

/** One epoch after another, all from one moment when one was owed: each is as good as the first, and nobody else can open any. */
const manyEpochs: Deed = (thief) => {
  const { dice, known, membership, platform, space } = thief
  const ends = known.filter(({ header }) => header.kind === kinds.removal && equalBytes(header.space, space))
  const deps = { membership: headsOf(thief), content: [] }
  const moments = membership.isRotationOwed() ? [deps] : ends.map(({ hash }) => ({ membership: [hash], content: [] }))
  if (moments.length === 0) return
  const moment = dice.pick(moments)
  const then = createMembership({ crypto: platform.crypto, space })
  then.add(pastOf(thief, moment.membership))
  const run: Change[] = []
  for (let left = dice.pick([10, 100, 1000]); left > 0; left -= 1) {
    const { body } = createEpoch(platform.crypto, space, 'write', then.recipients('write'))
    const before = run.at(-1)
    const where = before && { seq: before.header.seq + 1, prev: before.hash }
    run.push(thief.change(kinds.epoch, encodeEpoch(body), { deps: moment, ...where }))
  }
  thief.put(epochOf(thief), [run])
}

/** The membership changes that these rest on, and they themselves. */
const pastOf = ({ known }: Thief, heads: readonly Uint8Array[]): Change[] => {
  const byHash = new Map(known.map((change) => [toHex(change.hash), change]))
  const found = new Map<string, Change>()
  const waiting = [...heads]
  for (let hash = waiting.pop(); hash; hash = waiting.pop()) {
    const change = byHash.get(toHex(hash))
    if (!change || found.has(toHex(hash))) continue
    found.set(toHex(hash), change)
    const { prev, grant, admission, deps } = change.header
    waiting.push(...[prev, grant, admission, ...deps.membership].filter(({ length }) => length > 0))
  }
  return [...found.values()]
}

/** Uses up what a hub keeps for the log, so that nobody is told anything more there. */
const fillQuota: Deed = (thief) => thief.fill(epochOf(thief))

const trim: Deed = (thief) => thief.trim(epochOf(thief))

export const deeds: readonly Deed[] = [
  write,
  write,
  write,
  nameUnknown,
  preemptRows,
  preemptText,
  seize,
  spoilEpochs,
  manyEpochs,
  fillQuota,
  trim,
]
