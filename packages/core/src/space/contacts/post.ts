import { KithError, utf8 } from '../../bytes/index.ts'
import {
  createLineage,
  encodeLetter,
  encodeNotice,
  knockPolicy,
  type Letter,
  type LinkHub,
  type Notice,
  offerToPolicy,
  offerToShared,
  parseLink,
  rootToOffer,
  rootToSealing,
  sealLetter,
  type Terms,
} from '../../keys/index.ts'
import { cardHubsMax, cardUrlCharsMax, letterLinkCharsMax, messageBytesMax } from '../../limits/index.ts'
import { checkHubUrl } from '../../sync/index.ts'
import { type Policy, policyToBytes } from '../../wire/index.ts'
import type { Engine } from '../engine.ts'
import type { ContactRow, ContactStore } from './store.ts'

/** Writes letters: sealed once, kept until each hub of the receiver has them. */
export type Post = {
  /** @throws KithError `bad-link`, `too-large`, `bad-value`, `not-found`, `hub-unreachable`. Returns the letter's id. */
  readonly send: (to: ContactRow, letter: { readonly invite?: string; readonly message?: string }) => Uint8Array
  /** Tells a contact which mailbox we keep for it. */
  readonly sendTerms: (to: ContactRow) => void
  /** @throws KithError `not-found`: only a contact that has given us a mailbox gets notices. */
  readonly sendNotice: (to: ContactRow, notice: Omit<Notice, 'type' | 'id' | 'time'>) => void
  /** This device's proof that it belongs to our address. */
  readonly lineage: () => Uint8Array
  /** What our cards and letters say of our hubs. */
  readonly hubs: () => LinkHub[]
}

type Target = {
  readonly sealing: Uint8Array
  readonly shared: Uint8Array | undefined
  readonly policy: Policy
  readonly seed: Uint8Array | undefined
  readonly hubs: readonly LinkHub[]
}

export const createPost = (engine: Engine, store: ContactStore, name: string): Post => {
  const { platform, person, clock } = engine
  const { crypto } = platform
  let lineage: Uint8Array | undefined

  const ownLineage = (): Uint8Array => {
    if (lineage) return lineage
    const { registry, history } = engine.store()
    const own = registry.space(person.person)
    const segments = (own ? registry.chainsOf(own.n) : []).flatMap(({ n }) =>
      history.segmentNumbers(n).flatMap((number) => {
        const stored = history.segment(number)
        return stored ? [history.decode(stored)] : []
      }),
    )
    return (lineage = createLineage(person.person, person.admission, segments))
  }

  const hubs = (): LinkHub[] =>
    engine
      .hubs()
      .filter(({ url }) => url.length <= cardUrlCharsMax)
      .slice(0, cardHubsMax)
      .map(({ key, url }) => ({ key: key ?? new Uint8Array(32), url }))

  const ownTerms = (contact: Uint8Array): Terms => ({
    name,
    sealing: rootToSealing(crypto, store.root()).publicKey,
    hubs: hubs(),
    offer: rootToOffer(crypto, store.root(), contact),
  })

  const targetOf = ({ terms, card }: ContactRow): Target => {
    if (terms) {
      const { sealing, offer } = terms
      const policy = offerToPolicy(crypto, offer)
      return { sealing, shared: offerToShared(crypto, offer), policy, seed: offer.writeSeed, hubs: terms.hubs }
    }
    if (!card) throw new KithError('not-found', 'Nothing is known of where this person can be reached. Add a card.')
    return {
      sealing: card.sealing,
      shared: undefined,
      policy: knockPolicy(card.knock),
      seed: undefined,
      hubs: card.hubs,
    }
  }

  const queue = (target: Target, payload: Uint8Array): void => {
    const { bytes } = sealLetter(crypto, target, payload)
    const usable = usableHubs(target.hubs)
    const policy = policyToBytes(target.policy)
    for (const { key, url } of usable) store.queueDelivery({ url, hub: key, policy, seed: target.seed, bytes })
  }

  const write = (to: ContactRow, patch: Pick<Letter, 'terms' | 'invite' | 'message'>): Uint8Array => {
    const id = crypto.randomBytes(16)
    const letter: Letter = { type: 'letter', id, time: clock.nowMs(), lineage: ownLineage(), ...patch }
    queue(targetOf(to), encodeLetter(crypto, letter, person.device.signing, to.address))
    return id
  }

  return {
    send: (to, { invite, message }) => {
      checkTexts(invite, message)
      if (invite !== undefined) parseLink(crypto, invite)
      // Whoever has given us no mailbox must be told where to answer.
      const terms = to.terms ? undefined : ownTerms(to.address)
      return write(to, { terms, invite, message })
    },
    sendTerms: (to) => {
      write(to, { terms: ownTerms(to.address), invite: undefined, message: undefined })
    },
    sendNotice: (to, notice) => {
      if (!to.terms) throw new KithError('not-found', 'This person has given us no mailbox.')
      const head = { type: 'notice' as const, id: crypto.randomBytes(16), time: clock.nowMs() }
      queue(targetOf(to), encodeNotice({ ...head, ...notice }))
    },
    lineage: ownLineage,
    hubs,
  }
}

const checkTexts = (invite: string | undefined, message: string | undefined): void => {
  if (!invite && !message) throw new KithError('bad-value', 'A letter holds an invite, a message or both.')
  if (message !== undefined && utf8(message).length > messageBytesMax)
    throw new KithError('too-large', `A message holds at most ${messageBytesMax} bytes.`, { messageBytesMax })
  if (invite !== undefined && invite.length > letterLinkCharsMax)
    throw new KithError('too-large', 'The invite is longer than a link can be.', { letterLinkCharsMax })
}

const usableHubs = (hubs: readonly LinkHub[]): LinkHub[] => {
  let problem = new KithError('hub-unreachable', 'The card names no hub. Ask for a fresh one.')
  const usable = hubs.filter(({ url }) => {
    try {
      checkHubUrl(url)
      return true
    } catch (cause) {
      if (!(cause instanceof KithError)) throw cause
      problem = cause
      return false
    }
  })
  if (usable.length === 0) throw problem
  return usable
}
