/**
 * One person typing in one cell: a document of its own that the app edits, and the ops that come of it. Local edits gather
 * until the caller takes them as one op; what others type comes in through the state that the session was opened on.
 */
import * as Y from 'yjs'
import { compareBytes, concatBytes, KithError } from '../../bytes/index.ts'
import { textOpBytesMax } from '../../limits/index.ts'
import type { Crypto } from '../../ports/index.ts'
import { type ClockRange, encodeDeletes, frameStructs, mergeRanges } from './bytes.ts'
import { clientIdOf } from './client.ts'
import { type TextDocument, textRemoteOrigin } from './document.ts'
import { inspectTextOp, type TextOpBytes, textSaltBytes } from './inspect.ts'
import type { TextOp } from './op.ts'
import { isImpossible } from './place.ts'
import type { IntegratedOp, TextState } from './state.ts'
import { encodeStruct, piecesOf } from './struct.ts'

export type TextSessionOptions = {
  readonly crypto: Pick<Crypto, 'sha256' | 'hmacSha256' | 'randomBytes'>
  /** This device's public key, 32 bytes. */
  readonly device: Uint8Array
  readonly state: TextState
  /** Called after `doc` became another object, because a verdict turned or a branch was found: bind the editor anew. */
  readonly replaced?: (doc: Y.Doc) => void
  /** Called after each local edit, so that the caller can take what is pending in time. */
  readonly edited?: () => void
  /** Gets what an observer of the document or a function above threw while others' edits were shown; otherwise `accept` throws it. */
  readonly failed?: (error: unknown) => void
}

export type TextSession = {
  /** The live document: edit it with any of Yjs' types and bindings. Others' edits have the origin `textRemoteOrigin`. */
  readonly doc: () => Y.Doc
  /**
   * What was edited since the last call, as one op; undefined for nothing. What it returns is the caller's to store and to hand to the
   * state. A paste of more than 512 KiB becomes several: call until undefined. Throws 'too-large' for one embedded value beyond
   * that and 'bad-value' for what no op may hold, until it is undone.
   */
  readonly takePending: () => TextOpBytes | undefined
  /**
   * Gives back an op that could not be stored, newest first where there are several: it is taken again before all others.
   * Without it what is typed later would wait for ever for the lost clocks.
   */
  readonly putBack: (op: TextOpBytes) => void
  /** Local transactions since the last `takePending`, and ops still to be taken. */
  readonly pendingCount: () => number
  readonly close: () => void
}

/** Deleted ranges in one op: at most 24 bytes each. */
const rangesInOpMax = 16_384

/** Room for what frames the structs of an op: three numbers and two counts. */
const frameBytes = 64

const none = new Uint8Array(0)

export function createTextSession(options: TextSessionOptions): TextSession {
  const { crypto, device, state } = options
  let document: TextDocument
  let client: number
  /** Until the session's first structs are taken. */
  let salt: Uint8Array | null
  /** Own clocks below this were taken. */
  let taken: number
  let edits = 0
  let deleted: ClockRange[] = []
  const outbox: TextOpBytes[] = []
  /** Taken, and not seen integrated yet. */
  const inFlight: TextOpBytes[] = []

  begin()
  const stop = state.listen({ integrated: follow, rebuilt: restart })

  /** A fresh salt and id, and a document with all that is known. */
  function begin(): void {
    salt = crypto.randomBytes(textSaltBytes)
    client = clientIdOf(crypto, device, state.row, state.column, salt)
    document = state.copy(client)
    taken = 0
    for (const bytes of [...inFlight, ...outbox]) addLocal(bytes)
    document.doc.on('afterTransaction', watch)
  }

  /** Own text that is not stored yet, in a new document. What cannot stand there yet comes when it is stored. */
  function addLocal(bytes: TextOpBytes): void {
    const nowhere = new Uint8Array(32)
    const op = { ...bytes, device, change: nowhere, seq: 0, index: 0, verdict: 'applied' as const }
    const prepared = state.prepareLocal(op)
    if (prepared === undefined || document.missing(prepared) !== undefined) return
    if (prepared.insert !== undefined && document.clockOf(prepared.insert.client) > prepared.insert.start) return
    document.integrate((one) => one(prepared))
  }

  function watch(transaction: Y.Transaction): void {
    if (!transaction.local) {
      if (transaction.origin === textRemoteOrigin) return
      // It is in no op, so nobody else would have it, nor we after a restart.
      replace()
      throw new KithError(
        'not-supported',
        'An update from elsewhere was applied to a text and undone. Edit its document instead.',
      )
    }
    for (const [id, items] of transaction.deleteSet.clients)
      for (const { clock, len } of items) deleted.push({ client: id, start: clock, end: clock + len })
    if (deleted.length === 0 && document.clockOf(client) === taken) return
    edits += 1
    if (deleted.length > rangesInOpMax) deleted = mergeRanges(deleted)
    options.edited?.()
  }

  function takePending(): TextOpBytes | undefined {
    // An undo manager can put an item where nobody else may find it (`place.ts`), an app half a surrogate pair: the document
    // is replaced by one that shows what all others see.
    if (!gather()) replace()
    const next = outbox.shift()
    if (next !== undefined) inFlight.push(next)
    return next
  }

  /** Moves local edits to the outbox. False if they stand otherwise elsewhere than here. */
  function gather(): boolean {
    if (edits === 0) return true
    const until = document.clockOf(client)
    const { ops, sound, gone } = gatherStructs(until)
    const ranges = mergeRanges(deleted.flatMap((range) => without(range, client, gone)))
    attachDeletes(ops, ranges)
    for (const op of ops) checkOwn(op)
    outbox.push(...ops)
    if (ops.some((op) => op.salt !== null)) salt = null
    taken = until
    deleted = []
    edits = 0
    return sound
  }

  function gatherStructs(until: number): { ops: TextOpBytes[]; sound: boolean; gone: ClockRange[] } {
    const { store } = document.doc
    const structs = store.clients.get(client)
    const gone: ClockRange[] = []
    const ops: TextOpBytes[] = []
    let sound = true
    if (structs === undefined || until === taken) return { ops, sound, gone }
    let start = taken
    let parts: Uint8Array[] = []
    let size = 0
    const flush = (end: number) => {
      if (parts.length === 0) return
      const framed = frameStructs(client, start, parts.length, concatBytes(...parts))
      ops.push({ salt: start === 0 ? salt : null, structs: framed, deletes: none })
      start = end
      parts = []
      size = 0
    }
    for (let at = Y.findIndexSS(structs, taken); at < structs.length; at += 1) {
      const struct = structs[at] as Y.Item | Y.GC
      if (!isSound(store, struct)) sound = false
      if (struct instanceof Y.GC || struct.content instanceof Y.ContentDeleted)
        gone.push({ client, start: Math.max(taken, struct.id.clock), end: struct.id.clock + struct.length })
      for (const piece of piecesOf(struct, Math.max(0, taken - struct.id.clock))) {
        const bytes = encodeStruct(piece)
        if (size + bytes.length + frameBytes > textOpBytesMax) flush(piece.clock)
        parts.push(bytes)
        size += bytes.length
      }
    }
    flush(until)
    return { ops, sound, gone }
  }

  function follow(ops: readonly IntegratedOp[]): void {
    const others: IntegratedOp[] = []
    let stale = false
    for (const each of ops) {
      const { op } = each
      const at = inFlight.findIndex((bytes) => isSame(bytes, op))
      if (at >= 0 && compareBytes(op.device, device) === 0) {
        inFlight.splice(at, 1)
        // Held back: what stands here as text is deleted everywhere else.
        if (op.verdict === 'void') stale = true
      } else {
        others.push(each)
        // A cloned device types under our id: from here on only a fresh one is ours alone.
        if (each.prepare().insert?.client === client) stale = true
      }
    }
    if (stale) return replace()
    if (others.length > 0) guard(() => show(others))
  }

  function show(ops: readonly IntegratedOp[]): void {
    document.integrate((one) => {
      for (const { prepare } of ops) {
        const prepared = prepare()
        const has = prepared.insert !== undefined && document.clockOf(prepared.insert.client) >= prepared.insert.end
        one(has ? { ...prepared, structs: [] } : prepared)
      }
    })
  }

  /** Runs what calls into the app: its failure is the app's, and must not end the merge that it interrupts. */
  function guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      if (options.failed === undefined) throw error
      options.failed(error)
    }
  }

  /** Everything stored was judged anew, our own ops too. */
  function restart(ops: readonly TextOp[]): void {
    const own = ops.filter((op) => compareBytes(op.device, device) === 0)
    const left = inFlight.filter((bytes) => !own.some((op) => isSame(bytes, op)))
    inFlight.splice(0, inFlight.length, ...left)
    replace()
  }

  function replace(): void {
    try {
      gather()
    } catch (error) {
      // What no op can hold was an error to `takePending` before; now it goes with its document.
      if (!(error instanceof KithError)) throw error
      edits = 0
      deleted = []
    }
    const old = document.doc
    old.off('afterTransaction', watch)
    begin()
    guard(() => {
      old.destroy()
      options.replaced?.(document.doc)
    })
  }

  return {
    doc: () => document.doc,
    takePending,
    putBack: (op) => {
      const at = inFlight.indexOf(op)
      if (at < 0) return
      inFlight.splice(at, 1)
      outbox.unshift(op)
    },
    pendingCount: () => edits + outbox.length,
    close: () => {
      stop()
      document.doc.off('afterTransaction', watch)
      document.doc.destroy()
    },
  }
}

/** Deletions go with the last op where they fit, for they may name what is typed in it. */
function attachDeletes(ops: TextOpBytes[], ranges: readonly ClockRange[]): void {
  for (let at = 0; at < ranges.length; at += rangesInOpMax) {
    const deletes = encodeDeletes(ranges.slice(at, at + rangesInOpMax))
    const last = ops.at(-1)
    if (last !== undefined && at === 0 && last.structs.length + deletes.length <= textOpBytesMax)
      ops[ops.length - 1] = { ...last, deletes }
    else ops.push({ salt: null, structs: none, deletes })
  }
}

/** What others would refuse is refused here, where its author can undo it. */
function checkOwn(op: TextOpBytes): void {
  try {
    inspectTextOp(op)
  } catch (cause) {
    if (op.structs.length > textOpBytesMax)
      throw new KithError(
        'too-large',
        'A value in a text is larger than 512 KiB. Undo it, keep it elsewhere and refer to it.',
      )
    throw new KithError(
      'bad-value',
      'A text holds what cannot be shared: a sub-document, a long name or deep nesting.',
      {},
      cause,
    )
  }
}

/** Whether a struct stands here where it will stand elsewhere, with the same characters. */
function isSound(store: Y.Doc['store'], struct: Y.Item | Y.GC): boolean {
  if (!(struct instanceof Y.Item)) return true
  if (struct.content instanceof Y.ContentString && !struct.content.str.isWellFormed()) return false
  return !isImpossible(store, struct.origin, struct.rightOrigin)
}

function isSame(left: TextOpBytes, right: TextOpBytes): boolean {
  return compareBytes(left.structs, right.structs) === 0 && compareBytes(left.deletes, right.deletes) === 0
}

/** A range without those of `gone`, which are ascending and of `client`: they were sent as deleted already. */
function without(range: ClockRange, client: number, gone: readonly ClockRange[]): ClockRange[] {
  if (range.client !== client) return [range]
  const left: ClockRange[] = []
  let { start } = range
  for (const hole of gone) {
    if (hole.end <= start || hole.start >= range.end) continue
    if (hole.start > start) left.push({ client, start, end: hole.start })
    start = Math.max(start, hole.end)
  }
  if (start < range.end) left.push({ client, start, end: range.end })
  return left
}
