import type { Kith, LinkingDevice, RecoverPersonOptions } from '@kith/core'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { fieldOf } from './field-of.ts'
import { messageOf } from './message-of.ts'

export const NameForm = ({ begin }: { begin: (name: string) => void }): ReactNode => (
  <form
    onSubmit={(event) => {
      const name = fieldOf(event, 'name')
      if (name !== '') begin(name)
    }}
  >
    <label>
      What are you called? <input name="name" required maxLength={100} autoComplete="name" />
    </label>
    <button type="submit">Begin</button>
  </form>
)

export const PhraseForm = ({
  begin,
}: {
  begin: (options: Pick<RecoverPersonOptions, 'phrase' | 'revokesOthers'>) => void
}): ReactNode => (
  <form
    onSubmit={(event) => {
      const phrase = fieldOf(event, 'phrase')
      const revokesOthers = fieldOf(event, 'others') === 'lost'
      if (phrase !== '') begin({ phrase, revokesOthers })
    }}
  >
    <label>
      Your twelve words <textarea name="phrase" required autoComplete="off" spellCheck={false} autoCapitalize="none" />
    </label>
    <label>
      <input type="checkbox" name="others" value="lost" /> My other devices are lost or stolen: end them
    </label>
    <button type="submit">Come back</button>
  </form>
)

type LinkFormProps = {
  /** The link that this page was opened by; empty: the person types a code. */
  readonly known: string
  readonly link: (code: string) => Promise<LinkingDevice<Kith>>
  readonly enter: (opening: () => Promise<Kith>) => void
}

/** The new device's side of adding one: the code, then six digits to compare. */
export const LinkForm = ({ known, link, enter }: LinkFormProps): ReactNode => {
  const [linking, setLinking] = useState<LinkingDevice<Kith>>()
  const [isBusy, setIsBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const current = useRef<LinkingDevice<Kith>>(undefined)
  useEffect(() => () => current.current?.cancel(), [])

  const begin = async (code: string): Promise<void> => {
    setIsBusy(true)
    setProblem(undefined)
    try {
      current.current = await link(code)
      setLinking(current.current)
    } catch (error) {
      setProblem(messageOf(error))
    } finally {
      setIsBusy(false)
    }
  }
  const confirm = (compared: LinkingDevice<Kith>): void => {
    // It is no longer this form's to give up.
    current.current = undefined
    enter(compared.confirm)
  }
  const cancel = (): void => {
    current.current?.cancel()
    current.current = undefined
    setLinking(undefined)
  }

  if (linking)
    return (
      <div>
        <p>Does your other device show the same number?</p>
        <output>{linking.check}</output>
        <button type="button" onClick={() => confirm(linking)}>
          Yes, the same
        </button>
        <button type="button" onClick={cancel}>
          Cancel
        </button>
      </div>
    )
  return (
    <form onSubmit={(event) => void begin(fieldOf(event, 'code'))}>
      <label>
        The code that your other device shows{' '}
        <input
          name="code"
          required
          defaultValue={known}
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
        />
      </label>
      <button type="submit" disabled={isBusy}>
        Link this device
      </button>
      {problem === undefined ? null : <p role="alert">{problem}</p>}
    </form>
  )
}
