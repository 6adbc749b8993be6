import { equalBytes, fromHex, toHex } from '../bytes/index.ts'
import type { Change } from '../change/index.ts'
import type { ContentOrder, ContentPosition } from '../membership/index.ts'
import type { History } from './history.ts'
import type { ChainEntry, Registry } from './registry.ts'

/**
 * Where content changes lie in relation to heads that a cut names. What lies below a head is walked once, from segment to segment, and kept for as
 * long as the cut is asked about; a link that is missing ends the walk, and when it comes, the answers may be others.
 */
export type ContentArrivals = {
  /** Call with what has come before it is judged. Returns devices whose changes may lie elsewhere now. */
  readonly came: (changes: readonly Change[]) => Uint8Array[]
  /** Devices that were asked about for the first time since the last call: what was said of them before is not known here. */
  readonly asked: () => Uint8Array[]
}

/** What lies at or below some heads: of each segment that is reached the highest `seq`. */
type Below = {
  readonly heads: readonly Uint8Array[]
  readonly chain: number | undefined
  readonly reached: Map<number, number>
  /** Hashes that would have to come for more to be reached. */
  readonly missing: Set<string>
  readonly devices: Set<string>
}

type Piece = ReturnType<History['at']>[number]

/** Answers kept for each chain, and for causal pasts: as many as there are cuts that matter for it, which are few. */
const keptMax = 64

export const createContentOrder = (
  history: History,
  registry: Registry,
  space: number,
): ContentOrder & ContentArrivals => {
  const insides = new Map<number, Below[]>()
  let pasts: Below[] = []
  let fresh = new Set<string>()

  /** All changes of a chain, in runs, the newest first: heads are more often new than old. */
  const runsOf = function* (chain: ChainEntry): Generator<readonly Change[]> {
    yield history.unsealed(chain.n).map(({ change }) => change)
    for (const number of history.segmentNumbers(chain.n).reverse()) {
      const stored = history.segment(number)
      if (stored) yield history.decode(stored).changes
    }
  }

  /** The pieces that hold a change of this place. */
  const holding = (chain: ChainEntry, seq: number, hash: Uint8Array): Piece[] =>
    history.at(chain, seq).filter(({ changes }) => {
      const change = changes[seq - (changes[0] as Change).header.seq]
      return change !== undefined && equalBytes(change.hash, hash)
    })

  /** Walks down by `prev`; `see` is told each change met for the first time. */
  const walk = (below: Below, chain: ChainEntry, from: Change, see?: (change: Change) => void): void => {
    const ahead = [{ seq: from.header.seq, hash: from.hash }]
    for (let next = ahead.pop(); next; next = ahead.pop()) {
      const { seq, hash } = next
      const found = holding(chain, seq, hash)
      if (found.length === 0) below.missing.add(toHex(hash))
      for (const { first, changes } of found) {
        const start = (changes[0] as Change).header
        const reached = below.reached.get(first)
        if (reached !== undefined && reached >= seq) continue
        below.reached.set(first, seq)
        const known = reached ?? start.seq - 1
        if (see) for (let at = seq; at > known; at -= 1) see(changes[at - start.seq] as Change)
        if (reached === undefined && start.seq > 0) ahead.push({ seq: start.seq - 1, hash: start.prev })
      }
    }
  }

  const makeInside = (chain: ChainEntry, heads: readonly Uint8Array[]): Below => {
    const below: Below = { heads, chain: chain.n, reached: new Map(), missing: new Set(), devices: new Set() }
    const wanted = new Set(heads.map(toHex))
    for (const changes of runsOf(chain)) {
      if (wanted.size === 0) break
      for (const change of changes) if (wanted.delete(toHex(change.hash))) walk(below, chain, change)
    }
    for (const hash of wanted) below.missing.add(hash)
    return below
  }

  /** All that the heads rest on, in all chains. Rare: only where somebody was cut who had cut others. */
  const makePast = (heads: readonly Uint8Array[]): Below => {
    const below: Below = { heads, chain: undefined, reached: new Map(), missing: new Set(), devices: new Set() }
    const chains = registry.chainsOf(space).filter(({ class: chainClass }) => chainClass === 1)
    let wanted = new Set(heads.map(toHex))
    const done = new Set<string>()
    while (wanted.size > 0) {
      const now = wanted
      wanted = new Set()
      for (const hash of now) done.add(hash)
      const see = (change: Change): void => {
        for (const head of change.header.deps.content) if (!done.has(toHex(head))) wanted.add(toHex(head))
      }
      for (const chain of chains) {
        for (const changes of runsOf(chain)) {
          if (now.size === 0) break
          for (const change of changes) if (now.delete(toHex(change.hash))) walk(below, chain, change, see)
        }
      }
      for (const hash of now) below.missing.add(hash)
    }
    return below
  }

  const holds = (below: Below, chain: ChainEntry, { seq, hash }: ContentPosition): boolean =>
    holding(chain, seq, hash).some(({ first }) => (below.reached.get(first) ?? -1) >= seq)

  const keep = (list: Below[], made: Below): Below => {
    // What lies in no segment yet will soon lie in another place.
    list.push(made)
    if (list.length > keptMax) list.shift()
    return made
  }

  const isAlike = (left: readonly Uint8Array[], right: readonly Uint8Array[]): boolean =>
    left === right ||
    (left.length === right.length && left.every((hash, at) => equalBytes(hash, right[at] as Uint8Array)))

  return {
    isInside: (change, heads) => {
      const chain = registry.knownChain(space, change.device, 1)
      if (!chain || heads.length === 0) return false
      let known = insides.get(chain.n)
      if (!known) insides.set(chain.n, (known = []))
      let below = known.find((other) => other.heads === heads)
      if (!below) {
        below = makeInside(chain, heads)
        keep(known, below)
        fresh.add(toHex(change.device))
      }
      below.devices.add(toHex(change.device))
      return holds(below, chain, change)
    },
    isSeen: (change, heads) => {
      const chain = registry.knownChain(space, change.device, 1)
      if (!chain || heads.length === 0) return false
      const device = toHex(change.device)
      let below = pasts.find((other) => isAlike(other.heads, heads))
      if (!below) below = keep(pasts, makePast(heads))
      if (!below.devices.has(device)) fresh.add(device)
      below.devices.add(device)
      return holds(below, chain, change)
    },
    came: (changes) => {
      if (insides.size === 0 && pasts.length === 0) return []
      const shaken = new Set<string>()
      const isOutdated = (below: Below): boolean => {
        const outdated = changes.some(({ hash }) => below.missing.has(toHex(hash)))
        if (outdated) for (const device of below.devices) shaken.add(device)
        return outdated
      }
      for (const [chain, known] of insides) {
        const left = known.filter((below) => !isOutdated(below))
        if (left.length < known.length) insides.set(chain, left)
      }
      pasts = pasts.filter((below) => !isOutdated(below))
      return [...shaken].map(fromHex)
    },
    asked: () => {
      const all = [...fresh].map(fromHex)
      fresh = new Set()
      return all
    },
  }
}
