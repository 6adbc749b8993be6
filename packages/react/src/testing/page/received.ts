/** Counts what comes to this page in messages of workers and ports, as characters of JSON. Import it before anything opens one. */
let chars = 0

export const receivedChars = (): number => chars

// oxlint-disable-next-line typescript/unbound-method -- called with its `this` below
const add = EventTarget.prototype.addEventListener
EventTarget.prototype.addEventListener = function (this: EventTarget, type: string, listener, options): void {
  if (type === 'message' && typeof listener === 'function') {
    add.call(
      this,
      type,
      (event) => {
        chars += JSON.stringify((event as MessageEvent).data)?.length ?? 0
        listener.call(this, event)
      },
      options,
    )
  } else add.call(this, type, listener, options)
}
