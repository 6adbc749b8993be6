import type { App, OpenText, Space, TablesOf } from '@kith/core'
import type * as Y from 'yjs'
import { useRuntime } from './provider.ts'
import { useReady } from './resource.ts'

/** A text that several people may type into. */
export type LiveText = {
  /** For editors with a binding of their own, which follows `replaced` by itself (`@kith/editors`). */
  readonly text: OpenText
  readonly doc: Y.Doc
  /** Its plain text. */
  readonly value: string
  /** Makes it this text by as small an edit as that takes, so that what others type meanwhile stays: for `<textarea>`. */
  readonly set: (value: string) => void
}

/** Opens a rich text of a row for typing, live. Suspends until it is open. */
export const useText = <A extends App, N extends keyof TablesOf<A> & string>(
  space: Space<A>,
  table: N,
  id: string,
  column: string,
): LiveText => {
  const { resources } = useRuntime()
  return useReady(
    resources.of<LiveText>(space, `text ${table} ${id} ${column}`, (show, fail) => {
      const opening = space.text(table, id, column)
      opening.then((text) => follow(text, show), fail)
      return () => {
        opening.then((text) => text.close()).catch(reportError)
      }
    }),
  )
}

const follow = (text: OpenText, show: (text: LiveText) => void): void => {
  const bind = (doc: Y.Doc): void => {
    const plain = doc.getText('text')
    const tell = (): void => show({ text, doc, value: plain.toJSON(), set: (value) => replaceText(doc, plain, value) })
    plain.observe(tell)
    tell()
  }
  text.replaced(bind)
  bind(text.doc)
}

/** The edit between the first and the last character that differ. */
const replaceText = (doc: Y.Doc, plain: Y.Text, value: string): void => {
  const before = plain.toJSON()
  const shorter = Math.min(before.length, value.length)
  let start = 0
  while (start < shorter && before[start] === value[start]) start += 1
  let end = 0
  while (end < shorter - start && before[before.length - 1 - end] === value[value.length - 1 - end]) end += 1
  // Never within a character of two units.
  if (isLowSurrogate(before.charCodeAt(start)) || isLowSurrogate(value.charCodeAt(start)))
    start = Math.max(0, start - 1)
  if (end > 0 && isLowSurrogate(before.charCodeAt(before.length - end))) end -= 1
  doc.transact(() => {
    plain.delete(start, before.length - end - start)
    plain.insert(start, value.slice(start, value.length - end))
  })
}

const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000
