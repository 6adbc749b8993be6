import { equalBytes, toHex } from '../bytes/index.ts'
import { type Change, kinds, linksToHeads, sortHeads } from '../change/index.ts'
import type { ChainEntry } from '../database/index.ts'
import { decodeAdmission } from '../membership/index.ts'
import type { Engine } from './engine.ts'
import type { Replica } from './replica.ts'

/** Every device that a person ever had, by the person's own changes: a cut has to accept what those revoked since wrote, too. */
export const personDevices = (replica: Replica, person: Uint8Array): Uint8Array[] => {
  const devices = new Map<string, Uint8Array>()
  const keep = (device: Uint8Array): unknown => devices.set(toHex(device), device)
  for (const { hash, header, body } of replica.changes()) {
    if (equalBytes(hash, person)) keep(header.device)
    else if (equalBytes(header.space, person) && header.kind === kinds.admission && body)
      keep(decodeAdmission(body).device)
  }
  return [...devices.values()]
}

/** Heads of the content chains of these devices in a space, and of their membership chains: all that is here of them. */
export const chainHeads = (engine: Engine, replica: Replica, devices: readonly Uint8Array[]): Uint8Array[] =>
  sortHeads([...replica.membership.chainHeads(devices), ...contentHeads(engine, replica, devices)])

/** The same without what these devices dated after `ms`: by their own clocks, so it is a person's choice and no proof. */
export const chainHeadsUntil = (
  engine: Engine,
  replica: Replica,
  devices: readonly Uint8Array[],
  ms: number,
): Uint8Array[] => {
  const isOurs = ({ header }: Change): boolean =>
    equalBytes(header.space, replica.entry.id) && devices.some((device) => equalBytes(device, header.device))
  const chains = [
    ...devices.map((device) =>
      replica.changes().filter((change) => isOurs(change) && equalBytes(change.header.device, device)),
    ),
    ...contentChains(engine, replica, devices).map((chain) => changesOf(engine, chain)),
  ]
  return sortHeads(chains.flatMap((changes) => linksToHeads(keptUntil(changes, ms).map(toLink))))
}

const contentChains = (engine: Engine, replica: Replica, devices: readonly Uint8Array[]): ChainEntry[] =>
  engine
    .store()
    .registry.chainsOf(replica.entry.n)
    .filter((chain) => chain.class === 1 && devices.some((device) => equalBytes(device, chain.device)))

const contentHeads = (engine: Engine, replica: Replica, devices: readonly Uint8Array[]): Uint8Array[] =>
  contentChains(engine, replica, devices).flatMap((chain) => {
    const { history } = engine.store()
    // Only a branch makes it necessary to look at every change; a gap shows in the numbers.
    if (history.isForked(chain.n)) return linksToHeads(changesOf(engine, chain).map(toLink))
    const rows = engine
      .statements('SELECT seq, count, last FROM segment WHERE chain = ? ORDER BY seq')
      .all(chain.n) as unknown as { seq: number; count: number; last: Uint8Array }[]
    const unsealed = history.unsealed(chain.n).map(({ change }) => change)
    const [first] = unsealed
    const heads = rows.flatMap(({ seq, count, last }, at) => {
      const follows = rows[at + 1]?.seq ?? first?.header.seq
      return follows === seq + count ? [] : [last]
    })
    const newest = unsealed.at(-1)
    return newest ? [...heads, newest.hash] : heads
  })

/** Looks through a whole chain: for people who choose, not for every write. */
const changesOf = (engine: Engine, chain: ChainEntry): Change[] => {
  const { history } = engine.store()
  const kept = history.segmentNumbers(chain.n).flatMap((number) => {
    const stored = history.segment(number)
    return stored ? [...history.decode(stored).changes] : []
  })
  return [...kept, ...history.unsealed(chain.n).map(({ change }) => change)]
}

/** A chain's beginning, up to the first change on each branch that is dated later. */
const keptUntil = (changes: readonly Change[], ms: number): Change[] => {
  const kept = new Set<string>()
  return [...changes]
    .sort((left, right) => left.header.seq - right.header.seq)
    .filter(({ hash, header }) => {
      const follows = header.prev.length === 0 || kept.has(toHex(header.prev))
      if (!follows || header.time.ms > ms) return false
      kept.add(toHex(hash))
      return true
    })
}

const toLink = ({ hash, header }: Change) => ({ hash, prev: header.prev, seq: header.seq })
