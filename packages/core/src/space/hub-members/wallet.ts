import { concatBytes, decodeCbor, encodeCbor, equalBytes, KithError, toHex } from '../../bytes/index.ts'
import type { HubPurse } from '../../sync/index.ts'
import { bytesToToken, type HubTerms, type TokenKey, tokenKeyId } from '../../wire/index.ts'
import type { Engine } from '../engine.ts'
import { dropSecret, keepSecret, loadSecrets } from '../secrets.ts'

/** This device at one hub: the seed of a member's key that was made for it alone. */
export type HubMember = {
  readonly hubKey: Uint8Array
  readonly url: string
  readonly seed: Uint8Array
  /** When the period ends of which so many tokens were fetched; 0 before the first. */
  readonly closesMs: number
  readonly fetched: number
  /** All that there were to fetch have been. */
  readonly isFetched: boolean
}

/** Requests for tokens, as they were asked: their answer may be lost on the way, and is asked for again by the same bytes. */
export type Asked = {
  readonly key: TokenKey
  readonly tokens: readonly { readonly nonce: Uint8Array; readonly blinded: Uint8Array; readonly inverse: Uint8Array }[]
}

/** Members' keys, tokens and open requests, in memory and in the database. Writes go into the open transaction. */
export type Wallet = {
  readonly members: () => readonly HubMember[]
  /** A new one, or what is known of it has changed. */
  readonly keepMember: (member: HubMember) => void
  readonly tokens: (hubKey: Uint8Array) => number
  /** Takes what an answered request has given, in place of the request. */
  readonly addTokens: (hubKey: Uint8Array, tokens: readonly Uint8Array[], endsMs: number) => void
  readonly asked: (hubKey: Uint8Array) => Asked | undefined
  readonly ask: (hubKey: Uint8Array, asked: Asked | undefined) => void
  readonly purse: HubPurse
}

type Held = { readonly hubKey: Uint8Array; readonly token: Uint8Array; readonly endsMs: number; isInHand: boolean }

export const createWallet = (engine: Engine): Wallet => {
  const { statements, unit, personSpace } = engine
  const { crypto, clock } = engine.platform
  let members: HubMember[] = []
  let held: Held[] = []
  const load = (): void => {
    members = loadSecrets(statements, personSpace, 'hub member').map(({ id, value }) => {
      type Kept = [string, Uint8Array, number, number, number]
      const [url, seed, closesMs, fetched, isFetched] = decodeCbor(value) as unknown as Kept
      return { hubKey: id, url, seed, closesMs, fetched, isFetched: isFetched === 1 }
    })
    const inHand = new Set(held.filter(({ isInHand }) => isInHand).map(({ token }) => toHex(token)))
    held = loadSecrets(statements, personSpace, 'hub token').map(({ id, value }) => {
      const [token, endsMs] = decodeCbor(value) as unknown as [Uint8Array, number]
      return { hubKey: id.subarray(0, 32), token, endsMs, isInHand: inHand.has(toHex(token)) }
    })
  }
  load()
  engine.onUndone(load)

  const keepToken = ({ hubKey, token, endsMs }: Held): void =>
    keepSecret(statements, personSpace, 'hub token', toTokenName(hubKey, token), encodeCbor([token, endsMs]))
  const dropToken = (gone: Held): void => {
    unit.enter('later')
    dropSecret(statements, personSpace, 'hub token', toTokenName(gone.hubKey, gone.token))
    held = held.filter((other) => other !== gone)
  }
  const ofHub = (hubKey: Uint8Array): Held[] => held.filter((one) => equalBytes(one.hubKey, hubKey))

  const take = (hubKey: Uint8Array, terms: HubTerms): Uint8Array => {
    for (const one of ofHub(hubKey)) if (one.endsMs <= clock.now() && !one.isInHand) dropToken(one)
    const good = terms.keys.map(({ modulus }) => tokenKeyId(crypto, modulus))
    // The oldest first: they end first.
    const found = ofHub(hubKey)
      .filter(({ token, isInHand }) => !isInHand && good.some((id) => equalBytes(id, keyIdOf(token))))
      .sort((left, right) => left.endsMs - right.endsMs)[0]
    if (found) {
      found.isInHand = true
      return found.token
    }
    const member = members.find((one) => equalBytes(one.hubKey, hubKey))
    if (!member)
      throw new KithError(
        'invite-needed',
        'This hub keeps new logs for its members only: ask its operator for an invite, or use another hub. What you wrote is safe here.',
      )
    const isUsedUp = member.isFetched && member.closesMs > clock.now()
    const why = isUsedUp
      ? `What this hub gives a member for a period is used up until ${new Date(member.closesMs).toISOString().slice(0, 10)}.`
      : 'Tokens for this hub are on their way.'
    throw new KithError('tokens-used-up', `${why} What you wrote is safe here, and goes there then.`)
  }

  return {
    members: () => members,
    keepMember: (member) => {
      const { hubKey: id, url, seed, closesMs, fetched, isFetched } = member
      unit.enter()
      const value = encodeCbor([url, seed, closesMs, fetched, isFetched ? 1 : 0])
      keepSecret(statements, personSpace, 'hub member', id, value)
      members = [...members.filter(({ hubKey }) => !equalBytes(hubKey, member.hubKey)), member]
    },
    tokens: (hubKey) => ofHub(hubKey).length,
    addTokens: (hubKey, tokens, endsMs) => {
      unit.enter()
      for (const token of tokens) {
        const one = { hubKey, token, endsMs, isInHand: false }
        keepToken(one)
        held.push(one)
      }
      dropSecret(statements, personSpace, 'hub tokens asked', hubKey)
    },
    asked: (hubKey) => {
      const found = loadSecrets(statements, personSpace, 'hub tokens asked').find(({ id }) => equalBytes(id, hubKey))
      return found && bytesToAsked(found.value)
    },
    ask: (hubKey, asked) => {
      unit.enter()
      if (asked) keepSecret(statements, personSpace, 'hub tokens asked', hubKey, askedToBytes(asked))
      else dropSecret(statements, personSpace, 'hub tokens asked', hubKey)
    },
    purse: {
      take,
      settle: (token, isSpent) => {
        const one = held.find((other) => equalBytes(other.token, token))
        if (!one) return
        one.isInHand = false
        if (!isSpent) return
        // Losing this costs nothing: the hub says that it was spent.
        dropToken(one)
      },
    },
  }
}

const keyIdOf = (token: Uint8Array): Uint8Array => bytesToToken(token)?.keyId ?? nothing

const toTokenName = (hubKey: Uint8Array, token: Uint8Array): Uint8Array =>
  concatBytes(hubKey, bytesToToken(token)?.nonce ?? new Uint8Array(32))

const nothing = new Uint8Array(0)

const askedToBytes = ({ key, tokens }: Asked): Uint8Array =>
  encodeCbor([
    key.modulus,
    key.closesMs,
    key.endsMs,
    tokens.map(({ nonce, blinded, inverse }) => [nonce, blinded, inverse]),
  ])

const bytesToAsked = (bytes: Uint8Array): Asked => {
  type Kept = [Uint8Array, number, number, [Uint8Array, Uint8Array, Uint8Array][]]
  const [modulus, closesMs, endsMs, tokens] = decodeCbor(bytes) as unknown as Kept
  return {
    key: { modulus, closesMs, endsMs },
    tokens: tokens.map(([nonce, blinded, inverse]) => ({ nonce, blinded, inverse })),
  }
}
