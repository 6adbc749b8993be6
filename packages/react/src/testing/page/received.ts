/**
 * Counts what comes to this page in messages of workers, as characters of JSON. Import it before anything starts one. What `liveStatus` says is
 * not counted: it tells of hubs, when they answer, and how often that is between an edit and its paint depends on the machine.
 */
import type { OwnMessage } from '../../../../browser/src/tabs/messages.ts'

let chars = 0
const statuses = new Set<number>()

export const receivedChars = (): number => chars

// oxlint-disable-next-line typescript/unbound-method -- called with its `this` below
const post = Worker.prototype.postMessage as (this: Worker, sent: OwnMessage, transfer: Transferable[]) => void
Worker.prototype.postMessage = function (this: Worker, sent: OwnMessage, transfer: Transferable[]): void {
  if (sent.type === 'port' && sent.message.type === 'listen' && sent.message.method === 'liveStatus')
    statuses.add(sent.message.id)
  post.call(this, sent, transfer)
} as Worker['postMessage']

const count = ({ data }: MessageEvent<OwnMessage>): void => {
  const isStatus = data.type === 'port' && data.message.type === 'event' && statuses.has(data.message.id)
  if (!isStatus) chars += JSON.stringify(data).length
}

// oxlint-disable-next-line typescript/unbound-method -- called with its `this` below
const add = EventTarget.prototype.addEventListener
EventTarget.prototype.addEventListener = function (this: EventTarget, type: string, listener, options): void {
  // Once for each that listens: the page's own worker has one listener.
  if (this instanceof Worker && type === 'message') add.call(this, type, count as EventListener)
  add.call(this, type, listener, options)
}
