import { KithError } from '@kith/core/bytes'
import { carriedUrlBytesMax } from '@kith/core/limits'

/** To which hubs a hub carries connections; to none unless it is told. */
export type ForwardOptions = {
  /** To every hub of a public address, on `wss://` and its standard port. */
  readonly isPublic: boolean
  /** Also to these, wherever they are: addresses as clients name them. */
  readonly hubs: readonly string[]
}

export type ForwardTarget = {
  readonly url: URL
  /** The operator named it: it may be anywhere. */
  readonly isListed: boolean
}

/** @throws KithError `bad-value`. */
export function checkForward({ hubs }: ForwardOptions): void {
  for (const hub of hubs) {
    const isHub = hub.length <= carriedUrlBytesMax && /^wss?:\/\//.test(hub) && URL.canParse(hub)
    if (!isHub || isOdd(new URL(hub)))
      throw new KithError('bad-value', `"${hub}" is no address of a hub to carry to: it is like wss://hub.example.org.`)
  }
}

/** Undefined for what this hub does not carry to, by its address alone. */
export function toTarget(written: string, { isPublic, hubs }: ForwardOptions): ForwardTarget | undefined {
  if (!URL.canParse(written)) return undefined
  const url = new URL(written)
  if (hubs.some((hub) => new URL(hub).href === url.href)) return { url, isListed: true }
  // A path or a query would let strangers send words of their choice to any server.
  const isPlain = url.protocol === 'wss:' && url.port === '' && url.pathname === '/' && !isOdd(url)
  // Numbers have no certificate and no operator to ask.
  const isName = !/^[\d.]+$|^\[/.test(url.hostname)
  return isPublic && isPlain && isName ? { url, isListed: false } : undefined
}

function isOdd({ username, password, search, hash }: URL): boolean {
  return username !== '' || password !== '' || search !== '' || hash !== ''
}
