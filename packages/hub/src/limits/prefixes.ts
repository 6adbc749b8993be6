/**
 * Limits for all connections from one neighbourhood of addresses. An address is turned at once into a hash of its prefix under
 * a salt that lives in this process' memory alone; nothing here is written or logged.
 */
import { createHmac } from 'node:crypto'
import { isIPv4, isIPv6 } from 'node:net'
import { random } from '../node-crypto.ts'
import { type Buckets, createBuckets } from './bucket.ts'
import type { HubLimitOptions } from './hub-limits.ts'

export type Prefix = {
  /** Tells prefixes apart within this process; empty for those that are not limited. */
  readonly name: string
  readonly buckets: Buckets
  /** Counts an open log in; false if the prefix has too many. */
  readonly openLog: () => boolean
  readonly closeLogs: (count: number) => void
  readonly leave: () => void
}

export type Prefixes = {
  /** Counts a connection in; undefined if the prefix has too many. Local addresses (a proxy's, one's own) are not limited. */
  readonly enter: (address: string | undefined) => Prefix | undefined
  /** Forgets prefixes that owe nothing. */
  readonly tidy: () => void
}

type Neighbourhood = { connections: number; openLogs: number; readonly buckets: Buckets }

/** For connections that are not counted. */
export const unlimited: Prefix = {
  name: '',
  buckets: { take: () => 0, room: () => 1, isFull: () => true },
  openLog: () => true,
  closeLogs() {},
  leave() {},
}

export function createPrefixes(limits: HubLimitOptions, monotonic: () => number): Prefixes {
  const salt = random(32)
  const known = new Map<string, Neighbourhood>()
  return {
    enter(address) {
      const prefix = addressToPrefix(address ?? '')
      if (prefix === undefined) return unlimited
      const key = createHmac('sha256', salt).update(prefix).digest('base64')
      const found = known.get(key) ?? {
        connections: 0,
        openLogs: 0,
        buckets: createBuckets(limits.perPrefix, monotonic),
      }
      if (found.connections >= limits.connectionsPerPrefixMax) return undefined
      found.connections += 1
      known.set(key, found)
      return {
        name: key,
        buckets: found.buckets,
        openLog() {
          if (found.openLogs >= limits.openLogsPerPrefixMax) return false
          found.openLogs += 1
          return true
        },
        closeLogs(count) {
          found.openLogs -= count
        },
        leave() {
          found.connections -= 1
        },
      }
    },
    tidy() {
      for (const [key, found] of known) if (found.connections === 0 && found.buckets.isFull()) known.delete(key)
    },
  }
}

/** IPv4 to /24, IPv6 to /48: what one household or small provider has. Undefined for loopback; what is no address is one prefix. */
export function addressToPrefix(address: string): string | undefined {
  const plain = address.replace(/^::ffff:/i, '')
  if (isIPv4(plain)) return plain.startsWith('127.') ? undefined : plain.split('.').slice(0, 3).join('.')
  if (!isIPv6(address)) return 'no address'
  if (address === '::1') return undefined
  const [front = '', back = ''] = address.split('%')[0]!.split('::')
  const groups = front === '' ? [] : front.split(':')
  if (address.includes('::')) {
    const rest = back === '' ? [] : back.split(':')
    while (groups.length + rest.length < 8) groups.push('0')
  }
  return groups
    .slice(0, 3)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}
