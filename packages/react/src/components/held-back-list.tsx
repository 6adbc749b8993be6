import type { App, Space } from '@kith/core'
import { type ReactNode, useState } from 'react'
import { useHeldBack, useMembers } from '../use-people.ts'
import { messageOf } from './message-of.ts'

/** Changes that have no effect, and why; nothing where there are none. Those that only wait are left out unless asked for. */
export const HeldBackList = <A extends App>({
  space,
  withWaiting = false,
}: {
  space: Space<A>
  withWaiting?: boolean
}): ReactNode => {
  const shown = useHeldBack(space).filter(({ isFinal }) => isFinal || withWaiting)
  const names = new Map(useMembers(space).map(({ address, name }) => [address, name]))
  if (shown.length === 0) return null
  return (
    <ul data-kith="held-back" aria-label="Without effect">
      {shown.map(({ change, author, reason, code, canReissue }) => (
        <li key={change} data-code={code}>
          <span data-kith="name">{names.get(author) || `${author.slice(0, 8)}…`}</span>{' '}
          <span data-kith="reason">{reason}</span>
          {canReissue ? <Reissue space={space} change={change} /> : null}
        </li>
      ))}
    </ul>
  )
}

const Reissue = <A extends App>({ space, change }: { space: Space<A>; change: string }): ReactNode => {
  const [problem, setProblem] = useState<string>()
  const run = (): void => {
    space.reissue(change).catch((error: unknown) => setProblem(messageOf(error)))
  }
  return (
    <>
      <button type="button" onClick={run}>
        Let it count
      </button>
      {problem === undefined ? null : <span role="alert">{problem}</span>}
    </>
  )
}
