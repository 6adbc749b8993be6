import * as Y from 'yjs'

/** Where apps keep plain text and, in elements, rich text: what queries show of a document. */
const plainRoot = 'text'
const proseRoot = 'prose'

/**
 * The text of a document: what `doc.getText('text').toString()` would give, and that of the elements in `prose`, a line for each that
 * holds text. Types are not asked for: asking would fix one in an app that keeps something else under that name.
 */
export function plainText(doc: Y.Doc): string {
  const plain = textIn(doc.share.get(plainRoot)?._start ?? null)
  const lines = linesIn(doc.share.get(proseRoot)?._start ?? null)
  return plain === '' ? lines : lines === '' ? plain : `${plain}\n${lines}`
}

function textIn(first: Y.Item | null): string {
  let text = ''
  for (let item = first; item !== null; item = item.right)
    if (!item.deleted && item.content instanceof Y.ContentString) text += item.content.str
  return text
}

/** Without recursion: nesting is as deep as whoever wrote it liked. */
function linesIn(first: Y.Item | null): string {
  const lines: string[] = []
  const todo: (Y.Item | null)[] = [first]
  while (todo.length > 0) {
    const item = todo.pop()
    if (!item) continue
    todo.push(item.right)
    if (item.deleted || !(item.content instanceof Y.ContentType)) continue
    const { type } = item.content
    const text = type instanceof Y.XmlText || type instanceof Y.Text ? textIn(type._start) : undefined
    if (text === undefined) todo.push(type._start)
    else lines.push(text)
  }
  return lines.join('\n')
}
