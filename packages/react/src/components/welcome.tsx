import type { Kith, KithError, LinkDeviceOptions, LinkingDevice, RecoverPersonOptions } from '@kith/core'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { KithProvider } from '../provider.ts'
import { LinkForm, NameForm, PhraseForm } from './welcome-forms.tsx'
import { messageOf } from './message-of.ts'

export type WelcomeProps = {
  /** `openKith`, with the name that was given; without one where the person was here before. */
  readonly open: (name?: string) => Promise<Kith>
  /** `linkDevice`: for who has another device. */
  readonly link?: (options: Pick<LinkDeviceOptions, 'code'>) => Promise<LinkingDevice<Kith>>
  /** `recoverPerson`: for who has the twelve words. */
  readonly recover?: (options: Pick<RecoverPersonOptions, 'phrase' | 'revokesOthers'>) => Promise<Kith>
  /** `eraseStore`: called before somebody begins where a store was lost or is damaged. */
  readonly erase?: () => Promise<void>
  readonly title?: string
  readonly fallback?: ReactNode
  readonly children?: ReactNode
}

/** Set once somebody is here: who comes back is not asked. */
const knownKey = 'kith known'
const devicePrefix = 'kith:device#'

const ways = { name: 'I am new here', device: 'I have another device', phrase: 'I have my phrase' } as const
type Way = keyof typeof ways

/**
 * The sign-in that is none: no account, no password. A person says how it is called, or that it has another device (a page that was opened by
 * that one's link knows it), or its recovery phrase. Who was here before is not asked.
 */
export const Welcome = ({
  open,
  link,
  recover,
  erase,
  title = 'Welcome',
  fallback,
  children,
}: WelcomeProps): ReactNode => {
  const [scanned] = useState(scannedLink)
  const [kith, setKith] = useState<Kith>()
  const [way, setWay] = useState<Way>(scanned === '' ? 'name' : 'device')
  const [isKnown] = useState(() => Boolean(globalThis.localStorage?.getItem(knownKey)))
  const [isOpening, setIsOpening] = useState(isKnown)
  const [problem, setProblem] = useState<unknown>()

  const enter = (opening: () => Promise<Kith>): void => {
    setIsOpening(true)
    opening().then(
      (opened) => {
        globalThis.localStorage?.setItem(knownKey, 'yes')
        if (scanned !== '') globalThis.history.replaceState(globalThis.history.state, '', '#')
        setKith(opened)
      },
      (error: unknown) => {
        setProblem(error)
        setIsOpening(false)
      },
    )
  }
  const prepare = async (): Promise<void> => {
    if (isBeyondUse(problem)) await erase?.()
  }
  const wasOpened = useRef(false)
  useEffect(() => {
    // React runs effects twice while an app is developed; a person is opened once.
    if (!isKnown || wasOpened.current) return
    wasOpened.current = true
    enter(async () => open())
  })

  if (kith)
    return (
      <KithProvider kith={kith} fallback={fallback}>
        {children}
      </KithProvider>
    )
  if (isOpening) return fallback
  const offered: Way[] = ['name', ...(link ? (['device'] as const) : []), ...(recover ? (['phrase'] as const) : [])]
  return (
    <section data-kith="welcome" aria-label={title}>
      <h1>{title}</h1>
      {problem === undefined ? null : <p role="alert">{messageOf(problem)}</p>}
      {way === 'name' ? <NameForm begin={(name) => enter(async () => prepare().then(async () => open(name)))} /> : null}
      {way === 'device' && link ? (
        <LinkForm known={scanned} link={async (code) => prepare().then(async () => link({ code }))} enter={enter} />
      ) : null}
      {way === 'phrase' && recover ? (
        <PhraseForm begin={(options) => enter(async () => prepare().then(async () => recover(options)))} />
      ) : null}
      {offered.length === 1 ? null : (
        <nav aria-label="Other ways to begin">
          {offered
            .filter((other) => other !== way)
            .map((other) => (
              <button key={other} type="button" onClick={() => setWay(other)}>
                {ways[other]}
              </button>
            ))}
        </nav>
      )}
    </section>
  )
}

/** A store that nobody can use again before it is erased. */
const isBeyondUse = (problem: unknown): boolean =>
  problem instanceof Error &&
  ['storage-lost', 'storage-locked', 'storage-damaged'].includes((problem as KithError).code)

const scannedLink = (): string => {
  const fragment = decodeURIComponent(globalThis.location?.hash.slice(1) ?? '')
  return fragment.startsWith(devicePrefix) ? fragment : ''
}
