/** The examples that are pages, in real browsers: two people each, one with Chromium and one with Firefox, who share by a link over a real hub. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { boardJourney } from './board/journey.fixture.ts'
import { devtoolsJourney } from './chat/devtools.fixture.ts'
import { chatJourney } from './chat/journey.fixture.ts'
import { notesJourney } from './notes/journey.fixture.ts'
import { openSites, type Sites } from '../packages/react/src/testing/site.ts'
import { todoJourney } from './todo/journey.fixture.ts'
import { vanillaJourney } from './vanilla/journey.fixture.ts'

let examples: Sites
before(async () => {
  examples = await openSites(import.meta.dirname, ['todo', 'chat', 'board', 'notes', 'vanilla'])
})
after(() => examples?.close())

// The first that wants Firefox starts it.
const timeout = 120_000

test('two people share a to-do list by a link', { timeout }, () =>
  todoJourney(examples.of('todo', 'Chromium', 'Firefox')),
)

test('two people chat under their names, and one is removed', { timeout }, () =>
  chatJourney(examples.of('chat', 'Firefox', 'Chromium')),
)

for (const browser of ['Chromium', 'Firefox'] as const) {
  test(
    `${browser}: the devtools show who is there, what was written, and why something has no effect`,
    { timeout },
    () => devtoolsJourney(examples.of('chat', browser), examples.hub.url),
  )
}

// A drag of the system's own is nothing that Firefox lets itself be driven to.
test('two people move cards on one board', { timeout }, () => boardJourney(examples.of('board')))

test('two people write one note at once, and each takes back only what is theirs', { timeout: 120_000 }, () =>
  notesJourney(examples.of('notes', 'Firefox', 'Chromium')),
)

test('a list without a framework is iterated and shared', { timeout }, () =>
  vanillaJourney(examples.of('vanilla', 'Chromium', 'Firefox')),
)

test('no page complained', () => assert.deepEqual(examples.complaints, []))
