import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import type { Kith, OpenText } from '@kith/core'
import { toHex } from '@kith/core/bytes'
import type { Platform } from '@kith/core/ports'
import { frameToClientMessage, frameToHubMessage } from '@kith/core/wire'
import { inScene, type Scene } from './conditions.fixture.ts'
import { type Journal, journal } from './journal.fixture.ts'
import { openHub, openPerson, untilAgree } from './people.fixture.ts'

type Trace = {
  readonly endContent: string
  readonly numAgents: number
  /** `patches` are [position, deleted, inserted] in code points; `parents` are indexes of earlier transactions. */
  readonly txns: { parents: number[]; agent: number; patches: [number, number, string][] }[]
}

const root = join(import.meta.dirname, '..', '..', '..', '..')
const large = join(root, '..', 'shared', 'data', 'editing-traces', 'friendsforever.json.gz')
const small = join(root, 'vectors', 'text', 'two-people.json')

const readTrace = (path: string): Trace => {
  const bytes = readFileSync(path)
  return JSON.parse((path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')) as Trace
}

/** For each transaction, the last one of each agent in its causal past (-1: none). */
const seenBefore = (trace: Trace): number[][] => {
  const after: number[][] = []
  return trace.txns.map(({ parents, agent }, index) => {
    const before = Array.from({ length: trace.numAgents }, (_, each) =>
      Math.max(-1, ...parents.map((parent) => after[parent]?.[each] ?? -1)),
    )
    after.push(before.map((last, each) => (each === agent ? index : last)))
    return before
  })
}

/** Looks again each turn of the event loop: thousands of waits of a millisecond each. */
const spinUntil = async (what: string, condition: () => boolean | Promise<boolean>): Promise<void> => {
  const end = performance.now() + 20_000
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Waited 20 s in vain: ${what}.`)
    await nextTurn()
  }
}

/** Stands between a device and its sockets: counts what it puts, and lets others' typing through when the trace says so. */
const createGate = () => {
  const held: { readonly entries: number; readonly give: () => void }[] = []
  /** Packs of the other side: 512 entries of the tail make one due, and what it holds has not been let through yet. */
  const packs: (() => void)[] = []
  /** Logs that content was put on: the space's, and those of this person's own spaces. */
  const logs = new Set<string>()
  /** The space's, when the gate is shut. */
  let shutLog: string | undefined
  let put = 0
  let arrived = 0
  let given = 0
  const change = (platform: Platform): Platform => ({
    ...platform,
    network: {
      connect: (url, events) => {
        const received = (frame: Uint8Array): void => {
          const message = shutLog ? frameToHubMessage(frame) : undefined
          const content = message?.type === 'entries' && toHex(message.log) === shutLog ? message : undefined
          if (content?.lane === 1) {
            packs.push(() => events.received(frame))
            return
          }
          const entries = content?.lane === 2 ? content.entries.length : 0
          if (entries === 0) return events.received(frame)
          arrived += entries
          held.push({ entries, give: () => events.received(frame) })
        }
        const connection = platform.network.connect(url, { ...events, received })
        const send = (frame: Uint8Array): void => {
          const message = frameToClientMessage(frame)
          for (const { log, lane, entries } of message?.type === 'put' ? message.puts : []) {
            if (lane !== 2) continue
            logs.add(toHex(log))
            if (toHex(log) === shutLog) put += entries.length
          }
          connection.send(frame)
        }
        return { ...connection, send }
      },
    },
  })
  return {
    change,
    logs,
    /** From now on nothing of this log comes through by itself. */
    shut: (log: string) => {
      shutLog = log
    },
    /** Entries that this side has put since. */
    put: () => put,
    /** Gives the device what the other side had put when its count was `count`. */
    letThrough: async (count: number): Promise<void> => {
      await spinUntil('the hub pushes it', () => arrived >= count)
      while (given < count) {
        const next = held.shift()
        assert.ok(next, 'each put comes as pushes of its own')
        given += next.entries
        next.give()
      }
      assert.equal(given, count)
    },
    letPacksThrough: () => {
      for (const give of packs.splice(0)) give()
    },
  }
}

type Typist = {
  readonly kith: Kith
  readonly gate: ReturnType<typeof createGate>
  readonly space: Journal
  readonly open: OpenText
}

const seat = async (scene: Scene): Promise<[Typist, Typist]> => {
  const hub = await openHub(scene, { storage: scene.path('hub.db') })
  const gates = [createGate(), createGate()] as const
  const alice = await openPerson(scene, 'alice', [hub.url], gates[0].change)
  const bob = await openPerson(scene, 'bob', [hub.url], gates[1].change)
  const hers = await alice.createSpace(journal, { name: 'Trace' })
  const id = await hers.tables.entries.insert({ title: 'friends' })
  const his = await bob.join(journal, await hers.invite({ role: 'writer' }))
  await Promise.all([hers.synced(), his.synced()])
  await untilAgree(hers, his)
  const [one, two] = await openInOrder([hers, his], id)
  const log = [...gates[0].logs].find((one) => gates[1].logs.has(one))
  assert.ok(log, 'both have put something into the space')
  for (const gate of gates) gate.shut(log)
  return [
    { kith: alice, gate: gates[0], space: hers, open: one },
    { kith: bob, gate: gates[1], space: his, open: two },
  ]
}

/** The trace holds a tie, which Yjs settles by client id: its end content is that of ids in the order of the agents. */
const openInOrder = async (spaces: readonly [Journal, Journal], id: string): Promise<[OpenText, OpenText]> => {
  for (;;) {
    const one = await spaces[0].text('entries', id, 'body')
    const two = await spaces[1].text('entries', id, 'body')
    if (one.doc.clientID < two.doc.clientID) return [one, two]
    await Promise.all([one.close(), two.close()])
  }
}

/** Positions of traces count code points, those of Yjs UTF-16 units. */
const toUnits = (text: string, points: number): number => {
  let units = 0
  for (let left = points; left > 0; left -= 1) units += (text.codePointAt(units) as number) > 0xffff ? 2 : 1
  return units
}

const play = async (
  trace: Trace,
  typists: readonly [Typist, Typist],
): Promise<{ exchanges: number; typed: number }> => {
  const isPlain = trace.txns.every(({ patches }) =>
    patches.every(([, , inserted]) => !/[\ud800-\udfff]/.test(inserted)),
  )
  const seen = seenBefore(trace)
  const ends = new Set(
    seen.flatMap((before, index) => before.filter((last, each) => each !== trace.txns[index]?.agent && last >= 0)),
  )
  /** Entries that had been put when a transaction was at the hub. */
  const putAt = new Map<number, number>()
  const has = [-1, -1]
  let exchanges = 0
  let typed = 0
  for (const [index, { agent, patches }] of trace.txns.entries()) {
    const { open, gate, kith } = typists[agent] as Typist
    const needed = seen[index]?.[1 - agent] ?? -1
    if (needed > (has[agent] as number)) {
      await gate.letThrough(putAt.get(needed) as number)
      has[agent] = needed
      exchanges += 1
    }
    const text = open.doc.getText('text')
    for (const [position, deleted, inserted] of patches) {
      const before = isPlain ? '' : text.toJSON()
      const at = isPlain ? position : toUnits(before, position)
      const end = isPlain ? position + deleted : toUnits(before, position + deleted)
      if (deleted > 0) text.delete(at, end - at)
      if (inserted !== '') text.insert(at, inserted)
      typed += deleted + inserted.length
    }
    if (!ends.has(index)) continue
    await open.saved()
    await spinUntil('the hub has it', async () => (await kith.status()).pending === 0)
    putAt.set(index, gate.put())
  }
  for (const { open, kith } of typists) {
    await open.saved()
    await spinUntil('the hub has it', async () => (await kith.status()).pending === 0)
  }
  const puts = typists.map(({ gate }) => gate.put())
  await Promise.all(typists.map(({ gate }, at) => gate.letThrough(puts[1 - at] as number)))
  for (const { gate } of typists) gate.letPacksThrough()
  return { exchanges, typed }
}

test('the real trace of two people, typed on two devices over a hub with its own concurrency, ends as it ended', async (context) => {
  const path = existsSync(large) ? large : small
  if (path === small) context.diagnostic('../shared/data is not here: the small trace of the repository was typed.')
  const trace = readTrace(path)
  assert.equal(trace.numAgents, 2)
  await inScene(async (scene) => {
    const typists = await seat(scene)
    const began = performance.now()
    const { exchanges, typed } = await play(trace, typists)
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    for (const { open } of typists) {
      // Compared by `ok`: a difference of whole texts would fill the screen.
      assert.ok(open.doc.getText('text').toJSON() === trace.endContent, 'the open text is the end content')
    }
    for (const { open, space } of typists) {
      await open.close()
      const [row] = await space.query((q) => q.selectFrom('entries').select('body'))
      assert.ok(row?.body === trace.endContent, 'what a query shows is the end content')
      assert.deepEqual(await space.heldBack(), [])
    }
    context.diagnostic(
      `${trace.txns.length} transactions, ${typed} keystrokes, ${exchanges} exchanges in ${seconds} s; ${typists.map(({ gate }) => gate.put()).join(' + ')} entries`,
    )
  })
})
