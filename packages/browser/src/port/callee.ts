import type { App, Space } from '@kith/core'
import { assert, KithError } from '@kith/core/bytes'
import { type AppData, type AskLens, dataToApp } from './app-data.ts'
import { dataToError, errorToData } from './error-data.ts'
import type { LensPages } from './lens-pages.ts'
import type {
  CallMessage,
  ErrorData,
  ListenMessage,
  PageMessage,
  Service,
  Session,
  Target,
  WorkerMessage,
  WriteNote,
} from './messages.ts'
import { findMethod, isPart, methodNames, partKey, replaceParts, same } from './values.ts'

/** The worker's end of one page's connection. */
export type Callee = {
  readonly receive: (message: PageMessage) => void
  /** The page is gone, or is about to ask another worker: nothing is answered any more. */
  readonly close: () => void
}

export type CalleeOptions = {
  readonly post: (message: WorkerMessage, transfer: Transferable[]) => void
  /** Names this worker among those that the page has had. */
  readonly round: string
  readonly kith: Service
  /** A space of an app, open. */
  readonly openSpace: (app: App, id: string) => Promise<Service>
  readonly notes: CallNotes
  /** Shared by all callees of the worker. */
  readonly lensPages: LensPages
  /** Adds to an error what a person needs to know about it here. */
  readonly explainError?: (error: ErrorData) => Promise<ErrorData>
}

/** What is remembered of a page's calls beyond this worker's life. */
export type CallNotes = {
  /** What became of a call that another worker was sent; undefined if it left no trace, so that it can be done now. */
  readonly find: (id: number) => { readonly result: unknown } | 'begun' | undefined
  readonly write: (id: number) => WriteNote
  /** Any other call that changes something: if a commit comes before its end, it is known to have begun. */
  readonly begin: (id: number) => { readonly end: () => void }
  /** Calls below this number may be forgotten. */
  readonly settled: (id: number) => void
}

/** Calls that may be done twice: they read, or the second time finds it done. */
const repeatable =
  /(^|\.)(get|can|query|open|join|importBundle|exportBundle|spaces|status|name|members|heldBack|explain|synced|invites|preview[A-Z]\w*|publicLink|devices|recoveryPhrase|recoverySheet|newPhrase|splitPhrase|joinPhrase|profile|card|list|requests|messages|undelivered|storage|saved|follow|inspect\.\w+)$/

/** Serves what comes to `receive`, beginning calls in the order in which they come. */
export const createCallee = (options: CalleeOptions): Callee => {
  const { round, kith, openSpace, notes, lensPages, explainError } = options
  const apps = new Map<number, App>()
  const removals: (() => void)[] = []
  const spaces = new Map<string, Promise<Service> | Service>()
  const sessions = new Map<number, Session>()
  /** Sessions of spaces that are being opened: what is asked of them waits. */
  const beginning = new Map<number, Promise<void>>()
  const functions = new Map<number, (...parameters: unknown[]) => unknown>()
  const asked = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let lastFunction = 0
  let lastAsked = 0
  let isClosed = false

  const post = (message: WorkerMessage): void => {
    if (!isClosed) options.post(message, 'value' in message ? transferOf(message.value) : [])
  }
  const appOf = (number: number): App => {
    const app = apps.get(number)
    assert(app, `no app ${number}`)
    return app
  }
  const serviceOf = (target: Target): Service | Promise<Service> => {
    if (target === 'kith') return kith
    assert('space' in target, 'a service is a person or a space')
    const key = `${target.app}/${target.space}`
    const known = spaces.get(key)
    if (known) return known
    const opening = openSpace(appOf(target.app), target.space)
    spaces.set(key, opening)
    opening.then(
      (service) => spaces.set(key, service),
      () => spaces.delete(key),
    )
    return opening
  }

  /** The same for methods written by hand, which take no functions: apps stand alone, and rows are not searched for them. */
  const withApps = (parameters: readonly unknown[]): unknown[] =>
    parameters.map((value) => (isPart(value) && value[partKey] === 'app' ? appOf(value.app) : value))

  /** Parameters as the engine takes them: apps by their numbers, functions as functions that ask the page. */
  const unpack = (call: number, parameters: readonly unknown[]): unknown[] =>
    replaceParts(parameters, (value) => {
      if (!isPart(value)) return same
      if (value[partKey] === 'app') return appOf(value.app)
      assert(value[partKey] === 'function', 'a page gives apps and functions')
      return async (...given: unknown[]) =>
        new Promise((resolve, reject) => {
          const id = (lastAsked += 1)
          asked.set(id, { resolve, reject })
          post({ type: 'ask', id, call, function: value.function, parameters: given })
        })
    }) as unknown[]

  /** A result as data: spaces by their ids, functions by numbers. */
  const pack = (result: unknown): unknown =>
    replaceParts(result, (value) => {
      const isPromise = value instanceof Promise
      if (typeof value === 'function' || isPromise) {
        const number = (lastFunction += 1)
        functions.set(number, isPromise ? () => value : (value as () => unknown))
        return { [partKey]: isPromise ? 'promise' : 'function', function: number, round }
      }
      if (!isSpace(value)) return same
      return { [partKey]: 'space', space: value.id, methods: methodNames(value) }
    })

  const startCall = (message: CallMessage): unknown => {
    const { id, target, method, parameters } = message
    if (target !== 'kith' && 'function' in target) {
      const run = target.round === round ? functions.get(target.function) : undefined
      if (!run) throw interrupted()
      return passed(id, method, () => run(...unpack(id, parameters)))
    }
    if (target !== 'kith' && 'session' in target) {
      const wait = beginning.get(target.session)
      return wait ? wait.then(() => askSession(message, target.session)) : askSession(message, target.session)
    }
    const service = serviceOf(target)
    return service instanceof Promise ? service.then((opened) => start(message, opened)) : start(message, service)
  }
  const askSession = (message: CallMessage, id: number): unknown => {
    const session = sessions.get(id)
    if (!session) throw new KithError('closed', 'This was closed already.')
    return start(message, { calls: session.calls ?? {}, writes: session.writes ?? {}, listens: {} })
  }
  const start = ({ id, method, parameters }: CallMessage, { calls, writes, rest }: Service): unknown => {
    if (Object.hasOwn(writes, method)) {
      const note = notes.write(id)
      const run = writes[method] as (note: WriteNote, ...parameters: readonly unknown[]) => unknown
      return undoing(note, () => run(note, ...parameters))
    }
    if (Object.hasOwn(calls, method)) {
      const run = calls[method] as (...parameters: readonly unknown[]) => unknown
      return run(...withApps(parameters))
    }
    const run = rest && findMethod(rest, method)
    assert(run, `no method ${method}`)
    return passed(id, method, () => run(...unpack(id, parameters)))
  }
  const passed = async (id: number, method: string, run: () => unknown): Promise<unknown> => {
    if (repeatable.test(method)) return pack(await run())
    const note = notes.begin(id)
    try {
      return pack(await run())
    } finally {
      note.end()
    }
  }

  const call = async (message: CallMessage): Promise<void> => {
    const { id } = message
    try {
      notes.settled(message.settled)
      const found = message.again ? notes.find(id) : undefined
      if (found === 'begun') throw interrupted()
      post({ type: 'result', id, value: found ? found.result : await startCall(message) })
    } catch (thrown) {
      const error = errorToData(thrown)
      post({ type: 'error', id, error: explainError ? await explainError(error) : error })
    }
  }

  const listen = ({ id, target, method, parameters }: ListenMessage): void => {
    const service = serviceOf(target)
    const failed = (error: unknown): void => post({ type: 'failed', id, error: errorToData(error) })
    const event = (value: unknown): void => post({ type: 'event', id, value })
    const begin = ({ listens, rest }: Service): void => {
      const isStopped = service instanceof Promise && !beginning.delete(id)
      if (isClosed || isStopped) return
      try {
        if (Object.hasOwn(listens, method)) {
          const run = listens[method] as (events: unknown, ...parameters: readonly unknown[]) => Session
          sessions.set(id, run({ event, failed }, ...withApps(parameters)))
        } else {
          const run = rest && findMethod(rest, method)
          assert(run, `no method ${method} to listen to`)
          const stop = run(...unpack(id, parameters), (value: unknown) => event(pack(value)))
          sessions.set(id, { stop: stop as () => void })
        }
      } catch (error) {
        failed(error)
      }
    }
    if (service instanceof Promise) beginning.set(id, service.then(begin, failed))
    else begin(service)
  }

  const takeApp = (number: number, data: AppData): void => {
    const ask: AskLens = async (table, lens, olds) =>
      new Promise((resolve, reject) => {
        const id = (lastAsked += 1)
        asked.set(id, { resolve: resolve as (value: unknown) => void, reject })
        if (isClosed) reject(pageGone())
        else post({ type: 'lens', id, app: number, table, lens, olds })
      })
    const app = dataToApp(data, (made) => {
      const { any, remove } = lensPages.add(made, ask)
      removals.push(remove)
      return any
    })
    apps.set(number, app)
  }

  const settleAsked = (message: PageMessage & { type: 'answer' }): void => {
    const waiting = asked.get(message.id)
    asked.delete(message.id)
    if (message.error) waiting?.reject(dataToError(message.error))
    else waiting?.resolve(message.value)
  }

  return {
    receive: (message) => {
      if (isClosed) return
      if (message.type === 'call') void call(message)
      else if (message.type === 'listen') listen(message)
      else if (message.type === 'app') takeApp(message.app, message.data as AppData)
      else if (message.type === 'answer') settleAsked(message)
      else if (message.type === 'drop') for (const number of message.functions) functions.delete(number)
      else {
        beginning.delete(message.id)
        sessions.get(message.id)?.stop()
        sessions.delete(message.id)
      }
    },
    close: () => {
      if (isClosed) return
      isClosed = true
      for (const remove of removals) remove()
      for (const session of sessions.values()) session.stop()
      for (const { reject } of asked.values()) reject(pageGone())
      sessions.clear()
      asked.clear()
      functions.clear()
    },
  }
}

const pageGone = (): KithError => new KithError('closed', 'The page that was asked is closed.')

/** Runs a write; if it fails it was not written. */
const undoing = async (note: WriteNote, run: () => unknown): Promise<unknown> => {
  try {
    return await run()
  } catch (cause) {
    note.undo()
    throw cause
  }
}

const interrupted = (): KithError =>
  new KithError(
    'interrupted',
    'The tab that did the work was closed before it answered. Look whether it was done before you do it again.',
  )

const isSpace = (value: unknown): value is Space<App> =>
  typeof value === 'object' && value !== null && 'tables' in value && 'transact' in value && 'id' in value

/** Bytes that fill their buffer are nobody else's: they move instead of being copied. */
const transferOf = (value: unknown): Transferable[] =>
  value instanceof Uint8Array && value.buffer instanceof ArrayBuffer && value.byteLength === value.buffer.byteLength
    ? [value.buffer]
    : []
