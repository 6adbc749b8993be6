import assert from 'node:assert/strict'
import { test } from 'node:test'
import { app, type Kith, type KithError, table, text } from '@kith/core'
import { recoverPerson } from '../open-kith.ts'
import { inScene, until } from './conditions.fixture.ts'
import { has, openHub, openPerson } from './people.fixture.ts'
import { journal } from './journal.fixture.ts'
import { link } from './linking.fixture.ts'

const diary = app('org.kith.diary', { version: 1, tables: { pages: table({ words: text() }) } })

test('a person who lost everything comes back by twelve words, and cuts off what was lost', async () => {
  await inScene(async (scene) => {
    const hubs = [(await openHub(scene)).url, (await openHub(scene)).url]
    const lost = await openPerson(scene, 'lost', hubs)
    const bob = await openPerson(scene, 'bob', hubs)
    const home = await lost.createSpace(journal, { name: 'Home' })
    const his = await bob.join(journal, await home.invite({ role: 'writer', uses: 10 }))
    await home.tables.entries.insert({ title: 'before the fire' })
    await lost.settings.set('theme', 'dark')
    const phrase = await lost.recoveryPhrase()
    assert.ok(phrase)
    assert.match((await lost.status()).recovery.warning ?? '', /not written down/)
    const sheet = await lost.recoverySheet()
    for (const part of [lost.address, ...hubs, ...phrase.split(' ')]) assert.ok(sheet.text.includes(part))
    await assert.rejects(lost.confirmRecoveryPhrase(`${phrase} extra`), { code: 'bad-phrase' })
    await assert.rejects(lost.confirmRecoveryPhrase('zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong'), {
      code: 'bad-phrase',
    })
    await lost.confirmRecoveryPhrase(phrase)
    assert.equal(await lost.recoveryPhrase(), undefined)
    assert.equal((await lost.status()).recovery.warning, undefined)
    await until('Bob has it', () => has(his, 'before the fire'))
    await lost.synced()
    const typo = phrase.replace(/^\w+/, 'qwerty')
    await assert.rejects(recoverPerson({ path: scene.path('typo'), phrase: typo, hubs }), { code: 'bad-phrase' })
    const found = await recoverPerson({
      path: scene.path('found'),
      phrase,
      hubs: hubs.slice(1),
      name: 'Back',
      revokesOthers: true,
    })
    scene.ends(found, (kith) => kith.close())
    assert.equal(found.address, lost.address)
    await until('the space is back', async () => (await found.spaces()).length === 1)
    const again = await found.open(journal, home.id)
    await until('the rows are back', () => has(again, 'before the fire'))
    assert.equal(await found.settings.get('theme'), 'dark')
    await until('all is cut', async () => (await found.status()).tasksLeft === 0)
    await again.tables.entries.insert({ title: 'after the fire' })
    await until('Bob sees it', () => has(his, 'after the fire'))
    await until('the lost device knows', async () => (await lost.status()).isRevoked)
    await assert.rejects(home.tables.entries.insert({ title: 'by the thief' }))
    assert.equal(await has(home, 'after the fire'), false)
    assert.equal((await again.members()).length, 2)
  })
})

test('who comes back by the words reads what the lost device wrote, also in a space that was cut once before: rows come before the cut', async () => {
  await inScene(async (scene) => {
    const { url } = await openHub(scene)
    const lost = await openPerson(scene, 'lost', [url])
    const home = await lost.createSpace(journal, { name: 'Home' })
    await home.tables.entries.insert({ title: 'first' })
    await home.synced()
    await link(scene, lost, 'phone', [url])
    const stolen = (await lost.devices()).find(({ name }) => name === 'phone')
    await lost.revokeDevice(stolen?.id ?? '')
    await until('nothing is left to do', async () => (await lost.status()).tasksLeft === 0)
    await home.tables.entries.insert({ title: 'under new keys' })
    await lost.synced()
    const phrase = (await lost.recoveryPhrase()) ?? ''
    await lost.close()
    const found = await recoverPerson({ path: scene.path('found'), phrase, hubs: [url], revokesOthers: true })
    scene.ends(found, (kith) => kith.close())
    await until('the space is back', async () => (await found.spaces()).length === 1)
    const again = await found.open(journal, home.id)
    await until('the cut is made', async () => (await found.status()).tasksLeft === 0)
    await until('the rows are back', () => has(again, 'under new keys'))
    assert.equal((await again.status()).heldBack, 0)
  })
})

test('who comes back by the words has at once the keys that were made since the old device was last there', async () => {
  await inScene(async (scene) => {
    const { url } = await openHub(scene)
    const lost = await openPerson(scene, 'lost', [url])
    const bob = await openPerson(scene, 'bob', [url])
    const carol = await openPerson(scene, 'carol', [url])
    const home = await lost.createSpace(journal, { name: 'Home' })
    const invite = await home.invite({ role: 'admin', uses: 10 })
    const his = await bob.join(journal, invite)
    await carol.join(journal, await home.invite({ role: 'writer', uses: 10 }))
    await until('Bob knows of both', async () => (await his.members()).length === 3)
    await lost.synced()
    const phrase = (await lost.recoveryPhrase()) ?? ''
    await lost.close()
    await his.remove(carol.address)
    await his.tables.entries.insert({ title: 'under newer keys' })
    await his.synced()
    const found = await recoverPerson({ path: scene.path('found'), phrase, hubs: [url] })
    scene.ends(found, (kith) => kith.close())
    await until('the space is there', async () => (await found.spaces()).length === 1)
    const again = await found.open(journal, home.id)
    await until('it reads on', () => has(again, 'under newer keys'))
    await again.synced()
    assert.equal((await again.status()).rotationOwed, false, 'nobody had to be asked for keys')
  })
})

test('who comes back by the words finds also what only one of the hubs has', async () => {
  await inScene(async (scene) => {
    const storage = scene.path('hub.db')
    const [whole, partial] = [await openHub(scene), await openHub(scene, { storage })]
    const lost = await openPerson(scene, 'lost', [whole.url, partial.url])
    await lost.createSpace(journal, { name: 'Home' })
    const phrase = (await lost.recoveryPhrase()) ?? ''
    await until('both hubs have it', async () => (await lost.status()).pending === 0)
    await partial.close()
    const later = await lost.createSpace(diary, { name: 'Later' })
    const tablet = await link(scene, lost, 'tablet', [whole.url])
    const hasLater = async (kith: Kith) => (await kith.spaces({ app: diary })).some(({ id }) => id === later.id)
    await until('one hub has that', () => hasLater(tablet))
    await Promise.all([lost.close(), tablet.close()])
    const again = await openHub(scene, { storage, port: partial.port })
    const found = await recoverPerson({ path: scene.path('found'), phrase, hubs: [again.url, whole.url] })
    scene.ends(found, (kith) => kith.close())
    await until('it is back', () => hasLater(found))
  })
})

test('where the hub that knows the words is away, it is that what is said: not that nobody knows them', async () => {
  await inScene(async (scene) => {
    const [knows, other] = [await openHub(scene), await openHub(scene)]
    const lost = await openPerson(scene, 'lost', [knows.url])
    const phrase = (await lost.recoveryPhrase()) ?? ''
    await until('the hub knows the words', async () => (await lost.status()).pending === 0)
    await knows.close()
    const comeBack = (hubs: readonly string[]) => recoverPerson({ path: scene.path('found'), phrase, hubs })
    await assert.rejects(comeBack([knows.url, other.url]), { code: 'hub-unreachable' })
    await assert.rejects(comeBack([other.url]), { code: 'not-found' })
    await assert.rejects(comeBack([]), { code: 'hub-unreachable' })
  })
})

test('a device that came back by the words and is lost within the minute is followed by another: the new log has no history yet', async () => {
  await inScene(async (scene) => {
    const { url } = await openHub(scene)
    const first = await openPerson(scene, 'first', [url])
    const home = await first.createSpace(journal, { name: 'Home' })
    await home.tables.entries.insert({ title: 'from the first' })
    const phrase = (await first.recoveryPhrase()) ?? ''
    await first.synced()
    for (const name of ['second', 'third', 'fourth']) {
      let found: Kith | undefined
      const comeBack = async (): Promise<boolean> => {
        try {
          found = await recoverPerson({ path: scene.path(name), phrase, hubs: [url], revokesOthers: true })
          return true
        } catch (cause) {
          if ((cause as KithError).code !== 'not-found') throw cause
          return false
        }
      }
      // The record by which the phrase finds the person goes to the hub by itself.
      await until('the hub knows the phrase', comeBack)
      scene.ends(found as Kith, (kith) => kith.close())
      const again = await openOnly(found as Kith)
      await until('the rows are back', () => has(again, 'from the first'))
      await until('all is cut', async () => ((await found?.status())?.tasksLeft ?? 1) === 0)
      await until('the hub has it', async () => ((await found?.status())?.pending ?? 1) === 0)
      assert.equal((await again.status()).heldBack, 0)
    }
  })
})

const openOnly = async (kith: Kith) => {
  await until('the space is back', async () => (await kith.spaces()).length === 1)
  const [summary] = await kith.spaces()
  return kith.open(journal, summary?.id ?? '')
}
