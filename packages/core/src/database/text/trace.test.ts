import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { TextOp } from './index.ts'
import { createPerson, createReplica, nodeTrialCrypto, type TrialCrypto, type TrialPerson } from './text.fixture.ts'

type Trace = {
  readonly endContent: string
  readonly numAgents: number
  /** `patches` are [position, deleted, inserted] in code points; `parents` are indexes of earlier transactions. */
  readonly txns: { parents: number[]; agent: number; patches: [number, number, string][] }[]
}

/** Numbered salts instead of random ones: `from` says which ids the sessions get, the same in every run. */
function cryptoFrom(from: number): TrialCrypto {
  let next = from
  return { ...nodeTrialCrypto, randomBytes: (length) => new Uint8Array(length).fill(next++) }
}

const root = new URL('../../../../../', import.meta.url)
const large = new URL('../shared/data/editing-traces/friendsforever.json.gz', root)
const small = new URL('vectors/text/two-people.json', root)

test('two people who type at once end in the same text, as their real trace says', (context) => {
  const name = existsSync(large) ? large : small
  context.diagnostic(
    `trace: ${name.pathname}${name === small ? ' (the small one of the repository: ../shared/data is not here)' : ''}`,
  )
  const { typed, ops, bytes } = replay(readTrace(name), 'ascending', true)
  context.diagnostic(`${typed} keystrokes in ${ops} ops of ${Math.round(bytes / ops)} bytes`)
})

test('who wins a tie is settled alike everywhere, whichever way the ids fall', () => {
  replay(readTrace(existsSync(large) ? large : small), 'descending', false)
})

test('two people who type at once end in the same text, in the trace of the repository', () => {
  for (const order of ['ascending', 'descending'] as const) replay(readTrace(small), order, true)
})

function readTrace(url: URL): Trace {
  const bytes = readFileSync(url)
  return JSON.parse((url.pathname.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')) as Trace
}

/**
 * Types the trace with one device an agent; each has exactly what the parents of a transaction say when typing it.
 * The real trace holds a tie, which Yjs settles by client id: its end content is that of ids in the order of the agents.
 */
function replay(trace: Trace, order: 'ascending' | 'descending', endsAsTraced: boolean) {
  const people = seatPeople(trace.numAgents, order)
  const seen = seenBefore(trace)
  // An op may not reach past what the other had when typing: it is taken there, and after 20 keystrokes.
  const ends = new Set<number>()
  for (const [index, vector] of seen.entries())
    for (const [agent, last] of vector.entries()) if (agent !== trace.txns[index]!.agent && last >= 0) ends.add(last)
  const ops: { last: number; op: TextOp }[][] = people.map(() => [])
  const received = people.map(() => people.map(() => 0))
  const untaken = people.map(() => 0)
  const take = (agent: number, last: number) => {
    for (const op of people[agent]!.commit()) ops[agent]!.push({ last, op })
    untaken[agent] = 0
  }
  const receive = (agent: number, from: number, until: number) => {
    const fresh: TextOp[] = []
    for (let at = received[agent]![from]!; ops[from]![at] !== undefined && ops[from]![at]!.last <= until; at += 1) {
      fresh.push(ops[from]![at]!.op)
      received[agent]![from] = at + 1
    }
    if (fresh.length > 0) people[agent]!.receive(...fresh)
  }
  let typed = 0
  for (const [index, { agent, patches }] of trace.txns.entries()) {
    const person = people[agent]!
    for (const [from, last] of seen[index]!.entries()) if (from !== agent) receive(agent, from, last)
    type(person, patches)
    typed += patches.reduce((sum, [, deleted, inserted]) => sum + deleted + Array.from(inserted).length, 0)
    untaken[agent]! += 1
    if (ends.has(index) || untaken[agent]! >= 20) take(agent, index)
  }
  for (const agent of people.keys()) take(agent, trace.txns.length)
  for (const agent of people.keys())
    for (const from of people.keys()) if (from !== agent) receive(agent, from, trace.txns.length)
  const all = ops.flat().map(({ op }) => op)
  const fresh = createReplica(nodeTrialCrypto)
  fresh.receive(...all.toReversed())
  const text = fresh.state.text()
  // Compared by `ok`: a difference of whole texts would fill the screen.
  if (endsAsTraced)
    assert.ok(text === trace.endContent, 'a device that got all at once, backwards, has the end content')
  for (const { state, session } of people) {
    assert.ok(state.text() === text, 'the stored text is the same')
    assert.ok(session.doc().getText('text').toJSON() === text, 'the open document is the same')
    assert.equal(state.waitingCount(), 0)
    assert.equal(state.rebuildCount(), 0)
  }
  return { typed, ops: all.length, bytes: all.reduce((sum, op) => sum + op.structs.length + op.deletes.length, 0) }
}

function seatPeople(count: number, order: 'ascending' | 'descending'): TrialPerson[] {
  for (let salt = 1; ; salt += 1) {
    const crypto = cryptoFrom(salt)
    const people = Array.from({ length: count }, (_, agent) => createPerson(crypto, agent + 1))
    const ids = people.map(({ session }) => session.doc().clientID)
    const sorted = ids.toSorted((left, right) => (order === 'ascending' ? left - right : right - left))
    if (ids.every((id, at) => id === sorted[at])) return people
    for (const { session } of people) session.close()
  }
}

/** For each transaction, the last transaction of each agent in its causal past (-1 for none). */
function seenBefore(trace: Trace): number[][] {
  const after: number[][] = []
  return trace.txns.map(({ parents, agent }, index) => {
    const before = Array.from({ length: trace.numAgents }, (_, each) =>
      Math.max(-1, ...parents.map((parent) => after[parent]![each]!)),
    )
    after.push(before.map((last, each) => (each === agent ? index : last)))
    return before
  })
}

/** Traces count code points, Yjs UTF-16 units. */
function type({ session }: TrialPerson, patches: readonly [number, number, string][]): void {
  const text = session.doc().getText('text')
  for (const [position, deleted, inserted] of patches) {
    const before = text.toJSON()
    const at = toUnits(before, position)
    if (deleted > 0) text.delete(at, toUnits(before, position + deleted) - at)
    if (inserted !== '') text.insert(at, inserted)
  }
}

function toUnits(text: string, points: number): number {
  let units = 0
  for (let left = points; left > 0; left -= 1) units += text.codePointAt(units)! > 0xffff ? 2 : 1
  return units
}
