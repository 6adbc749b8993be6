/**
 * The text of one cell as a pure function of the set of its ops and their verdicts. Ops may come in any order and more
 * than once. What can be appended is appended; whatever else (a branch, a verdict that turns, an element that was hidden
 * and is needed) rebuilds this one text from all its ops.
 */
import * as Y from 'yjs'
import { assert, KithError } from '../../bytes/index.ts'
import type { Hashing } from '../../ports/index.ts'
import { type Branch, type Claims, type HasSeen, type IsAncestor, planClaims } from './claims.ts'
import { clientIdOf } from './client.ts'
import {
  createTextDocument,
  type Missing,
  type PreparedOp,
  prepareOp,
  type TextDocument,
  textRemoteOrigin,
} from './document.ts'
import { isAfter, type KnownOp, type TextOp, toKnownOp } from './op.ts'
import { plainText } from './plain.ts'
import { decodeSnapshot, encodeSnapshot, type TextSnapshot } from './snapshot.ts'

export type TextStateOptions = {
  readonly crypto: Hashing
  /** The row's id, 16 bytes. */
  readonly row: Uint8Array
  /** The column's id. */
  readonly column: string
  /** Every stored op of this cell with its verdict of now, those last handed to `accept` included; only asked for a rebuild. */
  readonly loadOps: () => Iterable<TextOp>
  /** Whether one change is an ancestor of another in a device's chain. Without it chains count as unforked. */
  readonly isAncestor?: IsAncestor
  /**
   * Whether a change is in the causal past of another. Tells what somebody meant who typed next to a device that was
   * cloned; without it such text may stand in the wrong place or wait.
   */
  readonly hasSeen?: HasSeen
  /** What `snapshot` gave earlier. Ops stored since then are to be handed to `accept`. Without it the text is built from `loadOps`. */
  readonly snapshot?: Uint8Array
}

/**
 * `integrated`: it shows, or is held as deleted if void. `waiting`: something that it refers to, or its session's op before it,
 * is not here yet; it is kept and tried again by itself. `known`: it came before. `malformed`, `wrong-client`: left
 * out for ever.
 */
export type TextOutcome = 'integrated' | 'waiting' | 'known' | 'malformed' | 'wrong-client'

/** What open sessions follow a text by. */
export type TextListener = {
  /** Ops that were just integrated, in that order, with what prepares them for another document. */
  readonly integrated: (ops: readonly IntegratedOp[]) => void
  /** The document was made anew from these ops; some may be gone from it or stand elsewhere. */
  readonly rebuilt: (ops: readonly TextOp[]) => void
}

export type IntegratedOp = { readonly op: TextOp; readonly prepare: () => PreparedOp }

export type TextState = {
  readonly crypto: Hashing
  readonly row: Uint8Array
  readonly column: string
  /** Takes ops whose changes have a verdict and are stored. One outcome each. Hand over many at once: at most one rebuild is made. */
  readonly accept: (ops: readonly TextOp[]) => TextOutcome[]
  /** Builds the text anew from all its ops: after a verdict turned. */
  readonly rebuild: () => void
  /** The plain text; computed again only after a change. */
  readonly text: () => string
  /** The cached document: to read. Edit through a session. Replaced by a rebuild. */
  readonly doc: () => Y.Doc
  /** Bytes that `createTextState` continues from without any op: a local cache, to be thrown away at will. */
  readonly snapshot: () => Uint8Array
  readonly waitingCount: () => number
  /** How often this text was built from all its ops: a measure, and a sign of forks. */
  readonly rebuildCount: () => number
  /** A separate document with the same content, for a session. */
  readonly copy: (clientId: number) => TextDocument
  /** An op of this device that is not accepted yet, for a session's own document. Undefined where its client id is contested. */
  readonly prepareLocal: (op: TextOp) => PreparedOp | undefined
  readonly listen: (listener: TextListener) => () => void
}

/** An op on its branch (or only deleting), waiting for what it needs or on its way in. */
type PlacedOp = { readonly known: KnownOp; readonly branch: Branch | undefined }

type BlockedOp = { readonly op: PlacedOp; readonly clock: number }

export function createTextState(options: TextStateOptions): TextState {
  const { crypto, row, column, loadOps, isAncestor = () => true, hasSeen = () => true } = options
  const listeners = new Set<TextListener>()
  let document: TextDocument
  let claims: Claims
  /** Ids given to branches that lost theirs: a session announced under one of these makes a new plan. */
  let branchIds: Set<number>
  let seen: Set<string>
  /** Ops whose predecessor is not here, by client id and first clock. */
  let orphans: Map<number, Map<number, KnownOp[]>>
  /** Placed ops by the client id that they wait for, with the clock it must reach. */
  let blocked: Map<number, BlockedOp[]>
  let waitingKeys: Set<string>
  let text: string | undefined
  let rebuilds = 0

  if (!(options.snapshot !== undefined && restore(options.snapshot))) build()

  function reset(): void {
    document = createTextDocument(createDoc())
    claims = new Map()
    branchIds = new Set()
    seen = new Set()
    orphans = new Map()
    blocked = new Map()
    waitingKeys = new Set()
    text = undefined
  }

  function accept(ops: readonly TextOp[]): TextOutcome[] {
    let stale = false
    const placed: PlacedOp[] = []
    const keys: string[] = []
    const settled = ops.map((op): TextOutcome | undefined => {
      const known = check(op)
      if (typeof known === 'string') return known
      keys.push(known.key)
      if (seen.has(known.key)) return 'known'
      seen.add(known.key)
      if (known.shape.insert === undefined) placed.push({ known, branch: undefined })
      else if (!place(known, placed)) stale = true
      return undefined
    })
    const done = stale ? undefined : drain(placed)
    if (done === undefined) rebuild()
    else if (done.length > 0) for (const listener of listeners) listener.integrated(done)
    let at = 0
    return settled.map((outcome): TextOutcome => {
      if (outcome === 'malformed' || outcome === 'wrong-client') return outcome
      const key = keys[at++]!
      return outcome ?? (waitingKeys.has(key) ? 'waiting' : 'integrated')
    })
  }

  function check(op: TextOp): KnownOp | 'malformed' | 'wrong-client' {
    try {
      const known = toKnownOp(op)
      const { insert } = known.shape
      if (insert === undefined || op.salt === null) return known
      return clientIdOf(crypto, op.device, row, column, op.salt) === insert.client ? known : 'wrong-client'
    } catch (error) {
      if (error instanceof KithError && error.code === 'bad-encoding') return 'malformed'
      throw error
    }
  }

  /** Hangs an op on the end of its session's branch, and after it those that waited for it. False where a plan is needed. */
  function place(known: KnownOp, placed: PlacedOp[]): boolean {
    const { client, start, end } = known.shape.insert!
    if (branchIds.has(client)) return false
    const branches = claims.get(client)
    if (branches === undefined && start > 0) return wait(known)
    if (branches !== undefined && (branches.length > 1 || start < branches[0]!.end)) return false
    if (branches !== undefined && !continues(branches[0]!, known)) return wait(known)
    const branch = branches?.[0] ?? {
      effective: client,
      parent: undefined,
      start,
      end,
      tip: known.op,
      integrated: undefined,
      ops: [],
    }
    branch.end = end
    branch.tip = known.op
    if (branches === undefined) claims.set(client, [branch])
    waitingKeys.add(known.key)
    placed.push({ known, branch })
    return placeOrphans(client, branch, placed)
  }

  function placeOrphans(client: number, branch: Branch, placed: PlacedOp[]): boolean {
    const waiting = orphans.get(client)?.get(branch.end) ?? []
    const next = waiting.filter((known) => continues(branch, known))
    if (next.length === 0) return true
    orphans.get(client)!.set(
      branch.end,
      waiting.filter((known) => !next.includes(known)),
    )
    // Two that both continue here are two branches.
    return next.length === 1 && place(next[0]!, placed)
  }

  function continues(branch: Branch, { op, shape }: KnownOp): boolean {
    return shape.insert!.start === branch.end && isAfter(branch.tip, op) && isAncestor(branch.tip, op)
  }

  function wait(known: KnownOp): true {
    const { client, start } = known.shape.insert!
    const byStart = orphans.get(client) ?? new Map<number, KnownOp[]>()
    orphans.set(client, byStart)
    byStart.set(start, [...(byStart.get(start) ?? []), known])
    waitingKeys.add(known.key)
    return true
  }

  /** Integrates placed ops as far as what they need is in, and those that waited for them. Undefined if the text must be rebuilt. */
  function drain(placed: readonly PlacedOp[]): IntegratedOp[] | undefined {
    const done: IntegratedOp[] = []
    const current = document
    const stack = placed.toReversed()
    const whole = current.integrate((one) => {
      for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
        const { known, branch } = next
        const prepared = prepareOp(claims, known, branch, hasSeen)
        const missing = current.missing(prepared)
        if (missing !== undefined) {
          block(next, missing)
          continue
        }
        one(prepared)
        waitingKeys.delete(known.key)
        done.push({ op: known.op, prepare: () => prepareOp(claims, known, branch, hasSeen) })
        if (branch === undefined) continue
        branch.integrated = known.op
        stack.push(...unblock(branch.effective, current.clockOf(branch.effective)))
      }
    })
    if (done.length > 0) text = undefined
    return whole ? done : undefined
  }

  function block(op: PlacedOp, { client, clock }: Missing): void {
    const waiting = blocked.get(client)
    if (waiting === undefined) blocked.set(client, [{ op, clock }])
    else waiting.push({ op, clock })
    waitingKeys.add(op.known.key)
  }

  function unblock(client: number, clock: number): PlacedOp[] {
    const waiting = blocked.get(client)
    if (waiting === undefined || !waiting.some((each) => each.clock <= clock)) return []
    blocked.set(
      client,
      waiting.filter((each) => each.clock > clock),
    )
    return waiting.filter((each) => each.clock <= clock).map(({ op }) => op)
  }

  function rebuild(): void {
    const old = document
    const ops = build()
    rebuilds += 1
    old.doc.destroy()
    for (const listener of listeners) listener.rebuilt(ops)
  }

  function build(): TextOp[] {
    reset()
    const ops: TextOp[] = []
    const inserting: KnownOp[] = []
    const placed: PlacedOp[] = []
    for (const op of loadOps()) {
      const known = check(op)
      if (typeof known === 'string' || seen.has(known.key)) continue
      seen.add(known.key)
      ops.push(op)
      if (known.shape.insert === undefined) placed.push({ known, branch: undefined })
      else inserting.push(known)
    }
    const plan = planClaims(crypto, inserting, isAncestor)
    claims = plan.claims
    noteBranchIds()
    for (const known of plan.orphans) wait(known)
    const whole = drain([...plan.placed, ...placed]) !== undefined
    assert(whole, 'a text that is built at once hides nothing that is needed')
    return ops
  }

  /** False for a snapshot that cannot be used. */
  function restore(bytes: Uint8Array): boolean {
    reset()
    let snapshot: TextSnapshot
    try {
      snapshot = decodeSnapshot(bytes)
    } catch (error) {
      if (error instanceof KithError) return false
      throw error
    }
    document = createTextDocument(createDoc(), snapshot.aliases, snapshot.hidesTypes)
    Y.applyUpdate(document.doc, snapshot.update, textRemoteOrigin)
    claims = snapshot.claims
    noteBranchIds()
    accept(snapshot.waiting)
    return true
  }

  function noteBranchIds(): void {
    for (const [client, branches] of claims)
      for (const { effective } of branches) if (effective !== client) branchIds.add(effective)
  }

  function snapshot(): Uint8Array {
    const blockedOps = [...blocked.values()].flat().map(({ op }) => op.known.op)
    const orphanOps = [...orphans.values()].flatMap((byStart) => [...byStart.values()].flat()).map(({ op }) => op)
    return encodeSnapshot({
      update: Y.encodeStateAsUpdate(document.doc),
      claims: new Map([...claims].flatMap(([client, branches]) => integratedClaim(client, branches))),
      aliases: document.aliases,
      hidesTypes: document.hidesTypes(),
      waiting: [...orphanOps, ...blockedOps],
    })
  }

  /** Ops that wait are placed again when the snapshot is read, so a session ends where the document does. Contested ones are planned again then. */
  function integratedClaim(client: number, branches: readonly Branch[]): [number, Branch[]][] {
    if (branches.length > 1) return [[client, [...branches]]]
    const [branch] = branches
    if (branch?.integrated === undefined) return []
    return [[client, [{ ...branch, end: document.clockOf(client), tip: branch.integrated }]]]
  }

  return {
    crypto,
    row,
    column,
    accept,
    rebuild,
    text: () => {
      text ??= plainText(document.doc)
      return text
    },
    doc: () => document.doc,
    snapshot,
    waitingCount: () => waitingKeys.size,
    rebuildCount: () => rebuilds,
    copy: (clientId) => {
      const doc = createDoc()
      doc.clientID = clientId
      const copied = createTextDocument(doc, document.aliases, document.hidesTypes())
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(document.doc), textRemoteOrigin)
      return copied
    },
    prepareLocal: (op) => {
      const known = toKnownOp(op)
      const contested = (claims.get(known.shape.insert?.client ?? -1)?.length ?? 1) > 1
      // Whoever types here has seen all that is here.
      return contested ? undefined : prepareOp(claims, known, undefined, () => true)
    },
    listen: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** The random ids that Yjs gives a document are never used: ours come from sessions, and what only shows never writes. */
function createDoc(): Y.Doc {
  return new Y.Doc({ guid: 'kith' })
}
