/** For tests: a client that speaks the protocol frame by frame, so that each byte can be wrong on purpose. */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import type { Signing } from '@kith/core/ports'
import {
  type ClientMessage,
  type Done,
  clientMessageToFrame,
  frameToHubMessage,
  type Hello,
  type HubMessage,
  type LogKind,
  type OpenedLog,
  type Policy,
  type Proof,
  type PullItem,
  type PullStarted,
  policyToLogId,
  proofBytes,
  type Refusal,
  type Right,
  type StoredEntries,
} from '@kith/core/wire'
import { WebSocket } from 'ws'
import { nodeVerifying, random } from '../node-crypto.ts'

/** Of the client's requests; distributes over the kinds. */
type Unnumbered<Message> = Message extends { request: number } ? Omit<Message, 'request'> : never

/** One result of any verb: a test knows which fields it has. */
export type TestResult = OpenedLog & StoredEntries & PullStarted & Done & Partial<Refusal>

export type TestAnswer = { readonly results: readonly TestResult[] }

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

export function prove(client: TestClient, log: TestLog, right: Right): Proof {
  return { right, signature: testSigning.ed25519Sign(proofBytes(client.hello, log.id, right), log.seeds[right]) }
}

export async function openLog(client: TestClient, log: TestLog, ...rights: Right[]) {
  const all = (['read', 'write', 'admin'] as const).filter((right) => typeof log.policy[right] !== 'string')
  const wanted: readonly Right[] = rights.length > 0 ? rights : all
  const proofs = wanted.map((right) => prove(client, log, right))
  const answer = await client.ask({ type: 'open', resumption: undefined, logs: [{ policy: log.policy, proofs }] })
  return answer.results[0]!
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
export async function pullAll(
  client: TestClient,
  item: PullItem,
): Promise<{ n: number; id: Uint8Array; bytes: Uint8Array }[]> {
  const answer = await client.ask({ type: 'pull', pulls: [item] })
  if (!answer.results[0]!.news) return []
  const entries = []
  for (;;) {
    const message = await client.next('entries')
    entries.push(...message.entries)
    if (message.state !== 'more') return entries
  }
}
