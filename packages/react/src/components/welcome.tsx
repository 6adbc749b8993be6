import type { Kith } from '@kith/core'
import { type ReactNode, type SubmitEvent, useState } from 'react'
import { KithProvider } from '../provider.ts'

export type WelcomeProps = {
  /** `openKith` with the name that was given. It is called once. */
  readonly open: (name: string) => Promise<Kith>
  readonly title?: string
  readonly fallback?: ReactNode
  readonly children?: ReactNode
}

const nameKey = 'kith name'

/** The sign-in that is none: asks once how a person is called, and gives the person to what is below. No account, no password. */
export const Welcome = ({ open, title = 'Welcome', fallback, children }: WelcomeProps): ReactNode => {
  const [kith, setKith] = useState<Promise<Kith> | undefined>(() => {
    const known = globalThis.localStorage?.getItem(nameKey)
    return known ? openOnce(open, known) : undefined
  })
  if (kith)
    return (
      <KithProvider kith={kith} fallback={fallback}>
        {children}
      </KithProvider>
    )
  const begin = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const name = (new FormData(event.currentTarget).get('name') as string).trim()
    if (name === '') return
    globalThis.localStorage?.setItem(nameKey, name)
    setKith(openOnce(open, name))
  }
  return (
    <form data-kith="welcome" onSubmit={begin}>
      <h1>{title}</h1>
      <label>
        What are you called? <input name="name" required maxLength={100} autoComplete="name" />
      </label>
      <button type="submit">Begin</button>
    </form>
  )
}

/** React may call an initialiser twice; a person is opened once. */
const openings = new WeakMap<WelcomeProps['open'], Promise<Kith>>()
const openOnce = (open: WelcomeProps['open'], name: string): Promise<Kith> => {
  const known = openings.get(open) ?? open(name)
  openings.set(open, known)
  return known
}
