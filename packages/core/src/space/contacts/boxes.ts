import { KithError, toHex } from '../../bytes/index.ts'
import {
  decodeLetter,
  type LetterKey,
  type Notice,
  openLetter,
  type OwnBox,
  rootToKnock,
  rootToMailbox,
  rootToSealing,
  type SignedLetter,
} from '../../keys/index.ts'
import type { SyncLog, SyncSpace } from '../../sync/index.ts'
import { type Lane, policyToLogId } from '../../wire/index.ts'
import { forgetCursors, loadCursor, saveCursor } from '../cursors.ts'
import type { Engine } from '../engine.ts'
import type { ContactStore } from './store.ts'

/** In the place of a space's local number, which begin at 1. */
export const contactsNumber = 0

/** Letters lie on the tail alone. */
export const letterLane: Lane = 2

export type Boxes = SyncSpace & {
  /** Contacts have come or gone: there are other boxes. */
  readonly changed: () => void
  /** Whoever waits for our clock: nobody. */
  readonly retryDue: () => void
}

export type BoxesInput = {
  readonly engine: Engine
  readonly store: ContactStore
  /** Takes a letter that was opened; `contact` is whose mailbox it lay in, none for the knock box. @throws KithError why it is refused. */
  readonly take: (letter: SignedLetter | Notice, contact: Uint8Array | undefined) => void
}

type Box = { readonly log: SyncLog; readonly key: LetterKey; readonly contact: Uint8Array | undefined }

/** Our own knock box and mailboxes: read from our hubs on the same connection as everything else of ours. */
export const createBoxes = ({ engine, store, take }: BoxesInput): Boxes => {
  const { statements, unit, platform, person } = engine
  const { crypto } = platform
  let known: { readonly byLog: ReadonlyMap<string, Box>; readonly logs: readonly SyncLog[] } | undefined
  engine.onUndone(() => {
    known = undefined
  })

  const toBox = (root: Uint8Array, { policy, read, shared }: OwnBox, contact: Uint8Array | undefined): Box => {
    const wish = { policy, rights: [{ right: 'read' as const, seed: read.seed }] }
    const log = { id: policyToLogId(policy, crypto), wish, mayWrite: false, lanes: [letterLane] }
    return { log, key: { sealing: rootToSealing(crypto, root), shared }, contact }
  }

  const boxes = (): NonNullable<typeof known> => {
    if (known) return known
    const contacts = store.contacts().filter(({ isBlocked }) => !isBlocked)
    const list = store
      .roots()
      .flatMap((root) => [
        toBox(root, rootToKnock(crypto, root), undefined),
        ...contacts.map(({ address }) => toBox(root, rootToMailbox(crypto, root, address), address)),
      ])
    return (known = {
      byLog: new Map(list.map((box) => [toHex(box.log.id), box])),
      logs: list.map(({ log }) => log),
    })
  }

  const write = <Result>(run: () => Result): Result =>
    engine.whole(() => {
      unit.enter('soon')
      return run()
    })

  /** Reads one entry; a failure of this device's disk is no refusal. */
  const receiveOne = ({ key, contact }: Box, entry: Uint8Array, refused: KithError[]): void => {
    try {
      take(decodeLetter(crypto, openLetter(crypto, entry, [key]), person.address), contact)
    } catch (cause) {
      if (!(cause instanceof KithError) || cause.code.startsWith('storage-') || cause.code === 'closed') throw cause
      refused.push(cause)
    }
  }

  return {
    n: contactsNumber,
    packs: undefined,
    logs: () => boxes().logs,
    cursor: (hub, log, lane) => loadCursor(statements, hub, log, lane),
    comparedIn: (hub, log) => loadCursor(statements, hub, log, comparedMark)?.generation,
    compared: (hub, log, generation) =>
      write(() => saveCursor(statements, hub, log, comparedMark, { generation, n: 0, id: noId })),
    receive: (hub, log, lane, entries, cursor) =>
      write(() => {
        const box = boxes().byLog.get(toHex(log))
        const refused: KithError[] = []
        // A contact may have been removed since the box was opened.
        if (box) for (const { bytes } of entries) receiveOne(box, bytes, refused)
        if (cursor) saveCursor(statements, hub, log, lane, cursor)
        return refused
      }),
    outgoing: () => ({ entries: [], isAll: true }),
    delivered: () => {},
    lost: (hub, log) => write(() => forgetCursors(statements, hub, log)),
    pending: () => 0,
    dueInMs: () => undefined,
    changed: () => {
      known = undefined
    },
    retryDue: () => {},
  }
}

/** In the place of a lane, as for spaces. */
const comparedMark = -1
const noId = new Uint8Array(0)
