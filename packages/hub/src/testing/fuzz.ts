/** For tests: throws malformed frames at a hub, and looks after each whether it still does what it should. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { decodeCbor } from '@kith/core/bytes'
import { channelPrologue, startHandshake } from '@kith/core/crypto/channel'
import {
  type ClientMessage,
  clientMessageToFrame,
  frameToClientMessage,
  frameToHubMessage,
  type Hello,
  type HubMessage,
  policyToBytes,
} from '@kith/core/wire'
import { createDice } from '@kith/testing/simulation'
import { nodeChannelling } from '../node-crypto.ts'
import type { Connection } from '../connection.ts'
import { createHubService, type HubService } from '../service.ts'
import { openSqlite } from '../store/sqlite-open.ts'
import { createSqliteStorage } from '../store/sqlite-storage.ts'
import { createTestLog, type TestLog, testSigning, toOpen, toResume } from './client.ts'
import { createMalformer, type ResumeValue } from './malform.ts'

export type FuzzReport = {
  /** Frames that were a message by the decoder, and were answered. */
  readonly answered: number
  /** Results that granted something, and results that refused, by reason. */
  readonly granted: number
  readonly refused: Readonly<Record<string, number>>
  /** Connections that ended with a reason. */
  readonly ended: Readonly<Record<string, number>>
}

type Line = {
  readonly connection: Connection
  readonly hello: Hello
  /** The answer to the frame, or the goodbye. */
  readonly ask: (frame: Uint8Array) => Promise<HubMessage>
  readonly isOver: () => boolean
}

const answerMsMax = 10_000

/**
 * @throws AssertionError with the case's number: for a frame that nobody answers, an answer of the wrong shape, a defect, a client that does not get
 * what it is due any more.
 */
export async function fuzzHub(
  cases: number,
  seed: number,
  tick: (done: number) => void = () => {},
): Promise<FuzzReport> {
  const dice = createDice(String(seed))
  const database = openSqlite(':memory:', undefined)
  const service = createHubService({
    storage: createSqliteStorage(database),
    forward: { isPublic: true, hubs: ['ws://127.0.0.1:1'] },
  })
  const logs = [createTestLog(), createTestLog('knock'), createTestLog('location'), createTestLog('mailbox')]
  const entryIds: Uint8Array[] = []
  const resumption = createHash('sha256').update(String(seed)).digest()
  const malformer = createMalformer(dice, () => ({
    logs: logs.map(({ id }) => id),
    policies: logs.map(({ policy }) => decodeCbor(policyToBytes(policy))),
    entryIds,
    resume,
    handshakes,
  }))
  const { publicKey } = service.context.identity
  const handshakes = [startHandshake(nodeChannelling, publicKey, channelPrologue('prove')).message]
  const report = { answered: 0, granted: 0, refused: {} as Record<string, number>, ended: {} as Record<string, number> }
  const count = (counts: Record<string, number>, name: string): void => {
    counts[name] = (counts[name] ?? 0) + 1
  }

  const honest = connect(service)
  const own = createTestLog()
  await openAll(honest, [own], resumption)
  const ticket = await openAll(honest, logs, resumption)
  for (const { id } of logs) entryIds.push(await put(honest, id, Uint8Array.of(...id, 1)))
  let line = connect(service)
  /** As a message has it: right on this connection. */
  let resume = resumeValue(service, line, ticket, logs, resumption)
  try {
    for (let done = 0; done < cases; done += 1) {
      const where = `case ${done} of seed ${seed}`
      if (line.isOver()) {
        line = connect(service)
        resume = resumeValue(service, line, ticket, logs, resumption)
        // Most come as somebody who has rights: a stranger is refused before much can go wrong.
        if (dice.chance(0.7)) await granted(line, { ...toResume(line, resumption, ticket, logs), request: 1 })
      }
      const frame = malformer.frame()
      const message = await line.ask(frame).catch((cause: unknown) => {
        throw new Error(`${where}: ${String(cause)} (${Buffer.from(frame).toString('hex').slice(0, 2000)})`, { cause })
      })
      if (message.type === 'goodbye') {
        count(report.ended, message.why.refused)
        assert.ok(!isMessage(frame) || message.why.refused !== 'bad-encoding', `${where}: refused what it can read`)
      } else {
        assert.ok('results' in message, where)
        assert.equal(message.results.length, itemsOf(frameToClientMessage(frame)), where)
        report.answered += 1
        for (const result of message.results) {
          if ('refused' in result) count(report.refused, result.refused)
          else report.granted += 1
        }
      }
      if (done % 500 === 499) {
        await checkServed(honest, own, done, where)
        tick(done + 1)
      }
    }
    line.connection.closed()
    honest.connection.closed()
    return report
  } finally {
    await service.context.store.close()
  }
}

const connect = (service: HubService): Line => {
  let hello: Hello | undefined
  let isOver = false
  let defect: unknown
  let answered: (message: HubMessage) => void = () => {}
  const connection = service.accept(
    {
      send: (frame) => {
        const message = frameToHubMessage(frame)
        if (message.type === 'hello') hello = message
        else if ('results' in message || message.type === 'goodbye') answered(message)
      },
      bufferedBytes: () => 0,
      pause: () => {},
      resume: () => {},
      end: () => {
        isOver = true
      },
    },
    (cause) => {
      defect = cause
      answered({ type: 'goodbye', why: { refused: 'closing', waitMs: 0 } })
    },
  )
  assert.ok(hello, 'a hub says hello first')
  return {
    connection,
    hello,
    isOver: () => isOver,
    ask: async (frame) => {
      const answer = Promise.withResolvers<HubMessage>()
      const timer = setTimeout(() => answer.reject(new Error('nobody answers')), answerMsMax)
      answered = answer.resolve
      connection.receive(frame)
      try {
        const message = await answer.promise
        assert.equal(defect, undefined, `a defect: ${String(defect)}`)
        return message
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

/** Opens logs by all of their keys, for a ticket. */
const openAll = async (line: Line, logs: readonly TestLog[], resumption: Uint8Array): Promise<Uint8Array> => {
  const answer = await granted(line, { ...toOpen(line, logs, resumption), request: 1 })
  return ('ticket' in answer && answer.ticket) || assert.fail('no ticket')
}

const resumeValue = (
  { context }: HubService,
  line: Line,
  ticket: Uint8Array,
  logs: readonly TestLog[],
  resumption: Uint8Array,
): ResumeValue => {
  const message = { ...toResume(line, resumption, ticket, logs, context.store.generation), request: 1 }
  return (decodeCbor(clientMessageToFrame(message)) as [number, number, ResumeValue])[2]
}

/** The entry's id. */
const put = async (line: Line, log: Uint8Array, entry: Uint8Array): Promise<Uint8Array> => {
  await granted(line, { type: 'put', request: 1, puts: [{ log, lane: 2, entries: [entry], covers: [] }] })
  return testSigning.sha256(entry)
}

const granted = async (line: Line, message: ClientMessage) => {
  const answer = await line.ask(clientMessageToFrame(message))
  assert.ok('results' in answer && answer.results.every((result) => !('refused' in result)), JSON.stringify(answer))
  return answer
}

/** Whoever behaves is served as before, beside all of this. */
const checkServed = async (line: Line, { id }: TestLog, at: number, where: string): Promise<void> => {
  const entry = new TextEncoder().encode(`honest entry ${at}`)
  const entryId = await put(line, id, entry).catch((cause: unknown) => {
    throw new Error(`${where}: an honest client is not served`, { cause })
  })
  const common = { log: id, lane: 2, generation: undefined, n: 0, limit: 0, follow: false, idsOnly: true } as const
  await granted(line, { type: 'pull', request: 1, pulls: [{ ...common, mode: 'ids', ids: [entryId] }] })
}

const isMessage = (frame: Uint8Array): boolean => {
  try {
    frameToClientMessage(frame)
    return true
  } catch {
    return false
  }
}

const itemsOf = (message: ClientMessage): number => {
  switch (message.type) {
    case 'open':
      return message.logs.length
    case 'put':
      return message.puts.length
    case 'pull':
      return message.pulls.length
    case 'signal':
      return message.signals.length
    case 'trim':
      return message.trims.length
    case 'terms':
      return message.logs.length
    case 'join':
      return 1
    case 'issue':
      return message.requests.length
    case 'pay':
      return message.pays.length
    case 'resume':
    case 'channel':
    case 'carry':
      return 1
  }
}
