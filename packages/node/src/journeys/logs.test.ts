import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Platform } from '@kith/core/ports'
import type { HubMessage } from '@kith/core/wire'
import { inScene, type Scene, until } from './conditions.fixture.ts'
import { startHubProcess } from './hubs.fixture.ts'
import { type Journal, journal, titles } from './journal.fixture.ts'
import { becomeMalicious, spyPolicies } from './malicious-member.fixture.ts'
import { has, offBy, openHub, openPerson, untilAgree } from './people.fixture.ts'
import { startTamperingHub } from './tampering-hub.fixture.ts'

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** A line that can be cut; what was connected is hung up on. */
const createLine = () => {
  const cuts = new Set<() => void>()
  const line = {
    isCut: false,
    cut: () => {
      line.isCut = true
      for (const cut of cuts) cut()
    },
    mend: () => {
      line.isCut = false
    },
    change: (platform: Platform): Platform => ({
      ...platform,
      network: {
        connect: (url, events) => {
          if (line.isCut) {
            queueMicrotask(() => events.closed('The line is cut.'))
            return { send: () => {}, bufferedBytes: () => 0, close: () => {} }
          }
          const connection = platform.network.connect(url, {
            ...events,
            closed: (reason) => {
              cuts.delete(connection.close)
              events.closed(reason)
            },
          })
          cuts.add(connection.close)
          return connection
        },
      },
    }),
  }
  return line
}

/** `via`: all connections go there, wherever they are meant to. */
const member = async (scene: Scene, name: string, url: string, link: string, via = url) => {
  const line = createLine()
  const kith = await openPerson(scene, name, [url], (platform) =>
    line.change({ ...platform, network: { connect: (_, events) => platform.network.connect(via, events) } }),
  )
  return { kith, line, space: await kith.join(journal, link) }
}

const epochOf = async (space: Journal, title: string): Promise<string> => {
  const id = await space.tables.entries.insert({ title })
  return (await space.explain(id)).epoch ?? ''
}

/** Ends the epoch in use: whoever held the link that is closed could read it. */
const renewKeys = async (space: Journal): Promise<void> => {
  const link = await space.invite({ role: 'writer' })
  const made = (await space.invites()).find((invite) => invite.link === link)
  await space.closeInvite(made?.id ?? '')
}

test('what was written offline under old keys reaches everybody after new keys were made, and who joins then reads all of it', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const alice = await openPerson(scene, 'alice', [hub.url])
    const hers = await alice.createSpace(journal, { name: 'Home' })
    const link = await hers.invite({ role: 'writer', uses: 10 })
    const bob = await member(scene, 'bob', hub.url, link)
    const first = await epochOf(hers, 'at the beginning')
    await untilAgree(hers, bob.space)
    bob.line.cut()
    assert.equal(await epochOf(bob.space, 'written offline'), first)
    await renewKeys(hers)
    assert.notEqual(await epochOf(hers, 'under new keys'), first)
    await hers.synced()
    assert.ok(!(await has(bob.space, 'under new keys')))
    bob.line.mend()
    await until('both have all', async () => (await has(hers, 'written offline')) && has(bob.space, 'under new keys'))
    await untilAgree(hers, bob.space)
    assert.notEqual(await epochOf(bob.space, 'Bob goes on'), first)
    await untilAgree(hers, bob.space)
    const carol = await member(scene, 'carol', hub.url, await hers.invite({ role: 'writer' }))
    await untilAgree(hers, carol.space)
    await carol.space.tables.entries.insert({ title: 'from Carol' })
    await untilAgree(bob.space, carol.space)
    assert.deepEqual(await bob.space.heldBack(), [])
    assert.deepEqual(await carol.space.heldBack(), [])
  })
})

test('who was away for several changes of keys finds the way from log to log', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const alice = await openPerson(scene, 'alice', [hub.url])
    const hers = await alice.createSpace(journal, { name: 'Home' })
    const bob = await member(scene, 'bob', hub.url, await hers.invite({ role: 'writer', uses: 10 }))
    await until('Bob is in', async () => (await hers.members()).length === 2)
    bob.line.cut()
    await bob.space.tables.entries.insert({ title: 'before all of them' })
    const epochs = new Set<string>()
    for (const title of ['one', 'two', 'three']) {
      await renewKeys(hers)
      epochs.add(await epochOf(hers, title))
    }
    assert.equal(epochs.size, 3)
    await hers.synced()
    bob.line.mend()
    await until('Bob has all', () => has(bob.space, 'three'))
    await until('Alice has his', () => has(hers, 'before all of them'))
    await untilAgree(hers, bob.space)
    assert.ok(epochs.has(await epochOf(bob.space, 'now')))
    assert.deepEqual(await hers.heldBack(), [])
  })
})

test('a hub that lost its disk gets the logs of all epochs again, and who joins then reads everything', async () => {
  await inScene(async (scene) => {
    const hub = await startHubProcess(scene, 'hub')
    const alice = await openPerson(scene, 'alice', [hub.url])
    const hers = await alice.createSpace(journal, { name: 'Home' })
    const bob = await member(scene, 'bob', hub.url, await hers.invite({ role: 'writer', uses: 10 }))
    await bob.space.tables.entries.insert({ title: 'under the first keys' })
    await untilAgree(hers, bob.space)
    await renewKeys(hers)
    await hers.tables.entries.insert({ title: 'under the second keys' })
    await hers.synced()
    await untilAgree(hers, bob.space)
    const before = await hub.totals()
    await hub.kill()
    hub.wipe()
    await hub.start()
    await hers.synced({ timeoutMs: 20_000 })
    // The log of the link that was closed is not needed any more.
    await until('the hub has the others again', async () => (await hub.totals()).logs >= before.logs - 1)
    const carol = await member(scene, 'carol', hub.url, await hers.invite({ role: 'writer' }))
    await untilAgree(hers, carol.space)
    assert.deepEqual(await carol.space.heldBack(), [])
  })
})

test('a reader joins through the door, and everybody sees it, though nobody but a writer is there', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const alice = await openPerson(scene, 'alice', [hub.url])
    const hers = await alice.createSpace(journal, { name: 'Home' })
    const bob = await member(scene, 'bob', hub.url, await hers.invite({ role: 'writer', uses: 10 }))
    await hers.tables.entries.insert({ title: 'to be read' })
    const link = await hers.invite({ role: 'reader' })
    await untilAgree(hers, bob.space)
    await alice.close()
    const rita = await member(scene, 'rita', hub.url, link)
    await until('Rita reads', () => has(rita.space, 'to be read'))
    await until('Bob sees her', async () => (await bob.space.members()).length === 3)
    await assert.rejects(rita.space.tables.entries.insert({ title: 'not hers to write' }), { code: 'not-allowed' })
    await rita.space.synced()
    await bob.space.synced()
    await bob.kith.close()
    // Bob has copied it to the main log by now: Alice need not look at the door, and Bob is not needed.
    const again = await openPerson(scene, 'alice', [hub.url])
    const hersAgain = await again.open(journal, hers.id)
    await until('Alice sees her', async () => (await hersAgain.members()).length === 3)
    await renewKeys(hersAgain)
    await hersAgain.tables.entries.insert({ title: 'under new keys' })
    await until('Rita got them', () => has(rita.space, 'under new keys'))
  })
})

test('two epochs that were started at once: both logs are read, one is used, nothing is lost', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const line = createLine()
    const alice = await openPerson(scene, 'alice', [hub.url], line.change)
    const hers = await alice.createSpace(journal, { name: 'Home' })
    const bob = await member(scene, 'bob', hub.url, await hers.invite({ role: 'admin', uses: 10 }))
    const links = [await hers.invite({ role: 'writer' }), await hers.invite({ role: 'writer' })]
    await until('both know all', async () => (await bob.space.invites()).length === 3)
    await until('both know all', async () => (await hers.members()).length === 2)
    line.cut()
    bob.line.cut()
    const [one, other] = (await hers.invites()).filter(({ link }) => links.includes(link ?? ''))
    await hers.closeInvite(one?.id ?? '')
    await bob.space.closeInvite(other?.id ?? '')
    const epochs = [await epochOf(hers, 'hers'), await epochOf(bob.space, 'his')]
    assert.notEqual(epochs[0], epochs[1])
    line.mend()
    bob.line.mend()
    await until('both have both', async () => (await has(hers, 'his')) && has(bob.space, 'hers'))
    await untilAgree(hers, bob.space)
    await hers.tables.entries.insert({ title: 'after' })
    await until('it goes on', () => has(bob.space, 'after'))
    const carol = await member(scene, 'carol', hub.url, await hers.invite({ role: 'writer' }))
    await untilAgree(hers, carol.space)
    assert.equal(await epochOf(hers, 'she'), await epochOf(bob.space, 'he'))
  })
})

test('the removed learn that they are, and read nothing that was written since', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const spy = spyPolicies()
    const alice = await openPerson(scene, 'alice', [hub.url], spy.change)
    const hers = await alice.createSpace(journal, { name: 'Home' })
    await hers.synced()
    const bob = await openPerson(scene, 'bob', [hub.url])
    const his = await bob.join(journal, await hers.invite({ role: 'writer' }))
    await hers.tables.entries.insert({ title: 'for both' })
    await until('Bob is in', async () => (await hers.members()).length === 2)
    const before = spy.policies.length
    await hers.remove(bob.address)
    await hers.tables.entries.insert({ title: 'not for Bob' })
    await hers.synced()
    const [newest] = spy.policies.slice(before)
    assert.ok(newest)
    await until('Bob knows', async () => !(await his.status()).isMember)
    const carol = await member(scene, 'carol', hub.url, await hers.invite({ role: 'writer' }))
    await untilAgree(hers, carol.space)
    await carol.space.tables.entries.insert({ title: 'nor this' })
    await untilAgree(hers, carol.space)
    assert.deepEqual(await titles(his), ['for both'])
    await bob.close()
    // Even who knows where the new log is: the hub asks for a key that the old ones do not lead to.
    const mallory = await becomeMalicious(scene.path('bob'), hub.url, spy.policies)
    assert.equal(((await mallory.open(newest)) as { code?: string }).code, 'hub-refused')
    assert.ok((await alice.status()).hubs.every(({ refused }) => Object.keys(refused).length === 0))
  })
})

test('each hub gets records, boxes and content of every epoch, whoever uses it', async () => {
  await inScene(async (scene) => {
    const [left, right] = [await openHub(scene), await openHub(scene)]
    const alice = await openPerson(scene, 'alice', [left.url, right.url])
    const hers = await alice.createSpace(journal, { name: 'Home' })
    const link = await hers.invite({ role: 'writer', uses: 10 })
    // Bob's line to the left hub alone works, Carol's to the right alone: only Alice joins the two.
    const only = (url: string) => (platform: Platform) => ({
      ...platform,
      network: {
        connect: ((asked, events) => {
          if (asked === url) return platform.network.connect(asked, events)
          queueMicrotask(() => events.closed('It cannot be reached from here.'))
          return { send: () => {}, bufferedBytes: () => 0, close: () => {} }
        }) as Platform['network']['connect'],
      },
    })
    const his = await (await openPerson(scene, 'bob', [left.url], only(left.url))).join(journal, link)
    const carols = await (await openPerson(scene, 'carol', [right.url], only(right.url))).join(journal, link)
    await until('all are in', async () => (await hers.members()).length === 3)
    await his.tables.entries.insert({ title: 'first' })
    await untilAgree(his, carols)
    await renewKeys(hers)
    await hers.tables.entries.insert({ title: 'second' })
    await untilAgree(hers, his)
    await untilAgree(hers, carols)
    await carols.tables.entries.insert({ title: 'third' })
    await untilAgree(his, carols)
  })
})

/** Logs whose entries a hub gives out on a lane, in the order in which they were first seen. */
const watchLogs = (lane: number) => {
  const seen: string[] = []
  return {
    seen,
    note: (message: HubMessage): void => {
      if (message.type !== 'entries' || message.lane !== lane || message.entries.length === 0) return
      const log = toHex(message.log)
      if (!seen.includes(log)) seen.push(log)
    },
  }
}

/** A hub that keeps back what lies on these logs. */
const withoutLogs = (logs: readonly string[]) => (message: HubMessage) =>
  message.type === 'entries' && logs.includes(toHex(message.log)) ? [{ ...message, entries: [] }] : [message]

test('after a while an admin brings the membership into the newest log, so that who joins needs no other', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const jump = { ms: 0 }
    const alice = await openPerson(
      scene,
      'alice',
      [hub.url],
      offBy(() => jump.ms),
    )
    const hers = await alice.createSpace(journal, { name: 'Home' })
    const bob = await member(scene, 'bob', hub.url, await hers.invite({ role: 'writer', uses: 10 }))
    await until('Bob is in', async () => (await hers.members()).length === 2)
    await renewKeys(hers)
    await hers.tables.entries.insert({ title: 'under new keys' })
    const link = await hers.invite({ role: 'writer', uses: 10 })
    await hers.synced()
    await untilAgree(hers, bob.space)
    const watch = watchLogs(0)
    const proxy = scene.ends(
      await startTamperingHub(hub.url, (message) => {
        watch.note(message)
        return [message]
      }),
      (open) => open.close(),
    )
    await member(scene, 'carol', hub.url, link, proxy.url)
    const [invite, newest, old] = watch.seen
    assert.ok(invite && newest && old, 'at first she follows the way back')
    jump.ms = 4 * 60_000
    const before = (await hub.totals()).entries
    await hers.tables.entries.insert({ title: 'the time has come' })
    await until('it is there', async () => (await hub.totals()).entries >= before + 2)
    await hers.synced()
    proxy.tamper = withoutLogs([old])
    const dora = await member(scene, 'dora', hub.url, link, proxy.url)
    await until('Dora has what is under new keys', () => has(dora.space, 'the time has come'))
    assert.equal((await dora.space.members()).length, 4)
  })
})

test('what lies on a log that the removed could have trimmed is put into the new one', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const jump = { ms: 0 }
    const alice = await openPerson(
      scene,
      'alice',
      [hub.url],
      offBy(() => jump.ms),
    )
    const hers = await alice.createSpace(journal, { name: 'Home' })
    const watch = watchLogs(2)
    const proxy = scene.ends(
      await startTamperingHub(hub.url, (message) => {
        watch.note(message)
        return [message]
      }),
      (open) => open.close(),
    )
    const bob = await member(scene, 'bob', hub.url, await hers.invite({ role: 'admin' }), proxy.url)
    await until('Bob is in', async () => (await hers.members()).length === 2)
    await hers.tables.entries.insert({ title: 'old and dear' })
    await untilAgree(hers, bob.space)
    const old = [...watch.seen]
    await bob.kith.close()
    await hers.remove(bob.kith.address)
    await hers.tables.entries.insert({ title: 'under new keys' })
    await hers.synced()
    jump.ms = 4 * 60_000
    const before = (await hub.totals()).entries
    await hers.tables.entries.insert({ title: 'the time has come' })
    await until('it is there', async () => (await hub.totals()).entries >= before + 2)
    const link = await hers.invite({ role: 'writer' })
    await hers.synced()
    proxy.tamper = withoutLogs(old)
    const carol = await member(scene, 'carol', hub.url, link, proxy.url)
    await until('Carol has it without the old log', () => has(carol.space, 'old and dear'))
    await untilAgree(hers, carol.space)
  })
})
