import * as Y from 'yjs'

type AnyText = Y.Text | Y.XmlText

/**
 * Types into a new document what this page had typed into the old one and the new one lacks: characters at the same neighbours, and
 * deletions. Formats and embedded objects of the last moments are not carried over. The old one's own client is the page.
 */
export const retype = (old: Y.Doc, next: Y.Doc): void => {
  const known = Y.getState(next.store, old.clientID)
  const lost = (old.store.clients.get(old.clientID) ?? []).filter((struct) => struct.id.clock + struct.length > known)
  const texts = new Set(lost.flatMap((struct) => (struct instanceof Y.Item ? [struct.parent] : [])))
  next.transact(() => {
    deleteAgain(old, next)
    // From left to right: what stands before is there already.
    for (const parent of texts) {
      if (!(parent instanceof Y.AbstractType)) continue
      for (let item = parent._start; item; item = item.right) {
        const isLost = item.id.client === old.clientID && item.id.clock + item.length > known
        if (isLost && !item.deleted && item.content instanceof Y.ContentString) insertAgain(old, next, item, known)
      }
    }
  })
}

const insertAgain = (old: Y.Doc, next: Y.Doc, item: Y.Item, known: number): void => {
  const text = twinOf(next, item.parent)
  if (!text) return
  const content = (item.content as Y.ContentString).str
  const part = content.slice(Math.max(0, known - item.id.clock))
  text.insert(placeOf(old, text, item, known), part)
}

/** After the nearest character to the left that the new document has and shows; what was retyped before counts too. */
const placeOf = (old: Y.Doc, text: AnyText, item: Y.Item, known: number): number => {
  let before = 0
  for (let left = item.id.clock < known ? item : item.left; left; left = left.left) {
    const isLost = left.id.client === old.clientID && left.id.clock >= known
    if (isLost) {
      if (!left.deleted && left.content instanceof Y.ContentString) before += left.length
      continue
    }
    // The end of it may be lost too, and was retyped there.
    if (left !== item && left.id.client === old.clientID && !left.deleted && left.content instanceof Y.ContentString)
      before += Math.max(0, left.id.clock + left.length - known)
    const clock = left.id.client === old.clientID ? Math.min(left.id.clock + left.length, known) - 1 : left.lastId.clock
    const place = indexAfter(text, Y.createID(left.id.client, clock))
    if (place !== undefined) return Math.min(place + before, text.length)
  }
  return Math.min(before, text.length)
}

/** The index behind a character; undefined if the text does not show it: what is deleted has no place of its own. */
const indexAfter = (text: AnyText, id: Y.ID): number | undefined => {
  let index = 0
  for (let item = text._start; item; item = item.right) {
    const isHere = item.id.client === id.client && item.id.clock <= id.clock && id.clock < item.id.clock + item.length
    if (isHere) return item.deleted || !item.countable ? undefined : index + (id.clock - item.id.clock) + 1
    if (!item.deleted && item.countable) index += item.length
  }
  return undefined
}

/** Deletes what the old document had deleted and the new one shows. Of others' deletions that only repeats what comes anyway. */
const deleteAgain = (old: Y.Doc, next: Y.Doc): void => {
  const deleted = Y.createDeleteSetFromStructStore(old.store)
  const shown = Y.createDeleteSetFromStructStore(next.store)
  for (const [client, ranges] of deleted.clients)
    for (const { clock, len } of ranges)
      for (let at = clock; at < Math.min(clock + len, Y.getState(next.store, client)); at += 1) {
        const id = Y.createID(client, at)
        if (!Y.isDeleted(shown, id)) deleteOne(next, id)
      }
}

const deleteOne = (next: Y.Doc, id: Y.ID): void => {
  const item = Y.getItem(next.store, id)
  if (!(item instanceof Y.Item) || item.deleted || !(item.content instanceof Y.ContentString)) return
  const text = twinOf(next, item.parent)
  const after = text && indexAfter(text, id)
  if (after !== undefined) text?.delete(after - 1, 1)
}

/** The text in the new document that a text of the old one (or of the new one) is. */
const twinOf = (next: Y.Doc, parent: Y.Item['parent']): AnyText | undefined => {
  if (!(parent instanceof Y.AbstractType)) return undefined
  const { _item: item } = parent
  if (item === null) {
    for (const [name, type] of parent.doc?.share ?? []) if (type === parent) return next.getText(name)
    return undefined
  }
  if (item.id.clock >= Y.getState(next.store, item.id.client)) return undefined
  const found = Y.getItem(next.store, item.id)
  const type = found instanceof Y.Item && !found.deleted && found.content instanceof Y.ContentType && found.content.type
  return type instanceof Y.Text ? type : undefined
}
