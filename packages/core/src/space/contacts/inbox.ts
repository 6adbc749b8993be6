import { equalBytes, KithError } from '../../bytes/index.ts'
import type { Notice, SignedLetter } from '../../keys/index.ts'
import { letterAgeMsMax, letterAheadMsMax } from '../../limits/index.ts'
import type { Engine } from '../engine.ts'
import { changesOfPerson, isRevoked } from './revoked.ts'
import type { ContactRow, ContactStore, LetterRow } from './store.ts'

export type InboxInput = {
  readonly engine: Engine
  readonly store: ContactStore
  /** Somebody whom we know has knocked: it is to have a mailbox of ours. */
  readonly answer: (contact: ContactRow) => void
  /** @throws KithError why it is refused. */
  readonly noticed: (notice: Notice, from: ContactRow) => void
  readonly changed: () => void
}

/** What becomes of a letter that was opened: `contact` is whose mailbox it lay in, none for the knock box. */
export const createInbox = ({ engine, store, answer, noticed, changed }: InboxInput) => {
  /** Of a letter that is new: everything else of what comes has no effect. */
  const isNew = (address: Uint8Array, { id, time }: { id: Uint8Array; time: number }): boolean => {
    const nowMs = engine.clock.nowMs()
    if (time < nowMs - letterAgeMsMax || time > nowMs + letterAheadMsMax) {
      throw new KithError(
        'untimely',
        'A letter was refused: by its time it is older than hubs keep letters, or from the future.',
        { offMs: time - nowMs },
      )
    }
    return !store.isSeen(address, id, time)
  }

  const takeNotice = (notice: Notice, address: Uint8Array | undefined): void => {
    const from = address && store.find(address)
    if (!from) throw new KithError('bad-encoding', 'A notice lies where strangers may write. It was refused.')
    if (!isNew(from.address, notice)) return
    noticed(notice, from)
    store.see(from.address, notice.id, notice.time)
  }

  const takeOfContact = (letter: SignedLetter, from: ContactRow, isKnock: boolean): void => {
    if (!isNew(from.address, letter)) return
    store.see(from.address, letter.id, letter.time)
    const { terms } = letter
    let contact = from
    if (terms && letter.time >= from.termsTime) {
      contact = { ...from, terms, termsTime: letter.time }
      store.save(contact)
    }
    if (letter.invite !== undefined || letter.message !== undefined)
      store.addLetter('message', toRow(letter, from.name))
    if (isKnock) answer(contact)
    changed()
  }

  const takeOfStranger = (letter: SignedLetter): void => {
    const { terms, from } = letter
    if (!terms) throw new KithError('bad-encoding', 'A stranger does not say where to answer. The letter was refused.')
    if (!isNew(from.address, letter)) return
    store.addLetter('request', toRow(letter, terms.name))
    changed()
  }

  return {
    take: (letter: SignedLetter | Notice, contact: Uint8Array | undefined): void => {
      if (letter.type === 'notice') return takeNotice(letter, contact)
      const { address } = letter.from
      if (contact && !equalBytes(contact, address))
        throw new KithError('bad-signature', 'A letter lies in the mailbox of another contact. It was refused.')
      if (equalBytes(address, engine.person.address)) return
      const known = store.find(address)
      if (known?.isBlocked) return
      if (isRevoked(engine.platform.crypto, letter.from, changesOfPerson(engine, letter.from.person)))
        throw new KithError('not-allowed', 'A letter is signed by a device that its person has revoked.')
      if (known) takeOfContact(letter, known, contact === undefined)
      else takeOfStranger(letter)
    },
  }
}

const toRow = (letter: SignedLetter, name: string): LetterRow => ({
  address: letter.from.address,
  id: letter.id,
  person: letter.from.person,
  name,
  time: letter.time,
  invite: letter.invite,
  message: letter.message,
  terms: letter.terms,
})
