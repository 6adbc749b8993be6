import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { formsOf, readState, search } from './blindness.ts'

const secret = 'Where the wild thyme blows'
const needle = { what: 'the line', spellings: [secret] }

const withFolder = (run: (folder: string) => void): void => {
  const folder = mkdtempSync(join(tmpdir(), 'kith-blindness-'))
  try {
    run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('a planted text is found raw, in hex and in base64, wherever a base64 group begins', () => {
  const encodings: [string, BufferEncoding][] = [
    ['as it is', 'utf8'],
    ['in hex', 'hex'],
    ['in base64', 'base64'],
    ['in base64', 'base64url'],
  ]
  for (const [form, encoding] of encodings) {
    for (const before of ['', 'a', 'ab', 'abc', 'abcd']) {
      for (const after of ['', 'z', 'zy', 'zyx']) {
        withFolder((folder) => {
          writeFileSync(join(folder, 'state'), Buffer.from(`${before}${secret}${after}`).toString(encoding))
          assert.deepEqual(search(readState(folder), [needle]), [`the line is in state, ${form}`])
        })
      }
    }
  }
})

test('bytes that differ in base64 and base64url only by the alphabet are found in both', () => {
  const bytes = Buffer.from([0xfb, 0xff, 0xbf, 0xfe, 0xff, 0xfe])
  const forms = formsOf(bytes).map(([, form]) => form.toString('latin1'))
  assert.ok(forms.includes(bytes.toString('base64')))
  assert.ok(forms.includes(bytes.toString('base64url')))
})

test('a text that SQLite’s pages cut in two is found row by row, and one in its write-ahead log too', () => {
  withFolder((folder) => {
    const database = new DatabaseSync(join(folder, 'state.db'))
    database.exec('PRAGMA journal_mode = WAL; CREATE TABLE kept (text TEXT)')
    const insert = database.prepare('INSERT INTO kept VALUES (?)')
    // One of these places straddles the end of a page.
    for (let before = 3900; before < 4300; before += 10) insert.run(`${'x'.repeat(before)}${secret}`)
    const state = readState(folder)
    database.close()
    assert.ok(state.files.includes('state.db-wal'))
    const rows = state.parts.find((part) => part.name === 'the rows of state.db')
    assert.equal(rows?.bytes.toString().split(secret).length, 41)
    assert.match(search(state, [needle])[0] ?? '', /the line is in/)
  })
})

test('what is not there is not found', () => {
  withFolder((folder) => {
    writeFileSync(join(folder, 'state'), 'Where the wild time blows')
    assert.deepEqual(search(readState(folder), [needle]), [undefined])
  })
})
