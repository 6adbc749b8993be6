import type { KithOptions, LinkDeviceOptions, RecoverPersonOptions } from '@kith/core'
import type { ErrorData, PageMessage, WorkerMessage } from '../port/messages.ts'
import type { Mark } from '../page/mark.ts'
import type { StorageKind } from '../platform/storage-status.ts'

/** What a page needs to know of an engine that is open. `round` names the worker. */
export type Opened = {
  readonly round: string
  readonly address: string
  readonly storage: StorageKind
  /** The person's methods, by name. */
  readonly methods: readonly string[]
}

/** How a person comes to be in a store. */
export type Start =
  /** It is there, or is new. */
  | { readonly how: 'open' }
  /** It has another device, which is asked. */
  | { readonly how: 'link'; readonly options: LinkDeviceOptions }
  /** It has its recovery phrase. */
  | { readonly how: 'recover'; readonly options: RecoverPersonOptions }

/** What a device that is being linked shows, for a person to compare. */
export type Met = { readonly check: string; readonly address: string }

/** On the square. */
export type SquareMessage =
  /** A worker has opened the store. */
  | { readonly type: 'here'; readonly round: string }
  /** A tab asks for a connection. */
  | { readonly type: 'join'; readonly tab: string; readonly version: number }

/** On a tab's own channel. Whatever is for or from another worker than the one that is meant is not looked at. */
export type TabMessage =
  | { readonly type: 'welcome'; readonly opened: Opened }
  | { readonly type: 'refused'; readonly error: ErrorData }
  | { readonly type: 'to worker'; readonly round: string; readonly message: PageMessage }
  | { readonly type: 'to page'; readonly round: string; readonly message: WorkerMessage }
  /** The page is closing. */
  | { readonly type: 'bye' }

/** Between a page and the worker that it has started. */
export type OwnMessage =
  | { readonly type: 'boot'; readonly boot: BootOptions }
  /** A device is being linked: the page shows this, and answers `confirm` or `close`. */
  | { readonly type: 'met'; readonly met: Met }
  | { readonly type: 'confirm' }
  | { readonly type: 'booted'; readonly opened: Opened }
  | { readonly type: 'failed'; readonly error: ErrorData }
  | { readonly type: 'port'; readonly message: PageMessage | WorkerMessage }
  /** Closes the engine; answered with the same when the files are free. */
  | { readonly type: 'close' }

export type BootOptions = {
  readonly store: string
  readonly round: string
  /** The page's own. */
  readonly tab: string
  readonly hubs: readonly string[]
  readonly name: string | undefined
  readonly isolation: KithOptions['isolation']
  readonly start: Start
  /** What the page remembers of whoever was in the store. */
  readonly mark: Mark | undefined
}
