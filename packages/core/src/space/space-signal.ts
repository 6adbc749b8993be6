import type { Cancel, Clock } from '../ports/index.ts'

export type SpaceSignal = {
  readonly tell: (space: number) => void
  readonly listen: (listener: (space: number) => void) => () => void
  readonly close: () => void
}

/** Tells of spaces once the work that is queued has had its turn: never inside a transaction that takes changes in. */
export const createSpaceSignal = (clock: Clock): SpaceSignal => {
  const listeners = new Set<(space: number) => void>()
  let spaces = new Set<number>()
  let cancel: Cancel | undefined
  const flush = (): void => {
    const told = spaces
    spaces = new Set()
    cancel = undefined
    for (const space of told) for (const listener of listeners) listener(space)
  }
  return {
    tell: (space: number): void => {
      spaces.add(space)
      cancel ??= clock.soon(flush)
    },
    listen: (listener: (space: number) => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: () => {
      cancel?.()
      cancel = () => {}
    },
  }
}
