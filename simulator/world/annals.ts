import { equalBytes, fromBase32, ifUsable, toBase32, toHex } from '@kith/core/bytes'
import { type Change, createOpIds, decodeDataBody, kinds, kindToChain, type Op, opCodes } from '@kith/core/change'
import { decodeMembershipBody, mayGrant, type MembershipBody, type Rank, rankNumbers } from '@kith/core/membership'
import { createSeededCrypto } from '@kith/testing/simulation'
import type { SimDevice } from './device.ts'
import { findChanges, findDeviceKey } from './loot.ts'

/**
 * All that was ever signed in the shared space, as the disks of all devices have it together, and what the rules of removals (membership rules 3, 4
 * and 10) say of it: told a second time, apart from the evaluator, so that promises to people do not rest on what they are to test. Changes are
 * named by their hashes in hexadecimal.
 */
export type Annals = {
  /** All that a device has: whoever has the same should think the same. */
  readonly has: (device: SimDevice) => ReadonlySet<string>
  readonly isContent: (hash: string) => boolean
  /** The changes that made a row; several only where somebody tries to pre-empt its id. */
  readonly ofRow: (id: string) => readonly string[]
  /** The changes that typed into a row a character which occurs once in the world. */
  readonly ofChar: (id: string, char: string) => readonly string[]
  /** Whether a removal leaves a change without effect, or something that it was made under. */
  readonly isCutOff: (hash: string) => boolean
  /** Whether its person has ended a device, or what admitted it. */
  readonly isRevoked: (device: SimDevice) => boolean
  /** The same by removals of the founder alone, above whom there is nobody. */
  readonly isBanished: (hash: string) => boolean
}

/** A removal, or a device cut with the revocation that it repeats. */
type Ending = {
  readonly hash: string
  readonly ends: ReadonlySet<string>
  readonly inside: ReadonlySet<string>
  /** The space whose changes it binds. */
  readonly space: string
}

export const readAnnals = (devices: readonly SimDevice[], spaceId: string): Annals => {
  const home = toHex(fromBase32(spaceId))
  const changes = new Map<string, Change>()
  const onDisk = new Map<SimDevice, ReadonlySet<string>>()
  for (const device of devices) {
    const here = new Set<string>()
    for (const { change } of findChanges(device.disk)) {
      // Other spaces count as far as they say whose devices there are.
      if (isContent(change) && homeOf(change) !== home) continue
      changes.set(toHex(change.hash), change)
      here.add(toHex(change.hash))
    }
    onDisk.set(device, here)
  }
  const ops = readOps(changes)
  const { isCutOff, isBanished, isEnded } = readEndings(changes, home)
  const admissionsOf = (device: SimDevice): string[] => {
    const key = findDeviceKey(device.disk)?.publicKey
    return [...changes].flatMap(([hash, change]) => {
      const read = bodyOf(change)
      const admitted = read?.kind === 'admission' ? read.body.device : change.header.device
      const admits = read?.kind === 'admission' || (read?.kind === 'genesis' && read.body.type === 'person')
      return key && admits && equalBytes(admitted, key) ? [hash] : []
    })
  }
  return {
    has: (device) => onDisk.get(device) ?? new Set(),
    isContent: (hash) => isContent(changes.get(hash) as Change),
    ofRow: (id) => ops.flatMap(({ hash, rows }) => (rows === id.slice(0, 22) ? [hash] : [])),
    ofChar: (id, char) => {
      const typed = Buffer.from(char)
      return ops.flatMap(({ hash, texts }) =>
        texts.some(([row, text]) => row === id && text.includes(typed)) ? [hash] : [],
      )
    },
    isRevoked: (device) => {
      const admissions = admissionsOf(device)
      // Let in by a device that was itself revoked, by somebody who had not seen it: that admission has no effect either.
      return admissions.some(isEnded) || (admissions.length > 0 && admissions.every(isCutOff))
    },
    isCutOff,
    isBanished,
  }
}

type ReadOps = {
  readonly hash: string
  /** What the ids of all rows that it makes begin with. */
  readonly rows: string | undefined
  /** What it types, with the row that it types into. */
  readonly texts: readonly (readonly [row: string, typed: Buffer])[]
}

const readOps = (changes: ReadonlyMap<string, Change>): ReadOps[] =>
  [...changes].flatMap(([hash, { header, body }]): ReadOps[] => {
    const read = body && header.kind === kinds.data ? ifUsable(() => decodeDataBody(body)) : undefined
    if (!read) return []
    const texts = read.ops.flatMap((op: Op): (readonly [string, Buffer])[] =>
      op[0] === opCodes.text && op[2] instanceof Uint8Array ? [[toBase32(op[2]), Buffer.from(op[5])]] : [],
    )
    const id = createOpIds(crypto, { ...header, salt: read.salt })(0)
    const makesRows = read.ops.some(([code]) => code === opCodes.insert)
    return [{ hash, rows: makesRows ? toBase32(id).slice(0, 22) : undefined, texts }]
  })

const readEndings = (
  changes: ReadonlyMap<string, Change>,
  home: string,
): Pick<Annals, 'isCutOff' | 'isBanished'> & { readonly isEnded: (warrant: string) => boolean } => {
  const follow = (from: readonly string[], next: (change: Change) => readonly Uint8Array[]): Set<string> => {
    const found = new Set(from)
    for (const hash of found) {
      const change = changes.get(hash)
      for (const named of change ? next(change) : []) if (named.length > 0) found.add(toHex(named))
    }
    return found
  }
  /** What a grant, an invite or a join gives, as far as its giver may give it (rules 1 and 2). */
  const rankBy = (hash: string): number => {
    const change = changes.get(hash)
    const read = change && bodyOf(change)
    if (!change || !read) return 0
    if (hash === home) return rankNumbers.owner
    if (read.kind === 'join') return rankBy(toHex(change.header.grant))
    const given =
      read.kind === 'grant' ? read.body.rank : read.kind === 'removal' ? read.body.replacement?.rank : undefined
    const giver =
      given &&
      (Object.keys(rankNumbers) as Rank[]).find((rank) => rankNumbers[rank] === rankBy(toHex(change.header.grant)))
    return given && giver && mayGrant(giver, given) ? rankNumbers[given] : 0
  }
  const endings = [...changes].flatMap(([hash, change]): Ending[] => {
    const read = bodyOf(change)
    if (read?.kind !== 'removal' && read?.kind !== 'deviceCut') return []
    const revocation = read.kind === 'deviceCut' ? changes.get(toHex(read.body.revocation)) : change
    const removal = revocation && bodyOf(revocation)
    const ends = removal?.kind === 'removal' ? removal.body.grants : []
    // Whoever leaves, or gives back a rank, voids nothing.
    const isLeaving = homeOf(change) === home && ends.some((grant) => equalBytes(grant, change.header.grant))
    if (read.kind === 'removal' && isLeaving) return []
    const inside = follow(read.body.cut.map(toHex), ({ header }) => [header.prev])
    const rank = rankBy(toHex(change.header.grant))
    const isAbove =
      homeOf(change) !== home || read.kind === 'deviceCut' || ends.every((grant) => rankBy(toHex(grant)) < rank)
    return isAbove ? [{ hash, ends: new Set(ends.map(toHex)), inside, space: homeOf(change) }] : []
  })
  const isEnded = (warrant: string): boolean => endings.some(({ ends }) => ends.has(warrant))
  const founders = endings.filter(({ hash }) => {
    const { kind, grant, admission } = (changes.get(hash) as Change).header
    return kind === kinds.removal && toHex(grant) === home && !isEnded(toHex(admission))
  })

  /** A phrase names the genesis as its right, and does not end with the device that made it. */
  const isByPhrase = ({ header }: Change): boolean => {
    const named = changes.get(toHex(header.admission))
    const read = named && bodyOf(named)
    return read?.kind === 'genesis' && !!read.body.recovery && equalBytes(read.body.recovery.signing, header.device)
  }
  const leavesOut = ({ hash, ends, inside, space }: Ending, other: string): boolean => {
    const change = changes.get(other)
    if (!change || hash === other || inside.has(other) || space !== homeOf(change) || isByPhrase(change)) return false
    return ends.has(toHex(change.header.grant)) || ends.has(toHex(change.header.admission))
  }
  /** A change with all that it was made under, down to where the space began. */
  const lineOf = (hash: string): Set<string> =>
    follow([hash], ({ header }) => [header.grant, header.admission, header.schema])
  const pasts = new Map<string, ReadonlySet<string>>()
  const pastOf = (hash: string): ReadonlySet<string> => {
    const past =
      pasts.get(hash) ??
      follow([hash], (change) => {
        const { grant, admission, epoch, schema, prev, deps } = change.header
        const named = [grant, admission, epoch, schema, ...deps.membership, ...deps.content]
        return isContent(change) ? [...named, prev] : named
      })
    pasts.set(hash, past)
    return past
  }
  /** Rule 4: whoever was himself removed by the founder voids nothing that the founder had seen. */
  const isLimited = (ending: Ending, other: string): boolean =>
    !founders.includes(ending) &&
    founders.some(
      (above) => pastOf(above.hash).has(other) && [...lineOf(ending.hash)].some((one) => leavesOut(above, one)),
    )
  return {
    isEnded,
    isCutOff: (hash) =>
      [...lineOf(hash)].some((one) => endings.some((ending) => leavesOut(ending, one) && !isLimited(ending, one))),
    isBanished: (hash) => [...lineOf(hash)].some((one) => founders.some((ending) => leavesOut(ending, one))),
  }
}

const crypto = createSeededCrypto('annals')

const isContent = ({ header }: Change): boolean => kindToChain(header.kind) === 'content'

const homeOf = ({ header, hash }: Change): string => toHex(header.space.length > 0 ? header.space : hash)

const bodyOf = (change: Change): MembershipBody | undefined =>
  change.body && !isContent(change) ? decodeMembershipBody(change.header.kind, change.body) : undefined
