import { equalBytes, KithError } from '../../bytes/index.ts'
import type { BlindRsa } from '../../ports/index.ts'
import { connectHub, type HubConnection } from '../../sync/index.ts'
import {
  hubToTokenChallenge,
  isRefusal,
  type TokenKey,
  tokenKeyId,
  tokenToBytes,
  tokenToInput,
  toTokenRequest,
} from '../../wire/index.ts'
import type { Engine } from '../engine.ts'
import type { Asked, HubMember, Wallet } from './wallet.ts'

/** A hub that takes longer is tried again later. */
const connectionMsMax = 60_000

/** Asks for so many tokens at once: 16 are 0.6 s of blinding. */
const tokensPerFetch = 16

/** A connection to a hub that ends with what it was made for, and on which no log is ever opened. */
export const withConnection = async <Result>(
  engine: Engine,
  { url, hubKey }: Pick<HubMember, 'url' | 'hubKey'>,
  use: (connection: HubConnection) => Promise<Result>,
): Promise<Result> => {
  const { network, clock, crypto } = engine.platform
  const events = { opened: () => {}, entries: () => {}, signal: () => {}, closed: () => {} }
  const connection = connectHub({ url, hubKey, network, clock, crypto, events })
  const cancel = clock.after(connectionMsMax, connection.close)
  try {
    return await use(connection)
  } finally {
    cancel()
    connection.close()
  }
}

/** What a hub tells a stranger of the tokens that it issues now. @throws KithError `not-found`: it issues none, for it is open to all. */
const toldToStranger = async (engine: Engine, member: HubMember): Promise<{ key: TokenKey; most: number }> => {
  const { keys, tokensPerPeriod } = await withConnection(engine, member, (connection) => connection.terms())
  const [key] = keys
  if (!key) throw new KithError('not-found', 'The hub asks for no tokens any more: it is open to all.')
  return { key, most: tokensPerPeriod }
}

/**
 * Fetches up to 16 tokens of the present period, and keeps them. What was asked before and not answered is asked again.
 *
 * @throws KithError `hub-unreachable`, `hub-refused` (no member any more), `hub-lied` (it tells a member another key than a stranger, or signs by another).
 */
export const fetchTokens = async (
  engine: Engine,
  blindRsa: BlindRsa,
  wallet: Wallet,
  member: HubMember,
): Promise<HubMember> => {
  const { hubKey, seed } = member
  const { crypto } = engine.platform
  // Before anything is shown, and on another connection than the one that shows it.
  const { key, most } = await toldToStranger(engine, member)
  const keyId = tokenKeyId(crypto, key.modulus)
  const before = member.closesMs === key.closesMs ? member.fetched : 0
  const settled = async (fetched: number): Promise<HubMember> => {
    const now = { ...member, closesMs: key.closesMs, fetched, isFetched: fetched >= most }
    wallet.keepMember(now)
    await engine.unit.durable()
    return now
  }
  const kept = wallet.asked(hubKey)
  const isSame = kept !== undefined && equalBytes(kept.key.modulus, key.modulus)
  const count = Math.min(tokensPerFetch, most - before)
  if (!isSame && count <= 0) return settled(most)
  const asked = isSame ? kept : await blind(engine, blindRsa, member, key, count)
  // The blinding is kept before the hub counts: whatever breaks from here on loses no token.
  wallet.ask(hubKey, asked)
  await engine.unit.durable()
  const requests = asked.tokens.map(({ blinded }) => toTokenRequest(keyId, blinded))
  const results = await withConnection(engine, member, async (connection) => {
    const [again] = (await connection.terms()).keys
    if (!again || !equalBytes(again.modulus, key.modulus)) throw otherKey()
    return connection.issue(seed, requests)
  })
  const challengeDigest = crypto.sha256(hubToTokenChallenge(hubKey))
  const tokens: Uint8Array[] = []
  for (const [at, result] of results.entries()) {
    if (isRefusal(result)) {
      wallet.ask(hubKey, undefined)
      if (result.refused === 'tokens-used-up') return settled(most)
      throw new KithError('hub-refused', 'The hub gives this device no tokens: its membership was taken back.', {
        why: result.refused,
        waitMs: result.waitMs,
      })
    }
    const { nonce, inverse } = asked.tokens[at]!
    const input = { nonce, challengeDigest, keyId }
    const authenticator = await blindRsa.finalize(key.modulus, tokenToInput(input), result.signature, inverse)
    if (!authenticator) throw otherKey()
    tokens.push(tokenToBytes({ ...input, authenticator }))
  }
  wallet.addTokens(hubKey, tokens, key.endsMs)
  return settled(before + tokens.length)
}

const otherKey = (): KithError =>
  new KithError(
    'hub-lied',
    'The hub uses another key for this device than for others, by which it could tell our tokens apart. None were taken.',
  )

const blind = async (
  engine: Engine,
  blindRsa: BlindRsa,
  { hubKey }: HubMember,
  key: TokenKey,
  most: number,
): Promise<Asked> => {
  const { crypto } = engine.platform
  const challengeDigest = crypto.sha256(hubToTokenChallenge(hubKey))
  const keyId = tokenKeyId(crypto, key.modulus)
  const tokens: Asked['tokens'][number][] = []
  for (let count = 0; count < most; count += 1) {
    const nonce = crypto.randomBytes(32)
    const input = tokenToInput({ nonce, challengeDigest, keyId })
    tokens.push({ nonce, ...(await blindRsa.blind(key.modulus, input)) })
  }
  return { key, tokens }
}
