import { KithError } from '@kith/core'
import { dataToError } from '../port/error-data.ts'
import type { PageMessage, WorkerMessage } from '../port/messages.ts'
import { lockEnded } from './lock.ts'
import type { BootOptions, Met, Opened, OwnMessage } from './messages.ts'
import { roundLock } from './names.ts'

export type EngineOptions = Omit<BootOptions, 'round'> & { readonly createWorker: () => Worker }

/** A page's own worker. When that ends by itself another is started. */
export type Engine = {
  readonly post: (message: PageMessage) => void
  /** After `met`: the person has compared. */
  readonly confirm: () => void
  readonly close: () => Promise<void>
}

export type EngineEvents = {
  readonly met: (met: Met) => void
  readonly opened: (opened: Opened) => void
  /** The worker has ended; another is being started. */
  readonly lost: () => void
  readonly received: (message: WorkerMessage) => void
  /** It cannot be opened, or ends again and again. */
  readonly failed: (error: Error) => void
}

/** So many workers in a row may end by themselves before it is given up: whatever kills them would kill the next. */
const endsMax = 3

export const startEngine = (options: EngineOptions, events: EngineEvents): Engine => {
  const { createWorker, ...rest } = options
  const { store } = rest
  const over = new AbortController()
  let worker: Worker
  let ends = 0
  let isOpen = false
  let closed = (): void => {}

  const begin = (start: BootOptions['start']): void => {
    const round = crypto.randomUUID()
    isOpen = false
    worker = createWorker()
    const own = worker
    worker.addEventListener('error', (event) => {
      const error = event.error instanceof Error ? event.error : new Error(event.message || 'The worker did not load.')
      if (isOpen) reportError(error)
      else if (own === worker) fail(error)
    })
    worker.addEventListener('message', ({ data }: MessageEvent<OwnMessage>) => {
      if (own !== worker) return
      if (data.type === 'port') events.received(data.message as WorkerMessage)
      else if (data.type === 'failed') fail(dataToError(data.error))
      else if (data.type === 'close') closed()
      else if (data.type === 'met') events.met(data.met)
      else if (data.type === 'booted') {
        isOpen = true
        void lockEnded(roundLock(store, round), over.signal).then((isEnded) => {
          if (isEnded) again()
        })
        events.opened(data.opened)
      }
    })
    worker.postMessage({ type: 'boot', boot: { ...rest, start, round } } satisfies OwnMessage, [])
  }
  const again = (): void => {
    events.lost()
    worker.terminate()
    ends += 1
    if (ends > endsMax) fail(new KithError('closed', 'The engine ended again and again. Reload the page.'))
    // Whoever was to come is there since the first of them was open.
    else begin({ how: 'open' })
  }
  const fail = (error: Error): void => {
    over.abort()
    worker.terminate()
    events.failed(error)
  }
  begin(rest.start)

  return {
    post: (message) => worker.postMessage({ type: 'port', message } satisfies OwnMessage, []),
    confirm: () => worker.postMessage({ type: 'confirm' } satisfies OwnMessage, []),
    close: async () => {
      over.abort()
      if (isOpen || rest.start.how === 'link') {
        await new Promise<void>((resolve) => {
          closed = resolve
          worker.postMessage({ type: 'close' } satisfies OwnMessage, [])
        })
      }
      worker.terminate()
    },
  }
}
