/**
 * A Yjs document that takes ops instead of updates. Ops come here inspected, owned (`claims.ts`) and with all they refer
 * to already inside. What Yjs does by itself and what would not be the same everywhere is kept out: see each comment.
 */
import * as Y from 'yjs'
import { type Claims, type Branch, effectiveOf, type HasSeen } from './claims.ts'
import type { ClockRange } from './bytes.ts'
import type { KnownOp } from './op.ts'
import { mend } from './place.ts'

/** The origin of transactions that bring what others typed, for editors and undo managers to tell from their own. */
export const textRemoteOrigin = 'kith:remote'

/** An op ready for one document: its structs are made anew for each, for Yjs changes them. */
export type PreparedOp = {
  readonly isVoid: boolean
  /** Under which id and from which clock its structs stand; undefined for an op that only deletes. */
  readonly insert: ClockRange | undefined
  readonly structs: readonly (Y.Item | Y.GC)[]
  readonly deletes: readonly ClockRange[]
}

/** Where the attribute value of a void op would have stood: what was set after it is put after this instead. */
export type Alias = {
  readonly client: number
  readonly start: number
  readonly end: number
  readonly origin: Y.ID | null
  /** A root type's name or the id of the item that holds the type. */
  readonly parent: string | Y.ID
  readonly key: string
}

export type Missing = { readonly client: number; readonly clock: number }

export type TextDocument = {
  readonly doc: Y.Doc
  /** How many clocks of a client are in. */
  readonly clockOf: (client: number) => number
  /** The first thing that an op needs and that is not in: `clock` clocks of `client`; undefined when it can be integrated. */
  readonly missing: (op: PreparedOp) => Missing | undefined
  /**
   * Integrates ops in one transaction; `run` calls the function it is given once for each op, in an order in which
   * `missing` is undefined. False if an applied op fell into an element that was hidden as void before: then the
   * text must be rebuilt, so that the element shows.
   */
  readonly integrate: (run: (one: (op: PreparedOp) => void) => void) => boolean
  readonly aliases: readonly Alias[]
  /** Whether an element or other type of a void op is hidden here. */
  readonly hidesTypes: () => boolean
}

/** The structs and deletions of an op under the ids that `claims` gives them. */
export function prepareOp(claims: Claims, known: KnownOp, branch: Branch | undefined, hasSeen: HasSeen): PreparedOp {
  const { op, shape } = known
  const own = shape.insert?.client
  const referrer = { op, client: own, branch, hasSeen }
  const owner = (client: number, clock: number) => effectiveOf(claims, referrer, client, clock)
  const structs = shape.insert === undefined ? [] : (Y.decodeUpdate(op.structs).structs as (Y.Item | Y.GC)[])
  const moved = (id: Y.ID) => {
    const client = owner(id.client, id.clock)
    return client === id.client ? id : Y.createID(client, id.clock)
  }
  for (const struct of structs) {
    if (branch !== undefined && branch.effective !== struct.id.client)
      struct.id = Y.createID(branch.effective, struct.id.clock)
    if (!(struct instanceof Y.Item)) continue
    if (struct.origin !== null) struct.origin = moved(struct.origin)
    if (struct.rightOrigin !== null) struct.rightOrigin = moved(struct.rightOrigin)
    if (struct.parent instanceof Y.ID) struct.parent = moved(struct.parent)
  }
  let insert = shape.insert && { ...shape.insert, client: branch?.effective ?? shape.insert.client }
  if (insert !== undefined && insert.client !== own && insert.start > 0 && insert.start === branch?.start) {
    // Yjs counts every client from 0: a branch under an id of its own begins with a gap in the form of nothing.
    structs.unshift(new Y.GC(Y.createID(insert.client, 0), insert.start))
    insert = { ...insert, start: 0 }
  }
  const isVoid = op.verdict === 'void'
  // A void op deletes nothing; its own characters are deleted whatever it says.
  return { isVoid, insert, structs, deletes: isVoid ? [] : moveDeletes(claims, shape.deletes, owner) }
}

/** Ranges over a client id with branches are cut where their ops end. */
function moveDeletes(
  claims: Claims,
  deletes: readonly ClockRange[],
  owner: (client: number, clock: number) => number,
): readonly ClockRange[] {
  if (deletes.every(({ client }) => (claims.get(client)?.length ?? 1) === 1)) return deletes
  return deletes.flatMap(({ client, start, end }) => {
    const branches = claims.get(client) ?? []
    const cuts = branches
      .flatMap(({ start: first, ops }) => [first, ...ops.map((each) => each.end)])
      .filter((at) => start < at && at < end)
    const edges = [...new Set([start, ...cuts, end])].sort((left, right) => left - right)
    return edges.slice(1).map((edge, i) => ({ client: owner(client, edges[i]!), start: edges[i]!, end: edge }))
  })
}

export function createTextDocument(doc: Y.Doc, aliased: readonly Alias[] = [], hides = false): TextDocument {
  const { store } = doc
  const aliases: Alias[] = [...aliased]
  const aliasesOf = Map.groupBy(aliases, ({ client }) => client)
  let hidden = hides

  // Yjs removes formatting that it finds redundant when others' changes arrive, by deletions of its own. Which it finds
  // depends on the order of arrival, and readers may not write: formatting would differ between replicas.
  doc.on('afterTransaction', (transaction: Y.Transaction) => {
    if (!transaction.local) transaction._needFormattingCleanup = false
  })

  const clockOf = (client: number) => Y.getState(store, client)

  const missing = ({ insert, structs, deletes }: PreparedOp): Missing | undefined => {
    if (insert !== undefined && clockOf(insert.client) < insert.start)
      return { client: insert.client, clock: insert.start }
    for (const struct of structs) {
      if (!(struct instanceof Y.Item)) continue
      const { origin, rightOrigin, parent } = struct
      for (const id of [origin, rightOrigin, parent])
        if (id instanceof Y.ID && id.client !== struct.id.client && clockOf(id.client) <= id.clock)
          return { client: id.client, clock: id.clock + 1 }
    }
    for (const { client, end } of deletes)
      if (clockOf(client) < end && (client !== insert?.client || end > insert.end)) return { client, clock: end }
    return undefined
  }

  const integrate = (run: (one: (op: PreparedOp) => void) => void): boolean => {
    /** Types of void ops of this batch, and those of them that an applied op has put something into. */
    const voidTypes = new Set<Y.Item>()
    const needed = new Set<Y.Item>()
    let fell = false
    Y.transact(
      doc,
      (transaction) => {
        run((op) => {
          for (const struct of op.structs) {
            if (!(struct instanceof Y.Item)) struct.integrate(transaction, 0)
            else if (op.isVoid) placeVoid(transaction, struct)
            else placeApplied(transaction, struct)
          }
          for (const range of op.deletes) deleteRange(transaction, range)
        })
        for (const item of voidTypes) {
          if (needed.has(item) || item.deleted) continue
          item.delete(transaction)
          hidden = true
        }
      },
      textRemoteOrigin,
      false,
    )
    return !fell

    function placeApplied(transaction: Y.Transaction, item: Y.Item): void {
      const wasHidden = hidden
      anchor(transaction, item)
      const parent = item.parent as Y.AbstractType<unknown> | null | undefined
      item.integrate(transaction, 0)
      if (wasHidden && (!parent || parent._item?.deleted)) fell = true
      if (voidTypes.size === 0 || !parent) return
      for (let at = parent._item; at !== null && !needed.has(at); at = (at.parent as Y.AbstractType<unknown>)._item)
        if (voidTypes.has(at)) needed.add(at)
    }

    function placeVoid(transaction: Y.Transaction, item: Y.Item): void {
      anchor(transaction, item)
      const parent = item.parent as Y.AbstractType<unknown> | null | undefined
      if (parent && item.parentSub !== null) {
        // The last value of an attribute hides the others even when it is deleted: a void one takes no place at all.
        const { id, length, origin } = item
        const within = parent._item === null ? Y.findRootTypeKey(parent) : parent._item.id
        addAlias({
          client: id.client,
          start: id.clock,
          end: id.clock + length,
          origin,
          parent: within,
          key: item.parentSub,
        })
        new Y.GC(item.id, item.length).integrate(transaction, 0)
        return
      }
      item.integrate(transaction, 0)
      if (!parent) return
      if (item.content instanceof Y.ContentType) voidTypes.add(item)
      else item.delete(transaction)
    }

    /** Finds an item's neighbours and parent, as Yjs would, after replacing what Yjs would not cope with. */
    function anchor(transaction: Y.Transaction, item: Y.Item): void {
      followAlias(item)
      if (typeof (item.parent as unknown) === 'string') item.parent = doc.get(item.parent as unknown as string)
      mend(store, item)
      item.getMissing(transaction, store)
    }
  }

  function addAlias(alias: Alias): void {
    aliases.push(alias)
    const sameClient = aliasesOf.get(alias.client)
    if (sameClient === undefined) aliasesOf.set(alias.client, [alias])
    else sameClient.push(alias)
  }

  function followAlias(item: Y.Item): void {
    const { origin } = item
    if (origin === null) return
    const alias = aliasesOf.get(origin.client)?.find(({ start, end }) => start <= origin.clock && origin.clock < end)
    if (alias === undefined) return
    item.origin = alias.origin
    if (alias.origin !== null) return
    // It stays in the list that it was meant for, whatever its right neighbour is said to be.
    item.rightOrigin = null
    // `getMissing` finds the type of a parent given as an id.
    item.parent = typeof alias.parent === 'string' ? doc.get(alias.parent) : alias.parent
    item.parentSub = alias.key
  }

  function deleteRange(transaction: Y.Transaction, { client, start, end }: ClockRange): void {
    const deletes = Y.createDeleteSet()
    deletes.clients.set(client, [{ clock: start, len: end - start }])
    Y.iterateDeletedStructs(transaction, deletes, (struct) => {
      if (!struct.deleted) (struct as Y.Item).delete(transaction)
    })
  }

  return { doc, clockOf, missing, integrate, aliases, hidesTypes: () => hidden }
}
