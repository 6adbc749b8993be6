/**
 * What page and worker say to each other over a message port. The page calls methods of numbered objects, or listens to them; the worker
 * answers each call once, and a listener until it is stopped. Both are the same origin's code: this is a seam, not a border.
 */

export type ObjectNumber = number

export type PageMessage =
  | CallMessage
  | (Omit<CallMessage, 'type'> & { readonly type: 'listen' })
  | { readonly type: 'stop'; readonly id: number }

export type CallMessage = {
  readonly type: 'call'
  readonly id: number
  readonly object: ObjectNumber
  readonly method: string
  readonly parameters: readonly unknown[]
}

export type WorkerMessage =
  | { readonly type: 'result'; readonly id: number; readonly value: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: ErrorData }
  | { readonly type: 'event'; readonly id: number; readonly value: unknown }
  /** A listener failed once; more events may come. */
  | { readonly type: 'failed'; readonly id: number; readonly error: ErrorData }

/** An error as data: a structured clone would lose its code and its class. */
export type ErrorData = {
  readonly code: string | undefined
  readonly message: string
  readonly details: Readonly<Record<string, string | number | boolean>>
  readonly stack: string | undefined
}

/** Methods of an object in the worker, and what it lets one listen to: `events` are `ListenEvents` of some value. */
export type Service = {
  readonly calls: { readonly [method: string]: (...parameters: never[]) => unknown }
  /** Starts; returns what stops it. */
  readonly listens: { readonly [method: string]: (events: never, ...parameters: never[]) => () => void }
}

export type ListenEvents<Value> = {
  readonly event: (value: Value) => void
  readonly failed: (error: unknown) => void
}

/** The worker's first object, there from the start. */
export const bootObject: ObjectNumber = 0
