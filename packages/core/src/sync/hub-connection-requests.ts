/** The requests under way on one connection: numbers, answers, and a watch for a hub that has gone silent. */
import { KithError } from '../bytes/index.ts'
import { hubSilenceMsMax, requestNumberMax, requestsUnderWayMax } from '../limits/index.ts'
import type { Cancel, Clock } from '../ports/index.ts'
import type { HubMessage } from '../wire/index.ts'

export type Answer = Extract<HubMessage, { readonly results: unknown }>

export type Requests = {
  /** Gives `send` a fresh number and waits for the answer of this type with `items` results. */
  readonly ask: <Type extends Answer['type']>(
    type: Type,
    items: number,
    send: (request: number) => void,
  ) => Promise<Extract<Answer, { readonly type: Type }>>
  /** Throws 'bad-encoding' for an answer that answers nothing. */
  readonly answered: (answer: Answer) => void
  readonly heard: () => void
  /** Milliseconds between the last question that no disk had to be waited for and its answer. */
  readonly roundTripMs: () => number | undefined
  readonly fail: (reason: KithError) => void
}

type Pending = {
  readonly type: Answer['type']
  readonly items: number
  readonly askedAt: number
  readonly resolve: (answer: Answer) => void
  readonly reject: (reason: KithError) => void
}

/** `silent` is called when an answer is due and the hub neither says nor takes anything. */
export function createRequests(clock: Clock, bufferedBytes: () => number, silent: () => void): Requests {
  const pending = new Map<number, Pending>()
  let last = 0
  let failure: KithError | undefined
  let aliveAt = clock.monotonic()
  let buffered = 0
  let cancelWatch: Cancel | undefined
  let roundTripMs: number | undefined

  /** One timer for the connection, and only while something is due. */
  function watch(delayMs: number): void {
    cancelWatch = clock.after(delayMs, () => {
      cancelWatch = undefined
      if (pending.size === 0 || failure !== undefined) return
      // A slow line that still takes our bytes is not silent.
      if (bufferedBytes() !== buffered) heard()
      buffered = bufferedBytes()
      const left = aliveAt + hubSilenceMsMax - clock.monotonic()
      if (left > 0) watch(left)
      else silent()
    })
  }

  function heard(): void {
    aliveAt = clock.monotonic()
  }

  return {
    ask(type, items, send) {
      return new Promise((resolve, reject) => {
        if (failure !== undefined) throw failure
        if (pending.size >= requestsUnderWayMax)
          throw new KithError('too-large', 'Too many requests are under way to this hub. Wait for some.')
        last = last === requestNumberMax ? 1 : last + 1
        if (pending.size === 0) heard()
        pending.set(last, {
          type,
          items,
          askedAt: clock.monotonic(),
          resolve: resolve as Pending['resolve'],
          reject,
        })
        if (cancelWatch === undefined) watch(hubSilenceMsMax)
        send(last)
      })
    },
    answered(answer) {
      const asked = pending.get(answer.request)
      if (asked === undefined || asked.type !== answer.type || asked.items !== answer.results.length) {
        throw new KithError('bad-encoding', 'The hub answered what was not asked.')
      }
      pending.delete(answer.request)
      if (asked.type !== 'stored') roundTripMs = clock.monotonic() - asked.askedAt
      asked.resolve(answer)
    },
    heard,
    roundTripMs: () => roundTripMs,
    fail(reason) {
      failure = reason
      cancelWatch?.()
      for (const { reject } of pending.values()) reject(reason)
      pending.clear()
    },
  }
}
