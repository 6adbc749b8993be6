/**
 * What a page and the engine's worker say to each other, over the worker's own port or a channel between tabs. The page numbers its calls
 * and listeners and names what they are for, so that all of it can be said again to the next worker when this one is gone.
 * Both are the same origin's code: this is a seam, not a border.
 */

/** Raised when an older tab could not understand: tabs of one origin may run two versions of an app. */
export const portVersion = 1

/** Which object a call is for. Numbers are the page's own. */
export type Target =
  | 'kith'
  | { readonly app: number; readonly space: string }
  /** What a listener has opened: a text, a transaction. */
  | { readonly session: number }
  /** A function that came with a result. It ends with the worker that it came from. */
  | { readonly function: number; readonly round: string }

export type PageMessage =
  | CallMessage
  | ListenMessage
  | { readonly type: 'stop'; readonly id: number }
  /** An app by number, before it is first named. */
  | { readonly type: 'app'; readonly app: number; readonly data: unknown }
  /** What the page's function gave that the worker asked. */
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown; readonly error: ErrorData | undefined }
  /** Functions of results that the page has forgotten. */
  | { readonly type: 'drop'; readonly functions: readonly number[] }

export type CallMessage = {
  readonly type: 'call'
  readonly id: number
  readonly target: Target
  readonly method: string
  readonly parameters: readonly unknown[]
  /** It was sent to a worker before that may have done it. */
  readonly again: boolean
  /** All calls below this number were answered: nobody asks for their results again. */
  readonly settled: number
}

export type ListenMessage = Omit<CallMessage, 'type' | 'again' | 'settled'> & { readonly type: 'listen' }

export type WorkerMessage =
  | { readonly type: 'result'; readonly id: number; readonly value: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: ErrorData }
  | { readonly type: 'event'; readonly id: number; readonly value: unknown }
  /** A listener failed once; more events may come. */
  | { readonly type: 'failed'; readonly id: number; readonly error: ErrorData }
  /** Asks what a lens of the page's app makes of older values. */
  | {
      readonly type: 'lens'
      readonly id: number
      readonly app: number
      readonly table: string
      /** Its place among the table's. */
      readonly lens: number
      readonly olds: readonly object[]
    }
  /** Asks a function that stood in the parameters of a call. */
  | {
      readonly type: 'ask'
      readonly id: number
      readonly call: number
      readonly function: number
      readonly parameters: readonly unknown[]
    }

/** An error as data: a structured clone would lose its code and its class. */
export type ErrorData = {
  readonly code: string | undefined
  readonly message: string
  readonly details: Readonly<Record<string, string | number | boolean>>
  readonly stack: string | undefined
}

/** What is written in the hand: methods that need more than being passed on. */
export type Service = {
  readonly calls: { readonly [method: string]: (...parameters: never[]) => unknown }
  /** Writes that are remembered with their results, in the transaction that they are made in. */
  readonly writes: { readonly [method: string]: (write: WriteNote, ...parameters: never[]) => unknown }
  /** Starts; `events` are `ListenEvents` of some value. */
  readonly listens: { readonly [method: string]: (events: never, ...parameters: never[]) => Session }
  /** Every other method is this object's own: of its functions, by name, or by names with dots where they lie deeper. */
  readonly rest?: object
}

/** What a listener runs until it is stopped, and what can be asked of it meanwhile. */
export type Session = {
  readonly stop: () => void
  readonly calls?: { readonly [method: string]: (...parameters: never[]) => unknown }
  readonly writes?: Service['writes']
}

/** Has the result of a write remembered by the same commit as the write. */
export type WriteNote = {
  readonly done: (result: unknown) => void
  /** It was not written after all. */
  readonly undo: () => void
}

export type ListenEvents<Value> = {
  readonly event: (value: Value) => void
  readonly failed: (error: unknown) => void
}
