import type { Status } from '@kith/core'
import type { ReactNode } from 'react'
import { useStatus } from '../use-people.ts'

export type ConnectionWords = {
  readonly connected: string
  readonly connecting: string
  readonly offline: string
  readonly alone: string
  readonly pending: (count: number) => string
}

const english: ConnectionWords = {
  connected: 'All saved and shared',
  connecting: 'Connecting …',
  offline: 'Offline: all is saved here',
  alone: 'Saved on this device',
  pending: (count) => `Sending ${count} …`,
}

/** In a few words whether others get what one writes. `data-state` is for the app's CSS; a clock that is wrong is said too. */
export const ConnectionStatus = ({ words = english }: { words?: ConnectionWords }): ReactNode => {
  const status = useStatus()
  const state = connectionState(status)
  return (
    <span data-kith="connection" data-state={state} role="status" title={problemOf(status)}>
      {state === 'connected' && status.pending > 0 ? words.pending(status.pending) : words[state]}
      {status.clock.warning === undefined ? null : <em> {status.clock.warning}</em>}
    </span>
  )
}

/** The best of the hubs counts: one is enough to reach the others. */
export const connectionState = ({ hubs }: Pick<Status, 'hubs'>): 'connected' | 'connecting' | 'offline' | 'alone' => {
  if (hubs.length === 0) return 'alone'
  if (hubs.some(({ state }) => state === 'connected')) return 'connected'
  return hubs.some(({ state }) => state === 'connecting') ? 'connecting' : 'offline'
}

const problemOf = ({ hubs }: Status): string | undefined => hubs.find(({ problem }) => problem)?.problem?.message
