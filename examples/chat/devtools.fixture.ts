import assert from 'node:assert/strict'
import { app, createKith, isMe, person, table, text, time, value } from '@kith/core'
import type { Page } from 'playwright-core'
import { inScene, until } from '../../packages/node/src/journeys/conditions.fixture.ts'
import { createLine } from '../../packages/node/src/journeys/lines.fixture.ts'
import { createNodePlatform } from '../../packages/node/src/platform/platform.ts'
import type { Site } from '../../packages/react/src/testing/site.ts'

/** The same as in src/main.tsx. */
const messages = table(
  { body: text(), by: person().fixed(), at: time().fixed() },
  { insert: isMe(value('by')), update: 'nobody', delete: ['author', 'admin'] },
)
const chat = app('org.example.chat', { version: 1, tables: { messages } })

/** Would be noticed: the page complains of an image that is not there, and its title would be another. */
const hostileName = '<img src=x onerror="document.title=1"><b>Bob</b>'

const panel = (page: Page) => page.locator('kith-devtools')
const openTab = async (page: Page, name: string): Promise<void> => {
  await panel(page).getByRole('tab', { name }).click()
}
const isLoaded = (page: Page): Promise<boolean> =>
  page.evaluate(() => performance.getEntriesByType('resource').some(({ name }) => /\/panel-[^/]*\.js$/.test(name)))

/** Alice looks into her page by `?kith`: at members, the log, and what a removed member wrote in vain. */
export const devtoolsJourney = async (example: Site, hub: string): Promise<void> =>
  inScene(async (scene) => {
    const alice = await example.open()
    await alice.getByLabel('What are you called?').fill('Alice')
    await alice.getByRole('button', { name: 'Begin' }).click()
    await alice.getByRole('button', { name: 'Invite somebody' }).click()
    const link = await alice.getByLabel('Link to join').inputValue()
    await alice.getByRole('button', { name: 'Done' }).click()
    assert.ok(!(await isLoaded(alice)), 'who does not ask does not load it')

    const line = createLine()
    const platform = line.on(await createNodePlatform(scene.path('bob.db')))
    const bob = scene.ends(await createKith(platform, { hubs: [hub], name: hostileName }), (kith) => kith.close())
    const his = await bob.join(chat, link)
    const say = (body: string) => his.tables.messages.insert({ body, by: bob.address, at: new Date() })
    await say('In time')
    await his.synced()
    await alice.getByText('In time').waitFor()
    line.cut()
    const inVain = await say('In vain')
    await alice.locator('li', { hasText: 'Bob' }).getByRole('button', { name: 'Remove' }).click()
    await alice.getByRole('button', { name: `Remove ${hostileName}`, exact: true }).click()
    await alice.locator('li', { hasText: 'Bob' }).waitFor({ state: 'detached' })
    line.mend()
    await until('he knows', async () => !(await his.status()).isMember)
    await his.synced()

    const url = new URL(alice.url())
    url.searchParams.set('kith', '')
    await alice.goto(url.href)
    await panel(alice).getByRole('cell', { name: 'org.example.chat' }).first().waitFor()
    assert.ok(await isLoaded(alice))
    await example.picture(alice, 'devtools-spaces')

    await openTab(alice, 'Members & keys')
    await panel(alice).getByText(hostileName, { exact: true }).first().waitFor()
    await panel(alice).getByText('ended by Alice').waitFor()
    await panel(alice).getByText('is sealed to', { exact: false }).first().waitFor()
    await example.picture(alice, 'devtools-members')

    await openTab(alice, 'Log')
    await panel(alice).getByText(`ends ${hostileName}`).waitFor()
    await panel(alice).getByText('creates the space').waitFor()
    await example.picture(alice, 'devtools-log')

    await openTab(alice, 'Held back')
    await panel(alice).getByText('It is not among what was accepted of its author').first().waitFor()
    await example.picture(alice, 'devtools-held-back')
    await panel(alice)
      .getByRole('button', { name: inVain.slice(-6) })
      .click()
    await panel(alice).getByText('The change that makes it, by', { exact: false }).waitFor()
    assert.equal(await panel(alice).getByLabel('Row id').inputValue(), inVain)
    await example.picture(alice, 'devtools-row')
    await panel(alice).getByLabel('Row id').fill('nonsense')
    await alice.keyboard.press('Enter')
    await panel(alice).getByText('A row id is 26 characters').waitFor()

    await openTab(alice, 'Hubs')
    await panel(alice).getByText(hub).waitFor()
    await panel(alice)
      .getByText(/^\d+\.\d ms$/)
      .waitFor()
    await example.picture(alice, 'devtools-hubs')

    await openTab(alice, 'Storage')
    await panel(alice).getByText('dbstat').waitFor()
    await panel(alice).getByRole('cell', { name: 'messages org.example.chat' }).waitFor()
    await alice.emulateMedia({ colorScheme: 'dark' })
    await example.picture(alice, 'devtools-storage-dark')
    await openTab(alice, 'Members & keys')
    await panel(alice).getByText('ended by Alice').waitFor()
    await example.picture(alice, 'devtools-members-dark')

    assert.equal(await panel(alice).locator('img, b').count(), 0, 'a name is text')
    assert.notEqual(await alice.title(), '1')

    // What comes while it is open is seen without asking again.
    await openTab(alice, 'Log')
    await alice.getByLabel('Message').fill('Seen live')
    await alice.getByLabel('Message').press('Enter')
    await panel(alice).getByText('inserts 1 in messages').nth(2).waitFor()
    await alice.keyboard.press('Control+Shift+K')
    await panel(alice).waitFor({ state: 'detached' })
  })
