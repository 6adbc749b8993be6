import * as Y from 'yjs'

export type UndoOptions = ConstructorParameters<typeof Y.UndoManager>[1]

/**
 * Undoes what was done in this editor only. `before`: that of a document which this one replaces; what could be undone there can be here, for
 * characters keep their ids. What was deleted there is gone for good, unless the new document still has it.
 */
export const createUndo = (
  type: Y.Text | Y.XmlFragment,
  options: UndoOptions,
  before?: Y.UndoManager,
): Y.UndoManager => {
  const undo = new Y.UndoManager(type, options)
  if (!before) return undo
  undo.undoStack.push(...before.undoStack)
  undo.redoStack.push(...before.redoStack)
  return undo
}
