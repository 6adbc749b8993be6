import { toHex } from '../bytes/index.ts'
import { type Change, type Header, kinds } from '../change/index.ts'
import { decodeMembershipBody, type MembershipBody } from './bodies/index.ts'
import { addToPast, createPast, isIndexInPast, joinPasts, type Past } from './past.ts'

/**
 * The set of membership changes with what each rests on. A change is *whole* once all it rests on is here and whole;
 * only then it can be judged, and its verdict is one of its own past.
 */
export type Graph = {
  /** Takes a change; returns those that became whole by it, each after all that it rests on. */
  readonly add: (change: Change) => Node[]
  /** A whole change by its hash. */
  readonly find: (hash: Uint8Array) => Node | undefined
  /** Whether `older` lies in the causal past of `newer`. */
  readonly isInPast: (older: Node, newer: Past) => boolean
  /** The past of something that rests on these; the missing ones instead where some are not whole. */
  readonly pastOf: (hashes: Iterable<Uint8Array>) => { past: Past } | { missing: Uint8Array[] }
  /** Changes that wait, with the hashes that they wait for (their own, where the body is not here). */
  readonly waiting: () => { change: Change; missing: Uint8Array[] }[]
  readonly isWaiting: (hash: Uint8Array) => boolean
  /** How many are whole. */
  readonly size: () => number
}

export type Node = {
  readonly key: string
  readonly change: Change
  readonly content: MembershipBody
  /** In the order of becoming whole: a number for this replica alone, never part of a verdict. */
  readonly index: number
  /** What it rests on, itself left out. */
  readonly past: Past
}

/**
 * What a change rests on: `deps` on membership, grant, admission, epoch and schema. Not `prev`: a missing one must not
 * block (rule 6), and what must not block must not count, or verdicts would depend on the order of arrival.
 */
export function headerToReferences(header: Header): Uint8Array[] {
  const { deps, grant, admission, epoch, schema } = header
  return [...deps.membership, ...[grant, admission, epoch, schema].filter((hash) => hash.length > 0)]
}

type Pending = { change: Change; content: MembershipBody; references: Uint8Array[]; missing: number }

export function createGraph(isBodyNeeded: (header: Header) => boolean): Graph {
  const whole = new Map<string, Node>()
  const pending = new Map<string, Pending>()
  const bodiless = new Map<string, Change>()
  const waitingFor = new Map<string, string[]>()

  const pastOf: Graph['pastOf'] = (hashes) => {
    const nodes: Node[] = []
    const missing: Uint8Array[] = []
    for (const hash of hashes) {
      const node = whole.get(toHex(hash))
      if (node === undefined) missing.push(hash)
      else nodes.push(node)
    }
    if (missing.length > 0) return { missing }
    const past = createPast(whole.size)
    for (const node of nodes) {
      joinPasts(past, node.past)
      addToPast(past, node.index)
    }
    return { past }
  }

  const complete = (key: string, { change, content, references }: Pending): Node => {
    const found = pastOf(references)
    const past = 'past' in found ? found.past : createPast(0)
    const node = { key, change, content, index: whole.size, past }
    whole.set(key, node)
    pending.delete(key)
    return node
  }

  const add: Graph['add'] = (change) => {
    const key = toHex(change.hash)
    if (whole.has(key) || pending.has(key)) return []
    if (change.body === undefined && isBodyNeeded(change.header)) {
      bodiless.set(key, change)
      return []
    }
    bodiless.delete(key)
    const content = changeToContent(change)
    const references = headerToReferences(change.header)
    if (content.kind === 'merge') references.push(...content.body.heads)
    const item: Pending = { change, content, references, missing: 0 }
    pending.set(key, item)
    for (const reference of new Set(references.map(toHex))) {
      if (whole.has(reference)) continue
      item.missing++
      const waiters = waitingFor.get(reference)
      if (waiters === undefined) waitingFor.set(reference, [key])
      else waiters.push(key)
    }
    return item.missing === 0 ? completeFrom(key, item) : []
  }

  /** Completes one and all that waited for it alone; a loop, for a hostile chain may be as long as it likes. */
  const completeFrom = (key: string, item: Pending): Node[] => {
    const done = [complete(key, item)]
    for (let at = 0; at < done.length; at++) {
      const { key: arrived } = done[at] as Node
      for (const waiter of waitingFor.get(arrived) ?? []) {
        const other = pending.get(waiter)
        if (other !== undefined && --other.missing === 0) done.push(complete(waiter, other))
      }
      waitingFor.delete(arrived)
    }
    return done
  }

  return {
    add,
    find: (hash) => whole.get(toHex(hash)),
    isInPast: (older, newer) => isIndexInPast(newer, older.index),
    pastOf,
    waiting: () => [
      ...[...pending.values()].map(({ change, references }) => ({
        change,
        missing: references.filter((hash) => !whole.has(toHex(hash))),
      })),
      ...[...bodiless.values()].map((change) => ({ change, missing: [change.hash] })),
    ],
    size: () => whole.size,
    isWaiting: (hash) => pending.has(toHex(hash)) || bodiless.has(toHex(hash)),
  }
}

function changeToContent(change: Change): MembershipBody {
  if (change.header.kind >= kinds.data) return { kind: 'malformed', reason: 'It is not a membership change.' }
  if (change.body === undefined) return { kind: 'unknown' }
  return decodeMembershipBody(change.header.kind, change.body)
}
