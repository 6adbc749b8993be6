/** For tests: a client that speaks the protocol frame by frame, so that each byte can be wrong on purpose. */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import type { Signing } from '@kith/core/ports'
import {
  type ClientMessage,
  clientMessageToFrame,
  type Done,
  frameToHubMessage,
  type Hello,
  type HubMessage,
  idToMark,
  type Lane,
  type LaneCursor,
  type LogKind,
  type NumberedEntry,
  type OpenedLog,
  type OpenItem,
  openRights,
  type Policy,
  policyToLogId,
  type Proof,
  proofBytes,
  type PullItem,
  type PullStarted,
  type Refusal,
  resumeBytes,
  type ResumedLogs,
  type ResumeFields,
  type ResumeItem,
  type Resumption,
  type Right,
  rightBit,
  rights,
  type StoredEntries,
  type TicketLog,
} from '@kith/core/wire'
import { WebSocket } from 'ws'
import { nodeVerifying, random } from '../node-crypto.ts'

/** Of the client's requests; distributes over the kinds. */
type Unnumbered<Message> = Message extends { request: number } ? Omit<Message, 'request'> : never

/** One result of any verb: a test knows which fields it has. */
export type TestResult = OpenedLog & StoredEntries & PullStarted & Done & ResumedLogs & Partial<Refusal>

/** `ticket` of an `opened`. */
export type TestAnswer = { readonly results: readonly TestResult[]; readonly ticket?: Uint8Array | undefined }

export type TestClient = {
  readonly hello: Hello
  readonly socket: WebSocket
  /** Sends a request and resolves with its answer. */
  readonly ask: (message: Unnumbered<ClientMessage>) => Promise<TestAnswer>
  /** The next message of a type that nobody took yet. */
  readonly next: <Type extends HubMessage['type']>(type: Type) => Promise<Extract<HubMessage, { type: Type }>>
  /** Messages that came and were not taken. */
  readonly waiting: () => readonly HubMessage[]
  readonly frames: Uint8Array[]
  readonly closed: Promise<number>
  readonly close: () => void
}

export async function connectTestClient(url: string, headers: Record<string, string> = {}): Promise<TestClient> {
  const socket = new WebSocket(url, { perMessageDeflate: false, headers })
  const inbox: HubMessage[] = []
  const frames: Uint8Array[] = []
  const takers: { wants: (message: HubMessage) => boolean; take: (message: HubMessage) => void }[] = []
  const closed = new Promise<number>((resolve) => socket.on('close', resolve))
  socket.on('message', (data: Buffer) => {
    frames.push(new Uint8Array(data))
    const message = frameToHubMessage(data)
    const at = takers.findIndex(({ wants }) => wants(message))
    if (at >= 0) takers.splice(at, 1)[0]!.take(message)
    else inbox.push(message)
  })
  const failed = new Promise<never>((_, reject) => socket.on('error', reject))
  failed.catch(() => {})

  function take(wants: (message: HubMessage) => boolean): Promise<HubMessage> {
    const at = inbox.findIndex(wants)
    if (at >= 0) return Promise.resolve(inbox.splice(at, 1)[0]!)
    return new Promise((resolve) => takers.push({ wants, take: resolve }))
  }

  let request = 0
  const hello = (await Promise.race([take((message) => message.type === 'hello'), failed])) as Hello
  return {
    hello,
    socket,
    ask(message) {
      request += 1
      const mine = request
      socket.send(clientMessageToFrame({ ...message, request: mine }))
      return take((answer) => 'results' in answer && answer.request === mine) as unknown as Promise<TestAnswer>
    },
    next: (type) => take((message) => message.type === type) as never,
    waiting: () => inbox,
    frames,
    closed,
    close: () => socket.terminate(),
  }
}

const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex')

function seedToKey(seed: Uint8Array) {
  return createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: 'der', type: 'pkcs8' })
}

export const testSigning: Signing = {
  ...nodeVerifying,
  ed25519PublicKey(seed) {
    const { x } = createPublicKey(seedToKey(seed)).export({ format: 'jwk' })
    return new Uint8Array(Buffer.from(x!, 'base64url'))
  },
  ed25519Sign: (message, seed) => new Uint8Array(sign(null, message, seedToKey(seed))),
}

export type TestLog = {
  readonly policy: Policy
  readonly id: Uint8Array
  readonly seeds: Readonly<Record<Right, Uint8Array>>
}

export function createTestLog(kind: LogKind = 'space'): TestLog {
  const seeds = { read: random(32), write: random(32), admin: random(32) }
  const policy: Policy = {
    write: kind === 'knock' ? 'open' : testSigning.ed25519PublicKey(seeds.write),
    read: testSigning.ed25519PublicKey(seeds.read),
    admin: testSigning.ed25519PublicKey(seeds.admin),
    kind,
  }
  return { policy, id: policyToLogId(policy, testSigning), seeds }
}

export function prove(client: Pick<TestClient, 'hello'>, log: TestLog, right: Right): Proof {
  return { right, signature: testSigning.ed25519Sign(proofBytes(client.hello, log.id, right), log.seeds[right]) }
}

export async function openLog(client: TestClient, log: TestLog, ...rights: Right[]) {
  const all = (['read', 'write', 'admin'] as const).filter((right) => typeof log.policy[right] !== 'string')
  const wanted: readonly Right[] = rights.length > 0 ? rights : all
  const proofs = wanted.map((right) => prove(client, log, right))
  const answer = await client.ask({ type: 'open', resumption: undefined, logs: [{ policy: log.policy, proofs }] })
  return answer.results[0]!
}

export function showResumption({ hello }: Pick<TestClient, 'hello'>, seed: Uint8Array): Resumption {
  const publicKey = testSigning.ed25519PublicKey(seed)
  return { publicKey, signature: testSigning.ed25519Sign(resumeBytes(hello, publicKey), seed) }
}

/** Opens logs by all of their keys, for a ticket. */
export function toOpen(client: Pick<TestClient, 'hello'>, logs: readonly TestLog[], seed: Uint8Array) {
  const items = logs.map((log): OpenItem => {
    const guarded = rights.filter((right) => typeof log.policy[right] !== 'string')
    return { policy: log.policy, proofs: guarded.map((right) => prove(client, log, right)) }
  })
  return { type: 'open' as const, resumption: showResumption(client, seed), logs: items }
}

export async function openForTicket(
  client: TestClient,
  logs: readonly TestLog[],
  seed: Uint8Array,
): Promise<Uint8Array> {
  const { ticket } = await client.ask(toOpen(client, logs, seed))
  if (ticket === undefined) throw new Error('no ticket was given')
  return ticket
}

/** A log as a ticket is for it that was given for all of its keys, unless fewer are named. */
export function ticketLog({ policy, id }: TestLog, proven: readonly Right[] = rights): TicketLog {
  const guarded = proven.filter((right) => typeof policy[right] !== 'string')
  return { log: id, kind: policy.kind, rights: guarded.reduce((set, one) => set | rightBit(one), openRights(policy)) }
}

/** Where one stands who has read a lane up to that entry. */
export function cursorAt(lane: Lane, n: number, entry?: Uint8Array): LaneCursor {
  return { lane, n, mark: entry === undefined ? 0 : idToMark(testSigning.sha256(entry)) }
}

/** The logs of a ticket to be opened, and nothing to be followed, unless more is said. */
export function toResume(
  client: Pick<TestClient, 'hello'>,
  seed: Uint8Array,
  ticket: Uint8Array,
  logs: readonly (TestLog | ResumeItem)[],
  generation?: Uint8Array,
): ResumeFields & { readonly type: 'resume' } {
  const items = logs.map((log): ResumeItem => ('seeds' in log ? { ...ticketLog(log), cursors: [] } : log))
  return { type: 'resume', resumption: showResumption(client, seed), ticket, generation, logs: items }
}

export function pullItem(log: TestLog, more: Partial<PullItem> = {}): PullItem {
  return {
    log: log.id,
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

export async function putEntries(
  client: TestClient,
  log: TestLog,
  entries: Uint8Array[],
  lane: 0 | 1 | 2 | 3 = 2,
  covers: Uint8Array[] = [],
) {
  const answer = await client.ask({ type: 'put', puts: [{ log: log.id, lane, entries, covers }] })
  return answer.results[0]!
}

/** All entries of a pull, to its end. */
export async function pullAll(client: TestClient, item: PullItem): Promise<NumberedEntry[]> {
  const answer = await client.ask({ type: 'pull', pulls: [item] })
  return answer.results[0]!.news ? readPulled(client) : []
}

/** What comes after the answer to a pull with news, to its end. */
export async function readPulled(client: TestClient): Promise<NumberedEntry[]> {
  const entries = []
  for (;;) {
    const message = await client.next('entries')
    entries.push(...message.entries)
    if (message.state !== 'more') return entries
  }
}
