import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { toHex } from '@kith/core/bytes'
import { frameToClientMessage, policyToLogId } from '@kith/core/wire'
import { createSeededCrypto } from '@kith/testing/simulation'
import { author, cases, isolations, metered, shareTwo, spender, whichSpace, whoConnects } from './cases.ts'
import { direct, leaks, pauseByLog, tokenLeaks } from './leaky.ts'
import { compareCase, type Told } from './run.ts'
import { createScene } from './scene.ts'

for (const tested of cases) {
  const { what, isolation, hubSees } = tested
  test(`${what} (${isolation}): the hub sees ${hubSees}`, async () => {
    const found = await compareCase(tested)
    if (hubSees === 'the same') assert.equal(found, undefined)
    else assert.ok(found, 'if nothing is left to see, say so in docs/security/leaks.md')
  })
}

test('docs/security/leaks.md lists what these tests show', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/security/leaks.md'), 'utf8')
  const section = page.split(/^## Two worlds$/m)[1]?.split(/^## /m)[0] ?? ''
  const rows = [...section.matchAll(/^\| (.+?) \| (.+?) \| (.+?) \|$/gm)].map(([, ...cells]) => cells).slice(1)
  assert.deepEqual(
    rows.filter(([what = '']) => !what.startsWith('-')),
    cases.map(({ what, isolation, hubSees }) => [what, isolation, hubSees]),
  )
})

for (const [what, leak] of Object.entries(leaks))
  test(`a build that leaks is caught: ${what}`, async () => {
    const tested: Told = { isolation: 'reading apart', tell: author }
    assert.ok(await compareCase(tested, { leak: leak() }))
  })

for (const [what, leak] of Object.entries(tokenLeaks))
  test(`a build that leaks is caught: ${what}`, async () => {
    const tested: Told = { isolation: 'reading apart', access: metered, tell: spender }
    assert.ok(await compareCase(tested, { leak: leak() }))
  })

test('a build that leaks is caught: a direct look whether the hub is there that it is carried to', async () => {
  const tested: Told = { isolation: 'through', seenBy: 'hub, with addresses', tell: whoConnects }
  assert.ok(await compareCase(tested, { leak: direct('wss://hub.example') }))
})

test('a build that leaks is caught: a pause within the channel that tells the log', async () => {
  const tested: Told = { isolation: 'through', seenBy: 'carrier, with addresses', tell: whichSpace }
  assert.ok(await compareCase(tested, { leakWithin: pauseByLog }))
})

for (const isolation of ['none', 'a connection for each space'] as const)
  test(`which logs share a connection (${isolation})`, async () => {
    const scene = createScene('shared connections', { isolation: isolations[isolation] })
    const spaces = await shareTwo(scene)
    const crypto = createSeededCrypto('logs')
    const logs = new Map<number, Set<string>>()
    const keys = new Map<string, Set<number>>()
    for (const { connection, frame, what } of scene.events) {
      const message = frame && what === 'from client' ? frameToClientMessage(frame) : undefined
      if (message?.type !== 'open' && message?.type !== 'resume') continue
      const name = message.resumption && toHex(message.resumption.publicKey)
      if (name) keys.set(name, (keys.get(name) ?? new Set()).add(connection))
      for (const named of message.logs) {
        const log = 'log' in named ? named.log : policyToLogId(named.policy, crypto)
        logs.set(connection, (logs.get(connection) ?? new Set()).add(toHex(log)))
      }
    }
    const together = [...logs.values()].some((on) => spaces.every((log) => on.has(log)))
    assert.equal(together, isolation === 'none')
    assert.ok(spaces.every((log) => [...logs.values()].some((on) => on.has(log))))
    // A key that reopens logs names whoever has it.
    if (isolation !== 'none') for (const connections of keys.values()) assert.equal(connections.size, 1)
    await scene.close()
  })
