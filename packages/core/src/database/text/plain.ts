import * as Y from 'yjs'

/**
 * What `doc.getText(name).toString()` would give, without asking for the type: asking would fix it as a `Y.Text` in an app
 * that keeps something else under that name.
 */
export function plainText(doc: Y.Doc, name = 'text'): string {
  let text = ''
  for (let item = doc.share.get(name)?._start ?? null; item !== null; item = item.right)
    if (!item.deleted && item.content instanceof Y.ContentString) text += item.content.str
  return text
}
