import type { App, Space } from '@kith/core'
import type { ReactNode } from 'react'
import { useHeldBack } from '../use-people.ts'

/** Changes that have no effect, and why; nothing where there are none. Those that only wait are left out unless asked for. */
export const HeldBackList = <A extends App>({
  space,
  withWaiting = false,
}: {
  space: Space<A>
  withWaiting?: boolean
}): ReactNode => {
  const shown = useHeldBack(space).filter(({ isFinal }) => isFinal || withWaiting)
  if (shown.length === 0) return null
  return (
    <ul data-kith="held-back">
      {shown.map(({ change, author, reason, code }) => (
        <li key={change} data-code={code}>
          <span data-kith="name">{author}</span> <span data-kith="reason">{reason}</span>
        </li>
      ))}
    </ul>
  )
}
