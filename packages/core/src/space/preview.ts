import { equalBytes, ifUsable, toBase32, toHex } from '../bytes/index.ts'
import { type Change, decodeDataBody, kinds } from '../change/index.ts'
import type { Membership } from '../membership/index.ts'
import { bytesToSchemaRecord } from '../schema/index.ts'
import type { RemovalOptions, RemovalPreview } from './sharing-api.ts'
import type { Engine } from './engine.ts'
import { nameOf } from './names.ts'
import { encodeEnding, seen } from './removal.ts'
import type { Replica } from './replica.ts'
import { planRemoval } from './sharing-members.ts'

/** Void changes that a preview names one by one. */
const namedMax = 100

/**
 * What a removal would make void: it is made, judged with all that is here by the same rules, and thrown away. Looks through all of
 * the space's history.
 */
export const previewRemoval = (
  engine: Engine,
  replica: Replica,
  address: string,
  options: RemovalOptions,
): RemovalPreview => {
  engine.unit.commit()
  const { ending, target } = planRemoval(engine, replica, address, options)
  const body = encodeEnding(engine, replica, ending)
  const draft = replica.draftMembership(kinds.removal, body, seen(engine, replica))
  const before = replica.membership
  const after = replica.membershipWith(draft)
  const voided = contentOf(engine, replica).filter((change) => isAllowed(before, change) && !isAllowed(after, change))
  const stays = new Set(after.members().map(({ person }) => toHex(person)))
  return {
    changes: voided.length,
    tables: countTables(before, voided),
    named: voided
      .slice(0, namedMax)
      .map(({ hash, header }) => ({ change: toHex(hash), time: new Date(header.time.ms) })),
    members: before
      .members()
      .filter(({ person }) => !equalBytes(person, target.person) && !stays.has(toHex(person)))
      .map((member) => ({
        address: toBase32(member.address),
        name: nameOf(engine, replica, member).name,
      })),
    closedInvites: ending.invites.map(toBase32),
  }
}

const isAllowed = (membership: Membership, { header, hash }: Change): boolean =>
  membership.judgeAuthor(header, hash).status === 'allowed'

export const contentOf = (engine: Engine, replica: Replica): Change[] => {
  const { registry, history } = engine.store()
  return registry
    .chainsOf(replica.entry.n)
    .filter((chain) => chain.class === 1)
    .flatMap((chain) => history.segmentNumbers(chain.n))
    .flatMap((number) => {
      const stored = history.segment(number)
      return stored ? [...history.decode(stored).changes] : []
    })
}

/** Writes by table: an insert of many rows counts as many. */
export const countTables = (membership: Membership, changes: readonly Change[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  const names = new Map<string, readonly string[]>()
  for (const { header, body } of changes) {
    const key = toHex(header.schema)
    const schema = names.has(key) ? undefined : membership.schema(header.schema)
    if (schema)
      names.set(
        key,
        bytesToSchemaRecord(schema.record).tables.map(({ name }) => name),
      )
    for (const op of opsOf(header.kind, body)) {
      const table = typeof op[1] === 'number' ? names.get(key)?.[op[1]] : undefined
      if (table !== undefined) counts[table] = (counts[table] ?? 0) + (op[0] <= 1 ? (op[3] as number) : 1)
    }
  }
  return counts
}

const opsOf = (kind: number, body: Uint8Array | undefined) => {
  if (kind !== kinds.data || body === undefined) return []
  return ifUsable(() => decodeDataBody(body))?.ops ?? []
}
