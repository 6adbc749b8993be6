import {
  type Change,
  createChange,
  nextTime,
  noBytes,
  noDeps,
  type Segment,
  signSegment,
  sortHeads,
  type Time,
} from '../change/index.ts'
import type { SigningKey } from '../crypto/sign/index.ts'
import type { Crypto } from '../ports/index.ts'

/** Where a device's membership chain in a space stands, and under what it writes. */
export type ChainEnd = {
  readonly space: Uint8Array
  readonly grant: Uint8Array
  readonly admission: Uint8Array
  /** `seq` of the next change and the hash of the last; 0 and empty at the start. */
  readonly seq: number
  readonly prev: Uint8Array
  /** The device's clock: its last time in any space. */
  readonly time: Time
}

/** Writes a run of membership changes of one device. */
export type ChainWriter = {
  /** Appends one; `heads` is what it names in `deps` (the one before it is added by itself). */
  readonly write: (kind: number, body: Uint8Array, heads?: readonly Uint8Array[]) => Change
  /** Goes on under other names: in the space that a genesis began, under a join. */
  readonly enter: (change: Pick<ChainEnd, 'space' | 'grant' | 'admission'>) => void
  readonly changes: () => Change[]
  readonly end: () => ChainEnd
  /** The run as one signed segment. */
  readonly sign: () => Segment
}

export function createChainWriter(crypto: Crypto, device: SigningKey, from: ChainEnd, nowMs: number): ChainWriter {
  let end = from
  const changes: Change[] = []
  return {
    write(kind, body, heads = []) {
      const last = changes[changes.length - 1]
      const membership = sortHeads(last === undefined ? heads : [...heads, last.hash])
      const { space, grant, admission, seq, prev } = end
      const time = nextTime(end.time, nowMs)
      const deps = membership.length === 0 ? noDeps : { membership, content: noDeps.content }
      const header = {
        kind,
        space,
        device: device.publicKey,
        seq,
        prev,
        deps,
        grant,
        admission,
        epoch: noBytes,
        schema: noBytes,
        time,
      }
      const change = createChange(crypto, header, body)
      changes.push(change)
      end = { ...end, seq: seq + 1, prev: change.hash, time }
      return change
    },
    enter(names) {
      end = { ...end, ...names }
    },
    changes: () => [...changes],
    end: () => end,
    sign: () => signSegment(changes, (message) => crypto.ed25519Sign(message, device.seed)),
  }
}

/** The start of a chain that begins a space. */
export function chainStart(time: Time, admission: Uint8Array = noBytes): ChainEnd {
  return { space: noBytes, grant: noBytes, admission, seq: 0, prev: noBytes, time }
}
