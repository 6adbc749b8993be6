/** Logs of fresh keys, and what is asked of them. */
import { createHash, createHmac, createPrivateKey, createPublicKey, randomBytes, sign, verify } from 'node:crypto'
import type { Signing } from '@kith/core/ports'
import {
  idToMark,
  type Lane,
  type LaneCursor,
  type LogKind,
  type NumberedEntry,
  openRights,
  type Policy,
  type Proof,
  type PullItem,
  policyToLogId,
  proofBytes,
  type Resumption,
  resumeBytes,
  type Right,
  rightBit,
  rights,
  type TicketLog,
} from '@kith/core/wire'
import type { Client, Result } from './client.ts'

export const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))

/** The heads of an Ed25519 secret key in PKCS #8 and of a public key in SubjectPublicKeyInfo: 32 bytes follow (RFC 8410). */
const [secretHead, publicHead] = ['302e020100300506032b657004220420', '302a300506032b6570032100'].map((hex) =>
  Buffer.from(hex, 'hex'),
) as [Buffer, Buffer]

const toSecretKey = (seed: Uint8Array) =>
  createPrivateKey({ key: Buffer.concat([secretHead, seed]), format: 'der', type: 'pkcs8' })

export const signing: Signing = {
  sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  hmacSha256: (key, bytes) => new Uint8Array(createHmac('sha256', key).update(bytes).digest()),
  ed25519PublicKey(seed) {
    const { x } = createPublicKey(toSecretKey(seed)).export({ format: 'jwk' })
    return new Uint8Array(Buffer.from(x!, 'base64url'))
  },
  ed25519Sign: (message, seed) => new Uint8Array(sign(null, message, toSecretKey(seed))),
  ed25519Verify: (signature, message, key) =>
    verify(
      null,
      message,
      createPublicKey({ key: Buffer.concat([publicHead, key]), format: 'der', type: 'spki' }),
      signature,
    ),
}

export type Log = {
  readonly policy: Policy
  readonly id: Uint8Array
  readonly seeds: Readonly<Record<Right, Uint8Array>>
}

export function createLog(kind: LogKind = 'space'): Log {
  const seeds = { read: random(32), write: random(32), admin: random(32) }
  const policy: Policy = {
    write: kind === 'knock' ? 'open' : signing.ed25519PublicKey(seeds.write),
    read: signing.ed25519PublicKey(seeds.read),
    admin: signing.ed25519PublicKey(seeds.admin),
    kind,
  }
  return { policy, id: policyToLogId(policy, signing), seeds }
}

export function prove(
  { hello }: Pick<Client, 'hello'>,
  { id, seeds }: Log,
  right: Right,
): Proof & { signature: Uint8Array } {
  return { right, signature: signing.ed25519Sign(proofBytes(hello, id, right), seeds[right]) }
}

/** A log as a ticket is for it that was given for these proofs. */
export function ticketLog({ policy, id }: Pick<Log, 'policy' | 'id'>, ...proven: Right[]): TicketLog {
  return {
    log: id,
    kind: policy.kind,
    rights: proven.reduce((set, right) => set | rightBit(right), openRights(policy)),
  }
}

/** Where one stands who has read a lane up to that entry. */
export function cursorAt(lane: Lane, n: number, entry?: Uint8Array): LaneCursor {
  return { lane, n, mark: entry === undefined ? 0 : idToMark(signing.sha256(entry)) }
}

export function resume({ hello }: Client, seed: Uint8Array): Resumption {
  const publicKey = signing.ed25519PublicKey(seed)
  return { publicKey, signature: signing.ed25519Sign(resumeBytes(hello, publicKey), seed) }
}

/** By all the rights that keys guard, unless some are named. */
export async function openLog(client: Client, log: Log, ...wanted: Right[]): Promise<Result> {
  const guarded = rights.filter((right) => typeof log.policy[right] !== 'string')
  const proofs = (wanted.length > 0 ? wanted : guarded).map((right) => prove(client, log, right))
  return openWith(client, log, proofs)
}

export async function openWith(
  client: Client,
  { policy }: Pick<Log, 'policy'>,
  proofs: readonly Proof[],
  resumption?: Resumption,
): Promise<Result> {
  const { results } = await client.ask({ type: 'open', resumption, logs: [{ policy, proofs }] })
  return results[0] ?? {}
}

export async function put(
  client: Client,
  { id }: Pick<Log, 'id'>,
  entries: readonly Uint8Array[],
  lane: Lane = 2,
  covers: readonly Uint8Array[] = [],
): Promise<Result> {
  const { results } = await client.ask({ type: 'put', puts: [{ log: id, lane, entries, covers }] })
  return results[0] ?? {}
}

export function pullItem({ id }: Pick<Log, 'id'>, more: Partial<PullItem> = {}): PullItem {
  return {
    log: id,
    lane: 2,
    mode: 'after',
    generation: undefined,
    n: 0,
    limit: 0,
    follow: false,
    idsOnly: false,
    ids: [],
    ...more,
  }
}

export type Pulled = Result & {
  readonly entries: readonly NumberedEntry[]
  /** Of the last message; undefined without news. */
  readonly state: string | undefined
}

let lastPull = 1_000_000

/** A pull to its end. */
export async function pull(client: Client, item: PullItem): Promise<Pulled> {
  lastPull += 1
  const mine = lastPull
  const { results } = await client.ask({ type: 'pull', pulls: [item] }, mine)
  const result = results[0] ?? {}
  const entries: NumberedEntry[] = []
  if (result.news !== true) return { ...result, entries, state: undefined }
  for (;;) {
    const message = await client.next('entries', ({ request }) => request === mine)
    entries.push(...message.entries)
    if (message.state !== 'more') return { ...result, entries, state: message.state }
  }
}

export const numbersOf = ({ entries }: Pulled): number[] => entries.map(({ n }) => n)

export async function signal(client: Client, { id }: Log, bytes: Uint8Array, to?: Uint8Array): Promise<Result> {
  const { results } = await client.ask({ type: 'signal', signals: [{ log: id, to, bytes }] })
  return results[0] ?? {}
}

export async function trim(client: Client, { id }: Log, ids: readonly Uint8Array[]): Promise<Result> {
  const { results } = await client.ask({ type: 'trim', trims: [{ log: id, ids }] })
  return results[0] ?? {}
}
