/// <reference lib="dom" />
/** Both editors in a real browser, on documents that are replaced under them and with others who lie. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { openSites, type Sites } from '../../react/src/testing/site.ts'
import type { Trial } from './testing/page/main.ts'

declare const trial: Trial

let sites: Sites
before(async () => {
  sites = await openSites(join(import.meta.dirname, 'testing'), ['page'])
})
after(() => sites?.close())

const timeout = 60_000
const open = async (): Promise<Page> => {
  const page = await sites.of('page').open()
  await page.locator('#code1 .cm-content').waitFor()
  return page
}
const proseOf = (page: Page, at: number): Promise<string> => page.evaluate((index) => trial.prose[index]!.getHTML(), at)
const codeOf = (page: Page, at: number): Promise<string> =>
  page.evaluate((index) => trial.code[index]!.state.doc.toString(), at)

test('Tiptap keeps words, selection and undo when its document is replaced', { timeout }, async () => {
  const page = await open()
  await page.locator('#prose0 .tiptap').click()
  await page.keyboard.type('mine')
  await page.locator('#prose1 .tiptap').click()
  await page.keyboard.press('Control+Home')
  await page.keyboard.type('yours and ')
  assert.equal(await proseOf(page, 0), '<p>yours and mine</p>')
  await page.evaluate(() => trial.prose[0]!.commands.setTextSelection({ from: 5, to: 8 }))
  await page.evaluate(() => trial.texts[0].replace())
  assert.equal(await proseOf(page, 0), '<p>yours and mine</p>')
  const selected = await page.evaluate(() => {
    const { from, to } = trial.prose[0]!.state.selection
    return [from, to]
  })
  assert.deepEqual(selected, [5, 8])
  // It is bound to the new one, both ways, and undoes what was typed into the old one: its own, not what came last.
  await page.evaluate(() => trial.prose[1]!.commands.insertContentAt(1, 'now '))
  assert.equal(await proseOf(page, 0), '<p>now yours and mine</p>')
  await page.evaluate(() => trial.prose[0]!.commands.undo())
  for (const at of [0, 1]) assert.equal(await proseOf(page, at), '<p>now yours and </p>')
  await page.evaluate(() => trial.prose[0]!.commands.redo())
  for (const at of [0, 1]) assert.equal(await proseOf(page, at), '<p>now yours and mine</p>')
  await page.evaluate(() => trial.texts[0].replace())
  await page.evaluate(() => trial.prose[0]!.chain().selectAll().toggleBold().run())
  assert.equal(await proseOf(page, 1), '<p><strong>now yours and mine</strong></p>')
  await page.evaluate(() => trial.prose[0]!.commands.undo())
  assert.equal(await proseOf(page, 1), '<p>now yours and mine</p>')
})

test('a format is taken back without the words typed just before, and words without the format before them', {
  timeout,
}, async () => {
  const page = await open()
  await page.evaluate(() => {
    const [editor] = trial.prose
    editor!.chain().insertContent('plain').run()
    editor!.chain().selectAll().toggleBold().run()
    editor!.chain().setTextSelection(6).insertContent(' more').run()
  })
  const shown = ['<p><strong>plain more</strong></p>', '<p><strong>plain</strong></p>', '<p>plain</p>', '<p></p>']
  for (const html of shown) {
    for (const at of [0, 1]) assert.equal(await proseOf(page, at), html)
    await page.evaluate(() => trial.prose[0]!.commands.undo())
  }
})

test('CodeMirror keeps words, selection and undo when its document is replaced', { timeout }, async () => {
  const page = await open()
  await page.locator('#code0 .cm-content').click()
  await page.keyboard.type('mine')
  await page.locator('#code1 .cm-content').click()
  await page.keyboard.press('Control+Home')
  await page.keyboard.type('yours and ')
  assert.equal(await codeOf(page, 0), 'yours and mine')
  await page.evaluate(() => trial.code[0]!.dispatch({ selection: { anchor: 5, head: 8 } }))
  await page.evaluate(() => trial.texts[0].replace())
  const selection = await page.evaluate(() => {
    const { anchor, head } = trial.code[0]!.state.selection.main
    return [anchor, head]
  })
  assert.deepEqual(selection, [5, 8])
  await page.locator('#code1 .cm-content').press('Control+Home')
  await page.keyboard.type('now ')
  assert.equal(await codeOf(page, 0), 'now yours and mine')
  await page.locator('#code0 .cm-content').press('Control+z')
  for (const at of [0, 1]) assert.equal(await codeOf(page, at), 'now yours and ')
  await page.locator('#code0 .cm-content').press('Control+y')
  for (const at of [0, 1]) assert.equal(await codeOf(page, at), 'now yours and mine')
})

test('a cursor is shown under its member’s name, and what is none is not shown and breaks nothing', {
  timeout,
}, async () => {
  const page = await open()
  await page.locator('#prose1 .tiptap').click()
  await page.keyboard.type('some words')
  await page.locator('#code1 .cm-content').click()
  await page.keyboard.type('some code')
  const own = await page.evaluate(() => {
    const { Y, texts } = trial
    const { doc } = texts[0]
    const paragraph = doc.getXmlFragment('prose').get(0) as InstanceType<typeof Y.XmlElement>
    const inProse = Y.createRelativePositionFromTypeIndex(paragraph.get(0) as InstanceType<typeof Y.XmlText>, 4)
    const inCode = Y.createRelativePositionFromTypeIndex(doc.getText('text'), 4)
    const honest = (at: object) => JSON.parse(JSON.stringify({ place: 'one', anchor: at, head: at })) as object
    const client = doc.store.clients.keys().next().value as number
    const bad: unknown[] = [
      null,
      7,
      'cursor',
      [],
      { place: 'one' },
      { place: 'one', anchor: {}, head: {} },
      ...[
        { tname: 'invented' },
        { tname: '__proto__' },
        { tname: 'text', assoc: 99 },
        { item: { client, clock: -1 } },
        { item: { client, clock: 0.5 } },
        { item: { client, clock: Number.MAX_SAFE_INTEGER } },
        { item: { client: 'x', clock: 0 } },
        { type: { client, clock: 1e9 } },
        { type: { client, clock: 1 }, item: { client: 5, clock: 5 } },
        { item: 3, type: 4, tname: 5 },
      ].map((at) => ({ place: 'one', anchor: at, head: at })),
    ]
    const peer = (id: string, name: string, cursor: unknown) => ({
      id,
      name,
      address: `address of ${name}`,
      since: new Date(),
      state: { cursor, user: { name: 'Evil', color: 'red;background:url(x)' } },
    })
    trial.others.tell([
      ...bad.map((cursor, at) => peer(`bad${at}`, 'Mallory', cursor)),
      peer('elsewhere', 'Carol', { ...honest(inProse), place: 'another' }),
      peer('prose', 'Bob', honest(inProse)),
      peer('code', 'Dora', honest(inCode)),
    ])
    return [...doc.share.keys()].sort()
  })
  assert.deepEqual(own, ['prose', 'text'])
  const cursor = page.locator('#prose0 .ProseMirror-yjs-cursor')
  await cursor.waitFor()
  assert.deepEqual(
    await cursor.allInnerTexts().then((all) => all.map((text) => text.replaceAll('\u2060', '').trim())),
    ['Bob'],
  )
  assert.match((await cursor.getAttribute('style')) ?? '', /^border-color: (#[0-9a-f]{6}|rgb\([\d, ]+\));?$/)
  const caret = page.locator('#code0 .cm-ySelectionInfo')
  await caret.first().waitFor({ state: 'attached' })
  assert.deepEqual(await caret.allTextContents(), ['Dora'])
  // Our own goes out as plain JSON, with the place, and is taken away when the editor is left.
  await page.locator('#prose0 .tiptap').click()
  const shown = await page.evaluate(() => trial.others.shown)
  assert.equal((shown.at(-1) as { cursor: { place: string } }).cursor.place, 'one')
  await page.waitForFunction(() => trial.prose[0]!.view.hasFocus())
  await page.keyboard.type('!')
  await page.waitForFunction(() => trial.prose[1]!.getHTML().includes('!'))
})

test('the page complained of nothing', () => assert.deepEqual(sites.complaints, []))
