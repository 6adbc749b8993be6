/** Which addresses belong to the public internet, and names looked up so that only those are connected to. */
import { Resolver } from 'node:dns/promises'
import { BlockList, isIPv4, isIPv6, type LookupFunction } from 'node:net'

/** IANA's special-purpose registries (RFC 6890 and its successors): what is not reachable globally, and what stands for other addresses. */
const special4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  // Multicast, reserved, broadcast.
  ['224.0.0.0', 3],
] as const

/** Within 2000::/3, outside of which nothing is assigned to anybody. */
const special6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  // 6to4: an IPv4 address within.
  ['2002::', 16],
  ['2620:4f:8000::', 48],
  ['3fff::', 20],
] as const

const special = new BlockList()
for (const [network, prefix] of special4) special.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of special6) special.addSubnet(network, prefix, 'ipv6')
const global6 = new BlockList()
global6.addSubnet('2000::', 3, 'ipv6')

/** False too for what is no address. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !special.check(address, 'ipv4')
  // An IPv4 address as IPv6 (::ffff:127.0.0.1) is outside of 2000::/3.
  return isIPv6(address) && global6.check(address, 'ipv6') && !special.check(address, 'ipv6')
}

/** All addresses of a name. */
export type Resolve = (name: string) => Promise<readonly string[]>

/** By DNS alone, without the threads that the operating system's look-up takes: strangers choose the names, and how slowly they are answered. */
export function createResolve(): Resolve {
  const resolver = new Resolver({ timeout: 2000, tries: 2 })
  return async (name) => {
    const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
    return found.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
  }
}

/** For `net.connect`, which connects to what this returns and asks nobody else. One address that is not public refuses the name. */
export function createPublicLookup(resolve: Resolve): LookupFunction {
  return (name, options, callback) => {
    const answer = (addresses: readonly string[]): void => {
      const found = addresses.map((address) => ({ address, family: isIPv4(address) ? 4 : 6 }))
      const [first] = found
      if (first === undefined || !addresses.every(isPublicAddress))
        callback(new Error('The name leads to no public address.'), '')
      else if (options.all) callback(null, found)
      else callback(null, first.address, first.family)
    }
    void resolve(name)
      .catch(() => [])
      .then(answer)
  }
}
