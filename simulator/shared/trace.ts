import { createHash, type Hash } from 'node:crypto'

/** All that happened, as one hash: two runs that agree on it did the same in the same order. */
export type Trace = {
  readonly note: (what: string) => void
  readonly noteBytes: (what: string, bytes: Uint8Array) => void
  readonly hash: () => string
}

/** `show` gets each line too: for looking at one run, or for finding where two part. */
export const createTrace = (show?: (line: string) => void): Trace => {
  const running: Hash = createHash('sha256')
  return {
    note: (what) => {
      running.update(`${what}\n`)
      show?.(what)
    },
    noteBytes: (what, bytes) => {
      running.update(what).update(bytes)
      show?.(`${what} ${bytes.length} ${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`)
    },
    hash: () => running.copy().digest('hex').slice(0, 32),
  }
}
