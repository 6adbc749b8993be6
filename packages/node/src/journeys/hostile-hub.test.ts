import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { increment } from '@kith/core'
import { encodeCbor } from '@kith/core/bytes'
import { type HubMessage, protocolVersion } from '@kith/core/wire'
import { WebSocketServer } from 'ws'
import { startChild } from './child.fixture.ts'
import { inScene, type Scene, until } from './conditions.fixture.ts'
import { journal } from './journal.fixture.ts'
import { has, hubStatus, meet, openHub, openPerson, untilAgree } from './people.fixture.ts'
import { startTamperingHub } from './tampering-hub.fixture.ts'

const isTail = (message: HubMessage): message is HubMessage & { type: 'entries' } =>
  message.type === 'entries' && message.lane === 2 && message.entries.length > 0

/** The right id, other bytes: what a hub cannot have been given. */
const lie = (message: HubMessage): HubMessage[] => {
  if (!isTail(message)) return [message]
  const entries = message.entries.map((entry) => {
    const bytes = entry.bytes.slice()
    bytes[bytes.length - 1]! ^= 1
    return { ...entry, bytes }
  })
  return [{ ...message, entries }]
}

test('a hub that lies about an entry is refused, and the true one comes from the other hub', async () => {
  await inScene(async (scene) => {
    const [honest, hub] = [await openHub(scene), await openHub(scene)]
    const liar = scene.ends(await startTamperingHub(hub.url, lie), (proxy) => proxy.close())
    const { bob, hers, his } = await meet(scene, [honest.url, hub.url], [honest.url, liar.url])
    const id = await hers.tables.entries.insert({ title: 'true' })
    await untilAgree(hers, his)
    await until('the lie is told', async () => (await hubStatus(bob, liar.url)).refused['hub-lied'])
    assert.equal((await his.tables.entries.get(id))?.title, 'true')
    // It is still used: what Bob writes reaches it.
    await his.tables.entries.insert({ title: 'by Bob' })
    await untilAgree(hers, his)
  })
})

test('what a hub lied about is asked for again, and taken once it is true', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const proxy = scene.ends(await startTamperingHub(hub.url), (proxy) => proxy.close())
    const { bob, hers, his } = await meet(scene, [proxy.url])
    await his.synced()
    proxy.tamper = lie
    await hers.tables.entries.insert({ title: 'lied about' })
    await hers.synced()
    await until('the lie is told', async () => (await hubStatus(bob, proxy.url)).refused['hub-lied'])
    // What comes after it must not make it forgotten.
    proxy.tamper = undefined
    await hers.tables.entries.insert({ title: 'after it' })
    await until('Bob has the next', () => has(his, 'after it'))
    assert.equal(await has(his, 'lied about'), false)
    proxy.hangUp()
    await untilAgree(hers, his)
    assert.ok(await has(his, 'lied about'))
  })
})

test('a hub that withholds entries only fails to help', async () => {
  await inScene(async (scene) => {
    const [honest, hub] = [await openHub(scene), await openHub(scene)]
    const withholding = scene.ends(
      await startTamperingHub(hub.url, (message) => [isTail(message) ? { ...message, entries: [] } : message]),
      (proxy) => proxy.close(),
    )
    const { hers, his } = await meet(scene, [honest.url, hub.url], [withholding.url, honest.url])
    for (let at = 0; at < 5; at += 1) await hers.tables.entries.insert({ title: `row ${at}` })
    await untilAgree(hers, his)
    await his.synced()
  })
})

test('a hub that replays entries, in any order and number, changes nothing', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const seen: HubMessage[] = []
    const replaying = scene.ends(
      await startTamperingHub(hub.url, (message) => {
        if (message.type !== 'entries') return [message]
        // Ids that were asked for are no entries: without bytes they would be a lie about one, and be asked for again.
        if (message.entries.some(({ bytes }) => bytes.length === 0)) return [message]
        const copy = { ...message, entries: message.entries.map((entry) => ({ ...entry, bytes: entry.bytes.slice() })) }
        seen.push({ ...copy, log: copy.log.slice(), request: 0 })
        return [message, ...seen.toReversed(), message]
      }),
      (proxy) => proxy.close(),
    )
    const { hers, his } = await meet(scene, [replaying.url])
    const id = await hers.tables.entries.insert({ title: 'voted' })
    for (let at = 0; at < 10; at += 1) await hers.tables.entries.update(id, { votes: increment(1) })
    await hers.synced()
    await his.synced()
    await untilAgree(hers, his)
    assert.equal((await his.tables.entries.get(id))?.votes, 10)
    assert.equal((await his.query((q) => q.selectFrom('entries').select('id'))).length, 1)
  })
})

/** A server that takes WebSockets and says one thing. */
const startSayer = async (
  scene: Scene,
  says: (send: (bytes: Uint8Array) => void, hangUp: () => void) => void,
): Promise<string> => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  scene.ends(server, () => {
    server.clients.forEach((client) => client.terminate())
    return new Promise((resolve) => server.close(resolve))
  })
  server.on('connection', (client) => {
    client.on('error', () => client.terminate())
    says(
      (bytes) => client.send(bytes),
      () => client.close(),
    )
  })
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Answers the handshake of RFC 6455 by hand, then claims a message of 2 GB. */
const startBoaster = async (scene: Scene): Promise<string> => {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.once('data', (request) => {
      const key = /sec-websocket-key: (\S+)/i.exec(request.toString())?.[1]
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      )
      socket.write(Uint8Array.of(0x82, 127, 0, 0, 0, 0, 0x80, 0, 0, 0))
      socket.write(new Uint8Array(1024))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scene.ends(server, () => server.close())
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const hello = (version: number): Uint8Array =>
  encodeCbor([
    0,
    version,
    new Uint8Array(32),
    new Uint8Array(32),
    Date.now(),
    [1_000_000, 1_000_000, 512, 512, 1e9, 1e6],
  ])

/** Frames that no hub sends, with what status says of each. */
const speeches: readonly { name: string; code: string; frames: readonly Uint8Array[] }[] = [
  { name: 'speaks another version of the protocol', code: 'protocol-version', frames: [hello(protocolVersion + 1)] },
  { name: 'speaks no CBOR', code: 'bad-encoding', frames: [Uint8Array.of(0xff, 0xff, 0xff)] },
  { name: 'says hello twice', code: 'bad-encoding', frames: [hello(protocolVersion), hello(protocolVersion)] },
  {
    name: 'answers what nobody asked',
    code: 'bad-encoding',
    frames: [hello(protocolVersion), encodeCbor([7, 9, [[0, new Uint8Array(16), [1]]]])],
  },
]

for (const { name, code, frames } of speeches) {
  test(`a hub that ${name} is left alone, and the other goes on`, async () => {
    await inScene(async (scene) => {
      const honest = await openHub(scene)
      const url = await startSayer(scene, (send) => frames.forEach(send))
      const { alice, hers, his } = await meet(scene, [url, honest.url])
      await hers.tables.entries.insert({ title: 'by the honest hub' })
      await untilAgree(hers, his)
      await until(`status says ${code}`, async () => (await hubStatus(alice, url)).problem?.code === code)
      await hers.synced()
    })
  })
}

test('a frame that claims 2 GB is refused by its header, and the other hub goes on', async () => {
  await inScene(async (scene) => {
    const honest = await openHub(scene)
    const url = await startBoaster(scene)
    const { alice, hers, his } = await meet(scene, [url, honest.url])
    await hers.tables.entries.insert({ title: 'by the honest hub' })
    await untilAgree(hers, his)
    await until('status says so', async () => (await hubStatus(alice, url)).problem?.code === 'hub-unreachable')
    assert.ok(process.memoryUsage().arrayBuffers < 200 * 1024 * 1024)
  })
})

test('a hub whose operator restores an older copy of its disk is healed', async () => {
  await inScene(async (scene) => {
    const [storage, copy] = [scene.path('hub.db'), scene.path('copy.db')]
    let hub = await openHub(scene, { storage })
    const { port } = hub
    const { alice, hers, his } = await meet(scene, [hub.url])
    await hers.tables.entries.insert({ title: 'before the copy' })
    await untilAgree(hers, his)
    await Promise.all([hers.synced(), his.synced()])
    await hub.close()
    copyFileSync(storage, copy)
    hub = await openHub(scene, { storage, port })
    for (let at = 0; at < 20; at += 1) await hers.tables.entries.insert({ title: `after ${at}` })
    await untilAgree(hers, his)
    await Promise.all([hers.synced(), his.synced()])
    await hub.close()
    // Ended in order, it keeps its generation: only the cursors, which are past its end, tell.
    copyFileSync(copy, storage)
    hub = await openHub(scene, { storage, port })
    await hers.tables.entries.insert({ title: 'after it was restored' })
    await untilAgree(hers, his)
    await until('it has all', async () => (await hubStatus(alice, hub.url)).pending === 0)
    const carol = await openPerson(scene, 'carol', [hub.url])
    await untilAgree(await carol.join(journal, await hers.invite({ role: 'writer' })), hers)
  })
})

test('an older copy of a hub is noticed even by somebody who comes when others have filled its numbers up again', async () => {
  await inScene(async (scene) => {
    const [storage, copy] = [scene.path('hub.db'), scene.path('copy.db')]
    let hub = await openHub(scene, { storage })
    const { port } = hub
    const { bob, hers, his } = await meet(scene, [hub.url])
    await Promise.all([hers.synced(), his.synced()])
    await hub.close()
    copyFileSync(storage, copy)
    hub = await openHub(scene, { storage, port })
    for (let at = 0; at < 5; at += 1) await hers.tables.entries.insert({ title: `lost ${at}` })
    await untilAgree(hers, his)
    await Promise.all([hers.synced(), his.synced()])
    await bob.close()
    await hub.close()
    copyFileSync(copy, storage)
    hub = await openHub(scene, { storage, port })
    for (let at = 0; at < 20; at += 1) {
      await hers.tables.entries.insert({ title: `fresh ${at}` })
      await hers.synced()
    }
    const bobAgain = await openPerson(scene, 'bob', [hub.url])
    await untilAgree(hers, await bobAgain.open(journal, his.id))
  })
})

test('a hub that greets and hangs up is tried more and more seldom', async () => {
  await inScene(async (scene) => {
    const times: number[] = []
    const url = await startSayer(scene, (send, hangUp) => {
      times.push(performance.now())
      send(hello(protocolVersion))
      hangUp()
    })
    await openPerson(scene, 'alice', [url])
    await until('it was tried five times', () => times.length >= 5)
    const waits = times.slice(1).map((time, at) => time - (times[at] as number))
    assert.ok((waits[3] as number) > 2 * (waits[0] as number), waits.join())
  })
})

test('a hub that says nothing does not keep a person from closing, nor the process from ending', async () => {
  await inScene(async (scene) => {
    const url = await startSayer(scene, () => {})
    const child = startChild('device.fixture.ts', scene.path('alice'), 'Alice', url)
    scene.ends(child, () => child.kill())
    await child.call('create', 'Home')
    await child.call('insert', 'offline')
    await child.call('leave')
    let status: number | null | undefined
    void child.ended.then((with_) => {
      status = with_
    })
    await until('the process ends by itself', () => status === 0, 3_000)
  })
})

test('one hub alone cannot move our clock where another agrees with it; one that says the year 300,000 is no clock', async () => {
  await inScene(async (scene) => {
    const honest = await openHub(scene)
    const proxied = await openHub(scene)
    const hourMs = 60 * 60 * 1000
    const shifting = scene.ends(
      await startTamperingHub(proxied.url, (message) => [
        message.type === 'hello' ? { ...message, timeMs: message.timeMs + 5 * hourMs } : message,
      ]),
      (proxy) => proxy.close(),
    )
    const alice = await openPerson(scene, 'alice', [honest.url, shifting.url])
    await until('both are connected', async () =>
      (await alice.status()).hubs.every(({ state }) => state === 'connected'),
    )
    assert.equal((await alice.status()).clock.warning, undefined)
    shifting.tamper = (message) => [message.type === 'hello' ? { ...message, timeMs: 9e15 } : message]
    const bob = await openPerson(scene, 'bob', [shifting.url])
    await until('Bob is connected', async () => (await bob.status()).hubs.every(({ state }) => state === 'connected'))
    assert.equal((await bob.status()).clock.warning, undefined)
  })
})
