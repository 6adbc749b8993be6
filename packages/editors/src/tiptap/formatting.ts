import * as Y from 'yjs'

/** Whether a change of this device's does no more than set or clear formats of text that stays. */
export const isFormatting = (transaction: Y.Transaction): boolean => {
  const { doc, beforeState, deleteSet } = transaction
  const own = doc.store.clients.get(doc.clientID) ?? []
  const start = beforeState.get(doc.clientID) ?? 0
  const touched = own.slice(Y.getState(doc.store, doc.clientID) > start ? Y.findIndexSS(own, start) : own.length)
  Y.iterateDeletedStructs(transaction, deleteSet, (struct) => touched.push(struct))
  return (
    touched.length > 0 && touched.every((item) => item instanceof Y.Item && item.content instanceof Y.ContentFormat)
  )
}
