import type { RecoverySheet } from '@kith/core'
import { type ReactNode, type SubmitEvent, useState } from 'react'
import { useKith } from '../provider.ts'
import { useStatus } from '../use-people.ts'
import { fieldOf } from './field-of.ts'
import { messageOf } from './message-of.ts'

/**
 * The recovery phrase, by which a person comes back without any device: shown when asked for, until its words were typed in again, which shows
 * that they are on paper. Nothing from then on, and on devices that never had it.
 */
export const RecoveryWords = ({ children = 'Write down my recovery phrase' }: { children?: ReactNode }): ReactNode => {
  const kith = useKith()
  const { recovery } = useStatus()
  const [sheet, setSheet] = useState<RecoverySheet>()
  const [isDone, setIsDone] = useState(false)
  const [problem, setProblem] = useState<string>()
  const say = (error: unknown): void => setProblem(messageOf(error))

  const show = async (): Promise<void> => setSheet(await kith.recoverySheet())
  const confirm = async (words: string): Promise<void> => {
    await kith.confirmRecoveryPhrase(words)
    setSheet(undefined)
    setProblem(undefined)
    setIsDone(true)
  }

  if (isDone) return <p role="status">Your recovery phrase is on paper, and no longer on this device.</p>
  if (recovery.isConfirmed) return null
  return (
    <div data-kith="recovery">
      {sheet === undefined ? (
        <button type="button" onClick={() => void show().catch(say)}>
          {children}
        </button>
      ) : (
        <form onSubmit={(event: SubmitEvent<HTMLFormElement>) => void confirm(fieldOf(event, 'words')).catch(say)}>
          {/* Lines stay lines, and a long one is not cut off: who copies it needs all. */}
          <pre style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{sheet.text}</pre>
          <label>
            Type the words, to see that you have them{' '}
            <textarea name="words" required autoComplete="off" spellCheck={false} autoCapitalize="none" />
          </label>
          <button type="submit">I have written them down</button>
          <button type="button" onClick={() => setSheet(undefined)}>
            Later
          </button>
        </form>
      )}
      {problem === undefined ? null : <p role="alert">{problem}</p>}
    </div>
  )
}
