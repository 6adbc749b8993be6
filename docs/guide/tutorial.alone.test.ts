/** Follows the tutorial to the letter: makes the app, changes its files as each block says, runs its commands, and opens the result as two people. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createApp } from '../../packages/create-kith/src/index.ts'
import { openSites } from '../../packages/react/src/testing/site.ts'
import { type Block, readBlocks } from './blocks.ts'

const root = join(import.meta.dirname, '..', '..')
const blocks = readBlocks(readFileSync(join(import.meta.dirname, 'tutorial.md'), 'utf8'))
const name = 'my-list'
let folder = ''
let app = ''

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'kith-tutorial-'))
  app = join(folder, name)
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
})
after(() => rmSync(folder, { recursive: true, force: true }))

test('every block of the tutorial does what it says', { timeout: 120_000 }, () => {
  for (const block of blocks) follow(block)
})

test('two people share the list that the tutorial made, each sees what the other adds, and only one deletes', async () => {
  const sites = await openSites(app, ['.'])
  try {
    const site = sites.of('.')
    const alice = await site.open()
    await alice.getByRole('textbox').fill('Alice')
    await alice.getByRole('button', { name: 'Begin' }).click()
    await alice.getByLabel('Title').fill('Bread')
    await alice.getByRole('button', { name: 'Add', exact: true }).click()
    await alice.getByText('Bread').waitFor()
    await alice.getByRole('button', { name: 'Invite somebody' }).click()
    const bob = await site.open(await alice.getByLabel('Link to join').inputValue())
    await bob.getByRole('textbox').fill('Bob')
    await bob.getByRole('button', { name: 'Begin' }).click()
    await bob.getByText('Bread').waitFor()

    await bob.context().setOffline(true)
    await bob.getByRole('button', { name: '0 votes' }).click()
    await bob.getByRole('button', { name: '1 votes' }).waitFor()
    await alice.getByRole('button', { name: '0 votes' }).click()
    await bob.context().setOffline(false)
    for (const page of [alice, bob]) await page.getByRole('button', { name: '2 votes' }).waitFor()

    assert.equal(await bob.getByRole('button', { name: 'Delete' }).count(), 0)
    assert.equal(await alice.getByRole('button', { name: 'Delete' }).count(), 1)
    await bob.getByRole('button', { name: 'notes' }).click()
    await bob.getByRole('heading', { name: 'Notes' }).waitFor()
    await site.picture(alice, 'tutorial-alice')
    await site.picture(bob, 'tutorial-bob')
  } finally {
    await sites.close()
  }
})

function follow({ comment, text }: Block): void {
  const [verb = '', path = '', where = '', ...anchor] = comment.split(/:? /)
  const file = join(app, path)
  if (verb === 'makes') make(text)
  else if (verb === 'made') assert.ok(readFileSync(file, 'utf8').includes(text), `${path} has no\n${text}`)
  else if (verb === 'file') writeFileSync(file, text)
  else if (verb === 'append') writeFileSync(file, `${readFileSync(file, 'utf8')}\n${text}`)
  else if (verb === 'add') writeFileSync(file, insert(readFileSync(file, 'utf8'), text, where, anchor.join(' ')))
  else if (verb === 'runs') for (const line of text.trim().split('\n')) run(line)
  else assert.equal(verb, 'not', `nothing looks at this block:\n${text}`)
}

/** What both ways to make an app come to; the packages are those of this repository, as they are. */
function make(command: string): void {
  assert.match(command, new RegExp(`^npm (create kith |run create -- \\.\\./)${name}\n$`))
  rmSync(app, { recursive: true, force: true })
  createApp({ folder: app, packages: { of: () => '0.1.0', addTo: () => {} } })
  mkdirSync(join(app, '.kith'))
}

function insert(source: string, block: string, where: string, line: string): string {
  const lines = source.split('\n')
  const found = lines.flatMap((each, at) => (each.trim() === line ? [at] : []))
  assert.equal(found.length, 1, `${line} stands in the file ${found.length} times`)
  lines.splice(found[0]! + (where === 'after' ? 1 : 0), 0, block.trimEnd())
  return lines.join('\n')
}

/** `kith` is the command of this repository; npm's scripts are those of the app. */
function run(line: string): void {
  const script = /^npm (?:run )?(\w+)$/.exec(line)?.[1]
  const { scripts } = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  const command = script === undefined ? line.replace(/^npx /, '') : scripts[script]
  assert.ok(command, `${line}: the app has no such script`)
  for (const part of command.split(' && ')) {
    const [program = '', ...parameters] = part.split(' ')
    const main = programs[program]
    assert.ok(main, `${line} runs ${program}, which this test does not know`)
    const result = spawnSync(process.execPath, [join(root, main), ...parameters], {
      cwd: app,
      encoding: 'utf8',
      env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    })
    assert.equal(result.status, 0, `${line}:\n${result.stdout}${result.stderr}`)
  }
}

const programs: Record<string, string> = {
  kith: 'packages/node/src/command/main.ts',
  tsc: 'node_modules/typescript/bin/tsc',
  vite: 'node_modules/vite/bin/vite.js',
}
