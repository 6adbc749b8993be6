import { KithError, toBase32, utf8 } from '../../bytes/index.ts'
import { formatCard, parseCard, rootToKnock, rootToSealing } from '../../keys/index.ts'

import { contactNameBytesMax } from '../../limits/index.ts'
import { textToAddress } from '../../membership/index.ts'
import type { Stop } from '../api.ts'
import type { Engine } from '../engine.ts'
import { createLive } from '../live.ts'
import type { Replica } from '../replica.ts'
import { checkName } from '../space.ts'
import type { Contact, Contacts, ReceivedLetter } from './api.ts'
import { type Boxes, contactsNumber, createBoxes } from './boxes.ts'
import { createCourier } from './courier.ts'
import { createInbox } from './inbox.ts'
import { sendNotices, takeNotice } from './notices.ts'
import { createPost } from './post.ts'
import { type ContactRow, createContactStore, type LetterRow } from './store.ts'
import { idToBytes } from './letter-id.ts'

/** What the engine's parts call; apps see `api`. */
export type ContactParts = {
  readonly api: Contacts
  /** Our card's text. @throws KithError `too-large`. */
  readonly card: () => string
  /** Our boxes at our hubs, beside the spaces. */
  readonly boxes: Boxes
  /** Tells members of an epoch that was just started, within the transaction that did. */
  readonly noticeEpoch: (replica: Replica, epoch: Uint8Array) => void
  /** After a device was revoked: other keys from now on, and contacts are told. Within the open transaction. */
  readonly renew: () => void
  readonly close: () => void
}

export type ContactsInput = {
  readonly engine: Engine
  readonly name: string
  readonly replicaOf: (n: number) => Replica
  /** Our boxes are others than before. */
  readonly wake: () => void
  /** Resolves when what our hubs have for us is here. */
  readonly synced: (timeoutMs: number) => Promise<void>
  readonly assertOpen: () => void
}

const syncedMs = 10_000

export const createContacts = (input: ContactsInput): ContactParts => {
  const { engine, replicaOf, wake, synced, assertOpen } = input
  const { unit, platform, person, clock } = engine
  const { crypto } = platform
  const store = createContactStore(engine)
  const name = cutName(input.name)
  const post = createPost(engine, store, name)
  const changed = (): void => engine.notifier.touch(contactsNumber, [''])
  const courier = createCourier(engine, store, changed)

  /** Others may write to us, or not any more. */
  const peopleChanged = (): void => {
    boxes.changed()
    changed()
    unit.afterCommit(wake)
  }
  const lettersWritten = (): void => unit.afterCommit(courier.wake)

  const answer = (contact: ContactRow): void => {
    try {
      post.sendTerms(contact)
      lettersWritten()
    } catch (cause) {
      // It says that it can be reached nowhere: it has knocked in vain.
      if (!(cause instanceof KithError) || cause.code.startsWith('storage-')) throw cause
    }
  }

  const inbox = createInbox({
    engine,
    store,
    answer,
    noticed: (notice, from) => takeNotice(engine, replicaOf, notice, from),
    changed,
  })
  const boxes: Boxes = createBoxes({ engine, store, take: inbox.take })

  /** All of it or nothing, durable when it resolves. */
  const durably = async <Result>(run: () => Result): Promise<Result> => {
    assertOpen()
    const result = engine.whole(() => {
      unit.enter()
      return run()
    })
    await unit.durable()
    return result
  }

  const known = (address: string): ContactRow => {
    const found = store.find(textToAddress(address))
    if (!found) throw new KithError('not-found', 'There is no such contact here. Add its card first.')
    return found
  }
  const letter = (state: 'request' | 'message', id: string): LetterRow => {
    const found = store.findLetter(state, idToBytes(id))
    if (!found) throw new KithError('not-found', 'There is no such letter here any more.')
    return found
  }
  const assertRoom = (): void => {
    if (store.isFull()) throw new KithError('too-large', 'There are too many contacts. Remove some.')
  }

  const add: Contacts['add'] = (text) =>
    durably(() => {
      const card = parseCard(crypto, text)
      const address = toBase32(card.address)
      if (address === toBase32(person.address))
        throw new KithError('not-allowed', 'This is your own card. Give it to others.')
      const before = store.find(card.address)
      if (before?.isBlocked) throw new KithError('not-allowed', 'You have blocked this person. Unblock it first.')
      if (!before) assertRoom()
      const { sealing, knock, hubs } = card
      if (!before || card.time >= before.cardTime) {
        store.save({
          address: card.address,
          person: card.person,
          name: before?.name ?? nameOr(card.name, address),
          isBlocked: false,
          card: { sealing, knock, hubs },
          cardTime: card.time,
          terms: before?.terms,
          termsTime: before?.termsTime ?? 0,
        })
        acceptLetters(card.address)
        peopleChanged()
      }
      return toContact(known(address))
    })

  /** What was a request is a letter of a contact now. */
  const acceptLetters = (address: Uint8Array): void => {
    const requests = store.letters('request').filter((row) => toBase32(row.address) === toBase32(address))
    for (const { id, time } of requests) store.see(address, id, time)
    const [newest] = requests.filter(({ terms }) => terms).sort((left, right) => right.time - left.time)
    const contact = store.find(address)
    if (newest?.terms && contact && newest.time >= contact.termsTime) {
      store.save({ ...contact, terms: newest.terms, termsTime: newest.time })
      answer({ ...contact, terms: newest.terms })
    }
    store.promote(address)
  }

  const accept: Contacts['accept'] = (id) =>
    durably(() => {
      const { address, person: personId, name } = letter('request', id)
      assertRoom()
      store.save({
        address,
        person: personId,
        name: nameOr(name, toBase32(address)),
        isBlocked: false,
        card: undefined,
        cardTime: 0,
        terms: undefined,
        termsTime: 0,
      })
      acceptLetters(address)
      peopleChanged()
      return toContact(known(toBase32(address)))
    })

  const setBlocked = (address: string, isBlocked: boolean): Promise<void> =>
    durably(() => {
      const bytes = textToAddress(address)
      const before = store.find(bytes)
      const request = store.letters('request').find((row) => toBase32(row.address) === address)
      const contact = before ?? (request && strangerOf(request))
      if (!contact) throw new KithError('not-found', 'There is no such person here.')
      if (isBlocked) store.save({ ...contact, isBlocked: true })
      else store.remove(bytes)
      if (isBlocked) store.dropLetters(bytes)
      peopleChanged()
    })

  const renew = (): void => {
    store.renewRoot()
    for (const contact of store.contacts()) if (contact.terms && !contact.isBlocked) answer(contact)
    peopleChanged()
  }

  const summaries = {
    list: (): Contact[] => store.contacts().map(toContact),
    requests: (): ReceivedLetter[] => store.letters('request').map((row) => toLetter(row, row.name)),
    messages: (): ReceivedLetter[] =>
      store.letters('message').map((row) => toLetter(row, store.find(row.address)?.name ?? row.name)),
  }
  const live = <Row>(read: () => Row[], listener: (rows: Row[]) => void): Stop =>
    createLive(
      engine.notifier,
      (space) => space === contactsNumber,
      read,
      listener,
      (error) => {
        throw error
      },
    )
  const reading = async <Result>(read: () => Result): Promise<Result> => {
    assertOpen()
    return read()
  }

  const api: Contacts = {
    add,
    list: () => reading(summaries.list),
    liveList: (listener) => live(summaries.list, listener),
    rename: (address, name) =>
      durably(() => {
        checkName(name)
        store.save({ ...known(address), name })
        changed()
      }),
    remove: (address) =>
      durably(() => {
        store.remove(known(address).address)
        peopleChanged()
      }),
    block: (address) => setBlocked(address, true),
    unblock: (address) => setBlocked(address, false),
    deliver: (address, content) =>
      durably(() => {
        const to = known(address)
        if (to.isBlocked) throw new KithError('not-allowed', 'You have blocked this person. Unblock it first.')
        const id = post.send(to, content)
        lettersWritten()
        return toBase32(id)
      }),
    undelivered: () => reading(store.undelivered),
    synced: async ({ timeoutMs = syncedMs } = {}) => {
      assertOpen()
      await Promise.all([courier.idle(timeoutMs), synced(timeoutMs)])
    },
    requests: () => reading(summaries.requests),
    liveRequests: (listener) => live(summaries.requests, listener),
    accept,
    ignore: (id) =>
      durably(() => {
        const row = letter('request', id)
        store.see(row.address, row.id, row.time)
        store.dropLetter(row.address, row.id)
        changed()
      }),
    messages: () => reading(summaries.messages),
    liveMessages: (listener) => live(summaries.messages, listener),
    renew: () => durably(renew),
    dismiss: (id) =>
      durably(() => {
        const row = letter('message', id)
        store.dropLetter(row.address, row.id)
        changed()
      }),
  }

  // What a crash or a closed program left undelivered.
  platform.clock.soon(courier.wake)

  return {
    api,
    card: () => {
      const root = store.root()
      const knock = rootToKnock(crypto, root).read.publicKey
      const sealing = rootToSealing(crypto, root).publicKey
      const card = { name, sealing, knock, hubs: post.hubs(), time: clock.nowMs(), lineage: post.lineage() }
      return formatCard(crypto, card, person.device.signing)
    },
    boxes,
    noticeEpoch: (replica, epoch) => {
      sendNotices(engine, store, post, replica, epoch)
      lettersWritten()
    },
    renew,
    close: courier.close,
  }
}

const strangerOf = ({ address, person, name }: LetterRow): ContactRow => ({
  address,
  person,
  name: nameOr(name, toBase32(address)),
  isBlocked: true,
  card: undefined,
  cardTime: 0,
  terms: undefined,
  termsTime: 0,
})

/** Whoever gives no name is called by the beginning of the address. */
const nameOr = (name: string, address: string): string => (name.trim() === '' ? address.slice(0, 8) : name)

const toContact = ({ address, name, isBlocked, terms }: ContactRow): Contact => ({
  address: toBase32(address),
  name,
  isBlocked,
  isMutual: terms !== undefined,
})

const toLetter = ({ address, id, time, invite, message }: LetterRow, name: string): ReceivedLetter => ({
  id: toBase32(id),
  from: { address: toBase32(address), name },
  time: new Date(time),
  invite,
  message,
})

/** A name may be longer in spaces than on a card. */
const cutName = (name: string): string => {
  let length = name.length
  while (utf8(name.slice(0, length)).length > contactNameBytesMax) length -= 1
  // Not in the middle of a character.
  return name.slice(0, length).isWellFormed() ? name.slice(0, length) : name.slice(0, length - 1)
}
