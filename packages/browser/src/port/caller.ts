import { KithError } from '@kith/core'
import { dataToError } from './error-data.ts'
import type { ListenEvents, ObjectNumber, PageMessage, Service, WorkerMessage } from './messages.ts'

/** What the page needs of a worker or a port. */
export type Port = {
  readonly postMessage: (message: unknown) => void
  readonly addEventListener: (type: 'message', listener: (event: MessageEvent) => void) => void
}

/** The page's end. */
export type Caller = {
  readonly object: <S extends Service>(object: ObjectNumber) => RemoteObject<S>
  /** Ends every call under way with this error, and refuses all later ones with it. */
  readonly fail: (error: Error) => void
}

/** An object in the worker: its methods as promises, its listeners by callbacks. */
export type RemoteObject<S extends Service> = {
  readonly call: <M extends keyof S['calls'] & string>(
    method: M,
    ...parameters: Parameters<S['calls'][M]>
  ) => Promise<Awaited<ReturnType<S['calls'][M]>>>
  readonly listen: <M extends keyof S['listens'] & string>(
    method: M,
    events: Parameters<S['listens'][M]>[0],
    ...parameters: ListenParameters<S['listens'][M]>
  ) => () => void
}

type ListenParameters<F> = F extends (events: never, ...parameters: infer P) => unknown ? P : never

type Waiting = { readonly resolve: (value: never) => void; readonly reject: (error: Error) => void }

export const createCaller = (port: Port): Caller => {
  const calls = new Map<number, Waiting>()
  const listeners = new Map<number, ListenEvents<never>>()
  let lastId = 0
  let failure: Error | undefined

  port.addEventListener('message', ({ data }) => {
    const message = data as WorkerMessage
    if (message.type === 'event') listeners.get(message.id)?.event(message.value as never)
    else if (message.type === 'failed') listeners.get(message.id)?.failed(dataToError(message.error))
    else {
      const call = calls.get(message.id)
      calls.delete(message.id)
      if (message.type === 'result') call?.resolve(message.value as never)
      else call?.reject(dataToError(message.error))
    }
  })

  const post = (message: PageMessage): void => {
    if (failure) throw failure
    try {
      port.postMessage(message)
    } catch (cause) {
      throw new KithError(
        'bad-value',
        'A value cannot be stored: it holds a function or another object of this page.',
        {},
        cause,
      )
    }
  }

  return {
    object: (object) => ({
      call: async (method, ...parameters) => {
        const id = (lastId += 1)
        post({ type: 'call', id, object, method, parameters })
        return new Promise<never>((resolve, reject) => calls.set(id, { resolve, reject }))
      },
      listen: (method, events, ...parameters) => {
        const id = (lastId += 1)
        post({ type: 'listen', id, object, method, parameters })
        listeners.set(id, events)
        return () => {
          if (listeners.delete(id) && !failure) post({ type: 'stop', id })
        }
      },
    }),
    fail: (error) => {
      failure ??= error
      for (const { reject } of calls.values()) reject(error)
      calls.clear()
      listeners.clear()
    },
  }
}
