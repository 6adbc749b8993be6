import { type App, KithError } from '@kith/core'
import type { Asked, Caller, RemoteObject } from '../port/caller.ts'
import type { PageMessage, Target } from '../port/messages.ts'
import { isLive, isPart, partKey, replaceParts, same } from '../port/values.ts'

/**
 * Methods that are passed on as they are: whatever the engine's object has, the page's has too. Functions that stand alone after
 * `live…` listen; other functions are asked from the worker. Apps and spaces arrive as themselves.
 */
export const createPassing = (
  caller: Caller,
  target: Target,
  toSpace: ToSpace,
): ((method: string) => (...parameters: unknown[]) => unknown) => {
  const remote: RemoteObject<never> = caller.object(target)
  return (method) => {
    if (!isLive(method)) return async (...parameters) => pass(caller, remote, toSpace, method, parameters)
    return (...parameters) => {
      const at = parameters.findIndex((value) => typeof value === 'function')
      if (at < 0) throw new KithError('bad-value', `${method} needs a function to call with what it finds.`)
      const [listener, failed = rethrow] = parameters.slice(at) as [(value: unknown) => void, typeof rethrow?]
      const { packed } = pack(caller, parameters.slice(0, at))
      return remote.passLive(
        method,
        { event: (value) => listener(unpack(caller, toSpace, value, undefined)), failed },
        packed,
      )
    }
  }
}

/** Makes the page's side of a space. */
type ToSpace = (caller: Caller, app: App, id: string, methods: readonly string[]) => unknown

const pass = async (
  caller: Caller,
  remote: RemoteObject<never>,
  toSpace: ToSpace,
  method: string,
  parameters: readonly unknown[],
): Promise<unknown> => {
  const { packed, functions, app } = pack(caller, parameters)
  return unpack(caller, toSpace, await remote.pass(method, packed, functions), app)
}

const pack = (
  caller: Caller,
  parameters: readonly unknown[],
): { packed: unknown[]; functions: Asked[]; app: App | undefined } => {
  const functions: Asked[] = []
  let app: App | undefined
  const packed = replaceParts(parameters, (value) => {
    if (typeof value === 'function') {
      functions.push(value as Asked)
      return { [partKey]: 'function', function: functions.length - 1, round: '' }
    }
    if (!isApp(value)) return same
    app ??= value
    return { [partKey]: 'app', app: caller.appNumber(value) }
  }) as unknown[]
  return { packed, functions, app }
}

/** A result as the app sees it. A space is of the app that the call was made with. */
const unpack = (caller: Caller, toSpace: ToSpace, result: unknown, app: App | undefined): unknown =>
  replaceParts(result, (value) => {
    if (!isPart(value)) return same
    if (value[partKey] === 'space') {
      if (!app) throw new KithError('not-supported', 'In browsers a space comes from a method that takes its app.')
      return toSpace(caller, app, value.space, value.methods)
    }
    if (value[partKey] === 'promise') {
      const { function: number, round } = value
      const given = pass(caller, caller.object({ function: number, round }), toSpace, '', [])
      // Who does not look at it does not hear of its failure, as with the engine's own.
      given.catch(() => {})
      return given
    }
    if (value[partKey] !== 'function') return same
    const { function: number, round } = value
    const remote: RemoteObject<never> = caller.object({ function: number, round })
    const run = async (...parameters: unknown[]) => pass(caller, remote, toSpace, '', parameters)
    forgotten(caller).register(run, number)
    return run
  })

const registries = new WeakMap<Caller, FinalizationRegistry<number>>()

/** Tells the worker of functions that the page cannot call any more. */
const forgotten = (caller: Caller): FinalizationRegistry<number> => {
  const known = registries.get(caller)
  if (known) return known
  const made = new FinalizationRegistry<number>((number) =>
    caller.tell({ type: 'drop', functions: [number] } satisfies PageMessage),
  )
  registries.set(caller, made)
  return made
}

const isApp = (value: unknown): value is App =>
  typeof value === 'object' && value !== null && 'recordBytes' in value && 'tables' in value && 'record' in value

/** A listener that fails without anybody listening for it must not fail silently. */
export const rethrow = (error: unknown): never => {
  throw error
}
