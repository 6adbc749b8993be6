import { equalBytes, fromBase64Url, KithError, utf8 } from '../../bytes/index.ts'
import type { Cancel } from '../../ports/index.ts'
import { type BackOff, checkHubUrl, createBackOff } from '../../sync/index.ts'
import { inviteCodeBytes } from '../../wire/index.ts'
import type { Engine } from '../engine.ts'
import type { HubMembersApi } from './api.ts'
import { fetchTokens, withConnection } from './fetch-tokens.ts'
import type { HubMember, Wallet } from './wallet.ts'

/** Fetches the tokens of each period as it begins, so that when they are spent tells nothing of when they came. */
export type HubMembers = {
  readonly api: HubMembersApi
  readonly close: () => void
}

export type HubMembersOptions = {
  readonly engine: Engine
  readonly wallet: Wallet
  readonly useHub: (url: string) => void
  readonly tokensCame: (url: string) => void
  readonly changed: () => void
  readonly assertOpen: () => void
}

const firstRestMs = 5_000
const longestRestMs = 15 * 60_000
/** Between two fetches for one period, at random: a batch each. */
const batchMs = 2_000
/** After a period has begun, at random: not all of a hub's members at once. */
const lateMs = 60 * 60_000
/** A clock may be set, and a computer may sleep: no wait is longer. */
const longestNapMs = 60 * 60_000

export const createHubMembers = (options: HubMembersOptions): HubMembers => {
  const { engine, wallet, useHub, tokensCame, changed, assertOpen } = options
  const { clock, crypto, blindRsa } = engine.platform
  const timers = new Map<string, Cancel>()
  const rests = new Map<string, BackOff>()
  const underWay = new Map<string, Promise<void>>()
  let isClosed = false

  const upTo = (ms: number): number => (ms * ((crypto.randomBytes(1)[0] as number) + 1)) / 256

  const later = (url: string, delayMs: number, run: () => void): void => {
    timers.get(url)?.()
    if (!isClosed) timers.set(url, clock.after(delayMs, run))
  }

  /** What has to be done for a member next, and when. */
  const plan = (member: HubMember): void => {
    const again = (): void => {
      const now = wallet.members().find(({ url }) => url === member.url)
      if (now) plan(now)
    }
    const leftMs = member.closesMs - clock.now()
    if (leftMs <= 0 || !member.isFetched) {
      const isLate = member.closesMs !== 0 && leftMs <= 0 && wallet.tokens(member.hubKey) > 0
      later(member.url, upTo(isLate ? lateMs : batchMs), () => void fetchNow(member.url).catch(() => {}))
    } else later(member.url, Math.min(leftMs + 1, longestNapMs), again)
  }

  /** Fetches once, and plans what comes next, whatever came of it. */
  const fetchNow = (url: string): Promise<void> => {
    const fetching = underWay.get(url) ?? fetchOnce(url).finally(() => underWay.delete(url))
    underWay.set(url, fetching)
    return fetching
  }

  const fetchOnce = async (url: string): Promise<void> => {
    const member = wallet.members().find((one) => one.url === url)
    if (!member || !blindRsa || isClosed) return
    try {
      const now = await fetchTokens(engine, blindRsa, wallet, member)
      if (isClosed) return
      rests.delete(url)
      tokensCame(url)
      changed()
      plan(now)
    } catch (cause) {
      if (isClosed) return
      if (!(cause instanceof KithError)) throw cause
      const rest = rests.get(url) ?? createBackOff(crypto, firstRestMs, longestRestMs)
      rests.set(url, rest)
      later(url, rest.next(cause), () => void fetchNow(url).catch(() => {}))
      throw cause
    }
  }

  for (const member of wallet.members()) plan(member)

  return {
    api: {
      joinHub: async (invite) => {
        assertOpen()
        const { url, hubKey, code } = readInvite(invite)
        if (!blindRsa)
          throw new KithError('not-supported', 'This platform has no blind signatures, which members of hubs need.')
        // From the code, so that a second try after a lost answer is known by the hub; by a secret, so that nobody else can make it.
        const seed = crypto.hkdfSha256(engine.person.device.signing.seed, code, utf8('kith/1 hub member'), 32)
        await withConnection(engine, { url, hubKey }, (connection) => connection.join(code, seed)).catch(toInviteError)
        const known = wallet.members().find((one) => equalBytes(one.hubKey, hubKey) && equalBytes(one.seed, seed))
        wallet.keepMember({ ...(known ?? { hubKey, seed, closesMs: 0, fetched: 0, isFetched: false }), url })
        useHub(url)
        await engine.unit.durable()
        await fetchNow(url)
      },
    },
    close: () => {
      isClosed = true
      for (const cancel of timers.values()) cancel()
    },
  }
}

/** `URL#base64url(hub key ‖ code)`. @throws KithError `bad-hub-invite`, `insecure-url`. */
const readInvite = (invite: string): { url: string; hubKey: Uint8Array; code: Uint8Array } => {
  const [url = '', secret = '', ...more] = invite.trim().split('#')
  const bytes = bytesOf(secret)
  if (bytes?.length !== 32 + inviteCodeBytes || more.length > 0) throw badInvite('is not whole')
  checkHubUrl(url)
  return { url, hubKey: bytes.subarray(0, 32), code: bytes.subarray(32) }
}

const bytesOf = (text: string): Uint8Array | undefined => {
  try {
    return fromBase64Url(text)
  } catch {
    return undefined
  }
}

const badInvite = (what: string, cause?: unknown): KithError =>
  new KithError('bad-hub-invite', `The invite ${what}. Ask the hub's operator for another.`, {}, cause)

const toInviteError = (cause: unknown): never => {
  if (cause instanceof KithError && cause.details['why'] === 'refused') throw badInvite('was used, or is over', cause)
  throw cause
}
