import { DatabaseSync } from 'node:sqlite'
import { decodeCbor } from '@kith/core/bytes'
import { entryKinds, sealEntry } from '@kith/core/change'
import { seedToSigningKey } from '@kith/core/crypto/sign'
import { secretToKeys, signClaim } from '@kith/core/keys'
import type { Crypto } from '@kith/core/ports'
import { connectHub, type OpenWish } from '@kith/core/sync'
import { type Policy, policyToLogId } from '@kith/core/wire'
import { databaseFile } from '../open-kith.ts'
import { createNodePlatform } from '../platform/platform.ts'
import { withEar } from './ear.fixture.ts'

/** A member who has taken the keys out of the program, and puts on the space's log what no program of ours would. */
export type MaliciousMember = {
  readonly crypto: Crypto
  /** Base keys of what is sealed for the space, with what they are sealed with. */
  readonly membership: { readonly baseKey: Uint8Array; readonly associated: Uint8Array }
  readonly content: { readonly baseKey: Uint8Array; readonly associated: Uint8Array }
  readonly put: (lane: 0 | 1 | 2, entry: Uint8Array) => Promise<void>
  /** Says that packs hold these numbers of the tail, signed as a member would. */
  readonly claim: (low: number, high: number) => Promise<void>
  /** What a hub answers who wants to read another log with these keys. */
  readonly open: (policy: Policy) => Promise<unknown>
}

/** `folder` is of somebody who is in one space alone, closed; that space's log is among `policies`. */
export const becomeMalicious = async (
  folder: string,
  hub: string,
  policies: readonly Policy[],
): Promise<MaliciousMember> => {
  const { crypto, network, clock } = await createNodePlatform(databaseFile(folder))
  const database = new DatabaseSync(databaseFile(folder), { readOnly: true })
  // Other spaces of the person, its list of spaces among them, have keys too.
  const sql = `SELECT secret.id, value FROM secret JOIN space ON space.n = secret.space
    WHERE secret.name = 'epoch' AND space.app = 'org.kith.journeys'`
  const rows = database.prepare(sql).all() as unknown as { id: Uint8Array; value: Uint8Array }[]
  const identity = database.prepare("SELECT value FROM meta WHERE name = 'identity'").get()?.['value']
  database.close()
  const [, , , , deviceSeed] = decodeCbor(identity as Uint8Array) as unknown as Uint8Array[]
  const device = seedToSigningKey(crypto, deviceSeed as Uint8Array)
  const [found] = rows.flatMap((row) => {
    const level = (['read', 'write', 'admin'] as const)[row.value[0] as number] ?? 'read'
    try {
      const [policy, keys] = findKeys(policies, (one) => secretToKeys(crypto, level, row.value.slice(1), one))
      return [{ row, policy, keys }]
    } catch {
      return []
    }
  })
  if (!found) throw new Error('The folder has no keys of that log.')
  const { row, policy, keys } = found
  const wish: OpenWish = { policy, rights: [{ right: 'write', seed: keys.log.write?.seed as Uint8Array }] }
  const connect = (opened: (hello: { readonly hubKey: Uint8Array }) => void = () => {}) =>
    connectHub({
      url: hub,
      network,
      clock,
      crypto,
      events: { opened, entries() {}, signal() {}, closed() {} },
    })
  return {
    crypto,
    membership: { baseKey: keys.membership, associated: row.id },
    content: { baseKey: keys.content, associated: row.id },
    put: async (lane, entry) => {
      const connection = connect()
      const [opened] = await connection.open([wish])
      if (opened instanceof Error) throw opened
      await connection.put(policyToLogId(policy, crypto), lane, [entry])
      connection.close()
    },
    claim: async (low, high) => {
      let hubKey = new Uint8Array()
      const connection = connect((hello) => {
        hubKey = hello.hubKey.slice()
      })
      const [opened] = await connection.open([wish])
      if (!opened || opened instanceof Error) throw opened ?? new Error('The hub opened nothing.')
      const log = policyToLogId(policy, crypto)
      const place = { log, hubKey, generation: opened.generation }
      const claim = signClaim(crypto, device, { place, numbers: { low, high } })
      const key = { baseKey: keys.content, associated: row.id }
      await connection.put(log, 1, [sealEntry(crypto, key, entryKinds.claim, claim).bytes])
      connection.close()
    },
    open: async (other) => {
      const connection = connect()
      const [opened] = await connection.open([
        { policy: other, rights: [{ right: 'read', seed: keys.log.read?.seed as Uint8Array }] },
      ])
      connection.close()
      return opened
    },
  }
}

/** The policy that the keys belong to. */
const findKeys = <Keys>(policies: readonly Policy[], toKeys: (policy: Policy) => Keys): [Policy, Keys] => {
  for (const policy of policies) {
    try {
      return [policy, toKeys(policy)]
    } catch {
      // Of another log.
    }
  }
  throw new Error('No log of the space was opened.')
}

/** A platform whose network keeps the policies of the logs that are opened over it. */
export const spyPolicies = () => {
  const policies: Policy[] = []
  const change = withEar((message) => {
    if (message.type === 'open') policies.push(...message.logs.map(({ policy }) => policy))
  })
  return { policies, change }
}
