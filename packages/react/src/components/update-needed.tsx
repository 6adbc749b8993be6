import type { App, Space } from '@kith/core'
import type { ReactNode } from 'react'
import { useNeedsUpdate } from '../use-people.ts'

export type UpdateWords = {
  readonly app: string
  readonly program: string
  readonly button: string
}

const english: UpdateWords = {
  app: 'This version of the app is too old for this space: you can read, and what you wrote is kept. Update to go on.',
  program:
    'This space uses something that this version does not know: you can read, and what you wrote is kept. Update to go on.',
  button: 'Update',
}

export type UpdateNeededProps<A extends App> = {
  readonly space: Space<A>
  /** What brings the newer version; by default the page is loaded anew. */
  readonly update?: () => void
  readonly words?: UpdateWords
}

/** What a person sees whose version only reads this space by now; nothing otherwise. */
export const UpdateNeeded = <A extends App>({
  space,
  update = () => globalThis.location?.reload(),
  words = english,
}: UpdateNeededProps<A>): ReactNode => {
  const needsUpdate = useNeedsUpdate(space)
  if (needsUpdate === undefined) return null
  return (
    <div data-kith="update-needed" data-what={needsUpdate} role="alert">
      <p>{words[needsUpdate]}</p>
      <button type="button" onClick={update}>
        {words.button}
      </button>
    </div>
  )
}
