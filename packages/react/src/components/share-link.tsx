import type { App, InviteOptions, Space } from '@kith/core'
import { type ReactNode, useState } from 'react'
import { useCan } from '../can.ts'
import { QrCode } from './qr-code.tsx'
import { messageOf } from './message-of.ts'

export type ShareLinkProps<A extends App> = {
  readonly space: Space<A>
  /** What who follows the link becomes; a writer unless given. */
  readonly options?: InviteOptions
  /** The address of the app that opens the link; this page unless given. */
  readonly page?: string
  readonly children?: ReactNode
}

/**
 * A button that makes a link by which others join, and shows it to be copied, sent or read by a camera. Nothing for who may not invite.
 */
export const ShareLink = <A extends App>({
  space,
  options,
  page,
  children = 'Share',
}: ShareLinkProps<A>): ReactNode => {
  const [link, setLink] = useState<string>()
  const [problem, setProblem] = useState<string>()
  const [isCopied, setIsCopied] = useState(false)
  const can = useCan(space)
  if (!can('invite')) return null

  const make = async (): Promise<void> => {
    try {
      const made = await space.invite(options ?? { role: 'writer' })
      const url = new URL(page ?? globalThis.location.href)
      url.hash = made
      setProblem(undefined)
      setLink(url.href)
    } catch (error) {
      setProblem(messageOf(error))
    }
  }
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(link ?? '')
    setIsCopied(true)
  }
  return (
    <div data-kith="share">
      {link === undefined ? (
        <button type="button" onClick={() => void make()}>
          {children}
        </button>
      ) : (
        <>
          <input readOnly value={link} aria-label="Link to join" onFocus={(event) => event.currentTarget.select()} />
          <button type="button" onClick={() => void copy().catch(() => setIsCopied(false))}>
            {isCopied ? 'Copied' : 'Copy'}
          </button>
          <button type="button" onClick={() => setLink(undefined)}>
            Done
          </button>
          <QrCode text={link} />
        </>
      )}
      {problem === undefined ? null : <p role="alert">{problem}</p>}
    </div>
  )
}
