/** Connections to hubs that another hub carries. */
import { fromBase64Url, KithError } from '../../bytes/index.ts'
import type { Connection, ConnectionEvents, Network, Platform } from '../../ports/index.ts'
import type { Isolation } from '../hub-link.ts'
import { connectCarried, type Tools } from './connection.ts'

/** @throws KithError `bad-link`, `insecure-url`, `bad-key`. */
export const createCarriedNetwork = (
  { network, crypto }: Pick<Platform, 'network' | 'crypto'>,
  tools: Tools,
  { through = [], hubKeys = {} }: Isolation,
  knownKey: (url: string) => Uint8Array | undefined,
): Network => {
  for (const url of through) tools.checkHubUrl(url)
  const named = new Map(Object.entries(hubKeys).map(([url, key]) => [hostOf(url), toKey(url, key)]))
  const keyOf = (url: string): Uint8Array | undefined => named.get(hostOf(url)) ?? knownKey(url)
  return {
    connect: (url, events, hubKey = keyOf(url)) => {
      const carrier = through.find((one) => hostOf(one) !== hostOf(url))
      if (carrier === undefined) return refuse(events, noCarrier(url))
      if (hubKey === undefined) return refuse(events, noKey(url))
      return connectCarried({ network, crypto, tools, carrier, carrierKey: keyOf(carrier), url, hubKey }, events)
    },
  }
}

const refuse = (events: ConnectionEvents, cause: KithError): Connection => {
  void Promise.resolve().then(() => events.closed(cause.message, cause))
  return { send: () => {}, bufferedBytes: () => 0, close: () => {} }
}

/** Host and port: all that tells one hub's address from another's. */
const hostOf = (url: string): string => /^wss?:\/\/([^/?#]*)/i.exec(url)?.[1]?.toLowerCase() ?? url

const toKey = (url: string, written: string): Uint8Array => {
  const bad = (cause?: unknown): KithError =>
    new KithError('bad-key', `The key of ${url} is not the 43 characters that its hub prints.`, {}, cause)
  let key: Uint8Array
  try {
    key = fromBase64Url(written)
  } catch (cause) {
    throw bad(cause)
  }
  if (key.length !== 32) throw bad()
  return key
}

const noCarrier = (url: string): KithError =>
  new KithError(
    'no-carrier',
    `No hub of \`isolation.through\` can carry to ${url}, for it is the only one named there. Name another. Nothing was sent directly.`,
  )

const noKey = (url: string): KithError =>
  new KithError(
    'hub-key-needed',
    `The key of ${url} is not known, and a hub that is reached through another is known by its key alone. Name it in \`isolation.hubKeys\`; \`kith hub\` prints it there.`,
  )
