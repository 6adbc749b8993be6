import { assert } from '@kith/core/bytes'
import { errorToData } from './error-data.ts'
import type { ObjectNumber, PageMessage, Service, WorkerMessage } from './messages.ts'

/** The worker's end. */
export type Callee = {
  /** Gives an object its number. */
  readonly add: (service: Service) => ObjectNumber
  readonly remove: (object: ObjectNumber) => void
}

type Post = (message: WorkerMessage, transfer: Transferable[]) => void

/** Serves what comes to `receive`, in the order in which it comes. The first object is `bootObject`. */
export const createCallee = (post: Post): Callee & { readonly receive: (message: PageMessage) => void } => {
  const objects = new Map<ObjectNumber, Service>()
  const stops = new Map<number, () => void>()
  let nextObject = 0

  const find = (object: ObjectNumber, kind: keyof Service, method: string) => {
    const methods = objects.get(object)?.[kind]
    assert(methods && Object.hasOwn(methods, method), `no ${method} to ${kind} in object ${object}`)
    return methods[method] as (...parameters: unknown[]) => unknown
  }

  const call = async (id: number, run: () => unknown): Promise<void> => {
    try {
      const value = await run()
      post({ type: 'result', id, value }, transferOf(value))
    } catch (error) {
      post({ type: 'error', id, error: errorToData(error) }, [])
    }
  }

  const listen = (id: number, object: ObjectNumber, method: string, parameters: readonly unknown[]): void => {
    const failed = (error: unknown): void => post({ type: 'failed', id, error: errorToData(error) }, [])
    const event = (value: unknown): void => post({ type: 'event', id, value }, transferOf(value))
    try {
      stops.set(id, find(object, 'listens', method)({ event, failed }, ...parameters) as () => void)
    } catch (error) {
      failed(error)
    }
  }

  return {
    add: (service) => {
      objects.set(nextObject, service)
      nextObject += 1
      return nextObject - 1
    },
    remove: (object) => {
      objects.delete(object)
    },
    receive: (message) => {
      if (message.type === 'stop') {
        stops.get(message.id)?.()
        stops.delete(message.id)
        return
      }
      const { type, id, object, method, parameters } = message
      if (type === 'listen') listen(id, object, method, parameters)
      else void call(id, () => find(object, 'calls', method)(...parameters))
    },
  }
}

/** Bytes that fill their buffer are nobody else's: they move instead of being copied. */
const transferOf = (value: unknown): Transferable[] =>
  value instanceof Uint8Array && value.buffer instanceof ArrayBuffer && value.byteLength === value.buffer.byteLength
    ? [value.buffer]
    : []
