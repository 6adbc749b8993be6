/** The examples that are pages, in a real browser: two people each, who share by a link over a real hub. */
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

const timeout = 60_000

test('two people share a to-do list by a link', { timeout }, () => todoJourney(examples.of('todo')))

test('two people chat under their names, and one is removed', { timeout }, () => chatJourney(examples.of('chat')))

test('the devtools show who is there, what was written, and why something has no effect', { timeout }, () =>
  devtoolsJourney(examples.of('chat'), examples.hub.url),
)

test('two people move cards on one board', { timeout }, () => boardJourney(examples.of('board')))

test('two people write one note at once, and each takes back only what is theirs', { timeout: 120_000 }, () =>
  notesJourney(examples.of('notes')),
)

test('a list without a framework is iterated and shared', { timeout }, () => vanillaJourney(examples.of('vanilla')))

test('no page complained', () => assert.deepEqual(examples.complaints, []))
