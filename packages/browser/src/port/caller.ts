import { type App, KithError } from '@kith/core'
import { lensesOf, lensForward, type Table } from '@kith/core/schema'
import { appToData } from './app-data.ts'
import { dataToError, errorToData } from './error-data.ts'
import type {
  CallMessage,
  ListenEvents,
  ListenMessage,
  PageMessage,
  Service,
  Target,
  WorkerMessage,
} from './messages.ts'

/** The way to one worker. */
export type Link = { readonly post: (message: PageMessage) => void }

/** The page's end. What is open stays open from one worker to the next. */
export type Caller = {
  readonly object: <S extends Pick<Service, 'calls' | 'writes' | 'listens'>>(target: Target) => RemoteObject<S>
  /** The number by which messages name an app. */
  readonly appNumber: (app: App) => number
  /** A worker is there: it is told again what is listened to, and asked again what was not answered. */
  readonly connect: (link: Link) => void
  /** The worker is gone, or about to be: calls wait for the next. */
  readonly disconnect: () => void
  /** Takes a message. Answers count from whomever they come, events only from the worker that the page is connected to. */
  readonly receive: (message: WorkerMessage, link: Link) => void
  /** Ends every call under way with this error, and refuses all later ones with it. */
  readonly fail: (error: Error) => void
  /** Tells the worker without waiting, if there is one. */
  readonly tell: (message: PageMessage) => void
  /** Resolves when all calls made so far are answered. */
  readonly idle: () => Promise<void>
}

/** An object in the worker: its methods as promises, its listeners by callbacks. */
export type RemoteObject<S extends Pick<Service, 'calls' | 'writes' | 'listens'>> = {
  readonly call: <M extends keyof S['calls'] & string>(
    method: M,
    ...parameters: Parameters<S['calls'][M]>
  ) => Promise<Awaited<ReturnType<S['calls'][M]>>>
  readonly write: <M extends keyof S['writes'] & string>(
    method: M,
    ...parameters: Rest<S['writes'][M]>
  ) => Promise<Awaited<ReturnType<S['writes'][M]>>>
  readonly listen: <M extends keyof S['listens'] & string>(
    method: M,
    events: Parameters<S['listens'][M]>[0] & Restart,
    ...parameters: Rest<S['listens'][M]>
  ) => Listening<ReturnType<S['listens'][M]>>
  /** A method that is passed on as it is; `functions` are what the parameters name by number. */
  readonly pass: (method: string, parameters: readonly unknown[], functions: readonly Asked[]) => Promise<unknown>
  readonly passLive: (
    method: string,
    events: ListenEvents<unknown> & Restart,
    parameters: readonly unknown[],
  ) => () => void
}

/** A listener under way, and what it answers. */
export type Listening<S> = {
  readonly stop: () => void
  readonly session: RemoteObject<{
    calls: S extends { calls: infer C extends Service['calls'] } ? C : Service['calls']
    writes: S extends { writes: infer W extends Service['writes'] } ? W : Service['writes']
    listens: Service['listens']
  }>
}

export type Asked = (...parameters: unknown[]) => unknown

/** Called before the first event of a worker that took over. */
type Restart = { readonly restarted?: () => void }
type Rest<F> = F extends (first: never, ...parameters: infer P) => unknown ? P : never

type Call = {
  readonly message: Omit<CallMessage, 'again' | 'settled'>
  readonly functions: readonly Asked[]
  wasSent: boolean
  readonly resolve: (value: never) => void
  readonly reject: (error: Error) => void
}
type Listener = { readonly message: ListenMessage; readonly events: ListenEvents<never> & Restart; wasSent: boolean }

export const createCaller = (): Caller => {
  const calls = new Map<number, Call>()
  const listeners = new Map<number, Listener>()
  const appNumbers = new Map<App, number>()
  let waitingForIdle: (() => void)[] = []
  let lastId = 0
  let failure: Error | undefined
  let link: Link | undefined

  const post = (message: PageMessage): void => {
    try {
      link?.post(message)
    } catch (cause) {
      throw new KithError(
        'bad-value',
        'A value cannot be stored: it holds a function or another object of this page.',
        {},
        cause,
      )
    }
  }
  const end = (id: number): Call | undefined => {
    const call = calls.get(id)
    calls.delete(id)
    if (calls.size === 0) {
      const told = waitingForIdle
      waitingForIdle = []
      for (const tell of told) tell()
    }
    return call
  }
  const sendCall = (call: Call): void => {
    if (!link) return
    try {
      const settled = calls.keys().next().value ?? call.message.id
      post({ ...call.message, again: call.wasSent, settled })
      call.wasSent = true
    } catch (error) {
      end(call.message.id)?.reject(error as Error)
    }
  }
  const sendListen = (listener: Listener): void => {
    if (!link) return
    if (listener.wasSent) listener.events.restarted?.()
    listener.wasSent = true
    post(listener.message)
  }
  const call = async (
    target: Target,
    method: string,
    parameters: readonly unknown[],
    functions: readonly Asked[],
  ): Promise<never> =>
    new Promise((resolve, reject) => {
      if (failure) return reject(failure)
      const id = (lastId += 1)
      const made = {
        message: { type: 'call' as const, id, target, method, parameters },
        functions,
        wasSent: false,
        resolve,
        reject,
      }
      calls.set(id, made)
      sendCall(made)
    })
  const listen = (
    target: Target,
    method: string,
    events: ListenEvents<never> & Restart,
    parameters: readonly unknown[],
  ): Listening<never> => {
    if (failure) throw failure
    const id = (lastId += 1)
    const listener = { message: { type: 'listen' as const, id, target, method, parameters }, events, wasSent: false }
    listeners.set(id, listener)
    sendListen(listener)
    const stop = (): void => {
      if (listeners.delete(id) && !failure) post({ type: 'stop', id })
    }
    return { stop, session: object({ session: id }) }
  }
  const object = (target: Target): RemoteObject<never> =>
    ({
      call: (method: string, ...parameters: unknown[]) => call(target, method, parameters, []),
      write: (method: string, ...parameters: unknown[]) => call(target, method, parameters, []),
      listen: (method: string, events: ListenEvents<never>, ...parameters: unknown[]) =>
        listen(target, method, events, parameters),
      pass: (method: string, parameters: readonly unknown[], functions: readonly Asked[]) =>
        call(target, method, parameters, functions),
      passLive: (method: string, events: ListenEvents<never>, parameters: readonly unknown[]) =>
        listen(target, method, events, parameters).stop,
    }) as unknown as RemoteObject<never>

  const answer = async (message: WorkerMessage & { type: 'ask' }): Promise<void> => {
    let value: unknown
    let error: unknown
    try {
      value = await calls.get(message.call)?.functions[message.function]?.(...message.parameters)
    } catch (thrown) {
      error = thrown
    }
    post({ type: 'answer', id: message.id, value, error: error === undefined ? undefined : errorToData(error) })
  }

  const answerLens = ({ id, app: number, table, lens, olds }: WorkerMessage & { type: 'lens' }): void => {
    const app = [...appNumbers].find(([, known]) => known === number)?.[0]
    const found = app && lensesOf(app.tables[table] as Table)[lens]
    post({ type: 'answer', id, value: found ? lensForward(found, olds) : [], error: undefined })
  }

  return {
    object,
    appNumber: (app) => {
      let number = appNumbers.get(app)
      if (number === undefined) {
        number = appNumbers.size
        appNumbers.set(app, number)
        post({ type: 'app', app: number, data: appToData(app) })
      }
      return number
    },
    connect: (next) => {
      link = next
      for (const [app, number] of appNumbers) post({ type: 'app', app: number, data: appToData(app) })
      // In the order in which the page began them.
      const open = [...calls.values(), ...listeners.values()].sort((left, right) => left.message.id - right.message.id)
      for (const each of open) {
        if ('events' in each) sendListen(each)
        else sendCall(each)
      }
    },
    disconnect: () => {
      link = undefined
    },
    receive: (message, from) => {
      if (message.type === 'result') end(message.id)?.resolve(message.value as never)
      else if (message.type === 'error') end(message.id)?.reject(dataToError(message.error))
      else if (from !== link) return
      else if (message.type === 'event') listeners.get(message.id)?.events.event(message.value as never)
      else if (message.type === 'failed') listeners.get(message.id)?.events.failed(dataToError(message.error))
      else if (message.type === 'lens') answerLens(message)
      else void answer(message)
    },
    fail: (error) => {
      failure ??= error
      link = undefined
      for (const { reject } of calls.values()) reject(error)
      calls.clear()
      listeners.clear()
      for (const tell of waitingForIdle) tell()
    },
    tell: post,
    idle: async () => {
      if (calls.size > 0) await new Promise<void>((resolve) => waitingForIdle.push(resolve))
    },
  }
}
