import { compareBytes } from '../bytes/index.ts'
import type { Statements } from './statements.ts'

/** Names that people give: a member's own in a space, and the space's. The last writer wins. */
export type Labels = {
  readonly write: (space: number, person: Uint8Array, text: string, stamp: LabelStamp) => void
  readonly read: (space: number, person: Uint8Array) => string | undefined
}

export type LabelStamp = { readonly time: Uint8Array; readonly device: Uint8Array; readonly hash: Uint8Array }

/** Stands for the space itself where a person's address would be. */
export const spaceLabel = new Uint8Array(0)

export const createLabels = (statements: Statements): Labels => ({
  write: (space, person, text, stamp) => {
    const known = statements('SELECT time, device, hash FROM label WHERE space = ? AND person = ?').get(
      space,
      person,
    ) as LabelStamp | undefined
    // Of two in one change, which have one stamp, the later counts.
    if (known && compareLabelStamps(known, stamp) > 0) return
    statements('INSERT OR REPLACE INTO label (space, person, text, time, device, hash) VALUES (?, ?, ?, ?, ?, ?)').run(
      space,
      person,
      text,
      stamp.time,
      stamp.device,
      stamp.hash,
    )
  },
  read: (space, person) =>
    statements('SELECT text FROM label WHERE space = ? AND person = ?').get(space, person)?.text as string | undefined,
})

const compareLabelStamps = (left: LabelStamp, right: LabelStamp): number =>
  compareBytes(left.time, right.time) || compareBytes(left.device, right.device) || compareBytes(left.hash, right.hash)
