import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from 'react'
import { messageOf } from './message-of.ts'

export type ConfirmButtonProps = {
  /** What will happen, asked for when the button is pressed. */
  readonly question: () => string | Promise<string>
  /** The button that does it. */
  readonly yes: string
  readonly run: () => Promise<unknown>
  readonly children: ReactNode
}

type Stage = { readonly at: 'rest'; readonly problem?: string } | { readonly at: 'asking'; readonly text: string }

/** A button that says what it will do before it does it. Escape is no. */
export const ConfirmButton = ({ question, yes, run, children }: ConfirmButtonProps): ReactNode => {
  const [stage, setStage] = useState<Stage>({ at: 'rest' })
  const textId = useId()
  const button = useRef<HTMLButtonElement>(null)
  const fail = (error: unknown): void => setStage({ at: 'rest', problem: messageOf(error) })

  const ask = async (): Promise<void> => setStage({ at: 'asking', text: await question() })
  const rest = (): void => {
    setStage({ at: 'rest' })
    // Where the keyboard was.
    requestAnimationFrame(() => button.current?.focus())
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') rest()
  }
  if (stage.at === 'rest') {
    return (
      <>
        <button ref={button} type="button" onClick={() => void ask().catch(fail)}>
          {children}
        </button>
        {stage.problem === undefined ? null : <span role="alert">{stage.problem}</span>}
      </>
    )
  }
  return (
    <div role="alertdialog" aria-label={yes} aria-describedby={textId} data-kith="confirm" onKeyDown={onKeyDown}>
      <p id={textId}>{stage.text}</p>
      <button type="button" onClick={() => void run().then(rest, fail)}>
        {yes}
      </button>
      <button ref={(shown) => shown?.focus()} type="button" onClick={rest}>
        Cancel
      </button>
    </div>
  )
}
