/// <reference lib="dom" />
import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { Site } from '../../packages/react/src/testing/site.ts'

const begin = async (page: Page, name: string): Promise<void> => {
  await page.getByLabel('What are you called?').fill(name)
  await page.getByRole('button', { name: 'Begin' }).click()
}
const note = (page: Page) => page.getByLabel('Note', { exact: true })
/** What a page shows of the note, without others' cursors. Runs in the page. */
const html = (page: Page): Promise<string> =>
  note(page).evaluate((element) => {
    const copy = element.cloneNode(true) as typeof element
    for (const extra of copy.querySelectorAll(
      '.ProseMirror-yjs-cursor, .ProseMirror-separator, .ProseMirror-trailingBreak',
    ))
      extra.remove()
    for (const shown of copy.querySelectorAll('.ProseMirror-yjs-selection')) shown.replaceWith(...shown.childNodes)
    return copy.innerHTML
  })
/** Both show the same, with each of these in it. */
const untilSame = async (one: Page, other: Page, ...parts: readonly string[]): Promise<string> => {
  const end = performance.now() + 20_000
  for (;;) {
    const [left, right] = await Promise.all([html(one), html(other)])
    if (left === right && parts.every((part) => left.includes(part))) return left
    if (performance.now() > end) throw new Error(`They show\n${left}\n${right}`)
    await one.evaluate(() => new Promise(requestAnimationFrame))
  }
}

/** Puts the caret before all that is written: a key that comes while the page still takes the focus in, or others' edits, moves nothing. */
const toStart = async (page: Page): Promise<void> => {
  const isThere = (): Promise<boolean> =>
    note(page).evaluate((element) => {
      const { anchorNode, anchorOffset, isCollapsed } = getSelection() ?? {}
      const first = document.createTreeWalker(element, NodeFilter.SHOW_TEXT).nextNode()
      return isCollapsed === true && anchorOffset === 0 && first !== null && anchorNode === first
    })
  const end = performance.now() + 20_000
  do {
    if (performance.now() > end) throw new Error('The caret does not go to the start.')
    await page.keyboard.press('Control+Home')
    await page.evaluate(() => new Promise(requestAnimationFrame))
  } while (!(await isThere()))
}

/** Two people write one note at once, see where the other is, and each takes back only what is theirs. */
export const notesJourney = async (example: Site): Promise<void> => {
  const alice = await example.open()
  await begin(alice, 'Alice')
  await alice.getByRole('button', { name: 'New note' }).click()
  await alice.getByLabel('Title').fill('Summer party')
  await note(alice).click()
  await alice.keyboard.type('What we need:')
  await alice.getByRole('button', { name: 'Share' }).click()
  const link = await alice.getByLabel('Link to join').inputValue()
  await alice.getByRole('button', { name: 'Done' }).click()

  const bob = await example.open(link)
  await begin(bob, 'Bob')
  await note(bob).getByText('What we need:').waitFor()
  await alice.getByLabel('Here').getByTitle('Bob').waitFor()
  await bob.getByLabel('Here').getByTitle('Alice').waitFor()

  // Both at once: Alice adds a list at the end, Bob writes before it.
  await note(alice).click()
  await alice.keyboard.press('Control+End')
  await alice.keyboard.press('Enter')
  await alice.getByRole('button', { name: 'List' }).click()
  await note(bob).click()
  await toStart(bob)
  const first = async (): Promise<void> => {
    await alice.keyboard.type('lemonade')
    await alice.keyboard.press('Enter')
    await alice.keyboard.type('a cake')
  }
  await Promise.all([first(), bob.keyboard.type('On Saturday at five. ')])
  const both = await untilSame(alice, bob, 'On Saturday at five. What we need:', 'lemonade', 'a cake')
  assert.match(both, /<ul[^>]*><li><p>lemonade<\/p><\/li><li><p>a cake<\/p><\/li><\/ul>/)

  // Formatting of one, words of the other.
  await toStart(bob)
  for (let at = 0; at < 'On Saturday'.length; at += 1) await bob.keyboard.press('Shift+ArrowRight')
  await bob.getByRole('button', { name: 'Bold' }).click()
  await alice.keyboard.type(' with cherries')
  const formatted = await untilSame(alice, bob, 'with cherries')
  assert.match(formatted, /<strong>On Saturday<\/strong>/)

  // Where the other is.
  await alice.locator('.ProseMirror-yjs-cursor', { hasText: 'Bob' }).waitFor()
  await bob.locator('.ProseMirror-yjs-cursor', { hasText: 'Alice' }).waitFor()
  await bob.getByRole('navigation').getByText('On Saturday at five').waitFor()
  await example.picture(alice, 'notes')

  // Each undoes one's own, whoever was last.
  await bob.getByRole('button', { name: 'Undo' }).click()
  const plain = await untilSame(alice, bob, 'with cherries')
  assert.doesNotMatch(plain, /<strong>/)
  await note(alice).press('Control+z')
  const undone = await untilSame(alice, bob, 'On Saturday at five.')
  assert.doesNotMatch(undone, /cherries/)
  await note(alice).press('Control+Shift+z')
  await untilSame(alice, bob, 'with cherries')

  // Who closes the page is not there any more. The browser need not let it say goodbye.
  await bob.close({ runBeforeUnload: true })
  await alice.getByLabel('Here').getByTitle('Bob').waitFor({ state: 'detached', timeout: 45_000 })
}
