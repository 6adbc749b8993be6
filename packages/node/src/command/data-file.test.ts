import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { KithError } from '@kith/core/bytes'
import { readDataFile } from './data-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'kith-data-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const write = (content: string | Uint8Array): string => {
  const path = join(folder, 'data')
  writeFileSync(path, content)
  return path
}

test('JSON and JSON.gz are read alike, tables in the file’s order', () => {
  const text = '{"B": [{"x": "é"}], "A": []}'
  for (const content of [text, gzipSync(text)]) {
    assert.deepEqual(
      [...readDataFile(write(content))],
      [
        ['B', [{ x: 'é' }]],
        ['A', []],
      ],
    )
  }
})

test('a file of any other form is refused with what is wrong with it', () => {
  const cases: [string | Uint8Array, RegExp][] = [
    ['', /not JSON/],
    ['{"A": [', /not JSON/],
    [gzipSync('{"A": []}').subarray(0, 20), /not JSON/],
    [new Uint8Array([0x7b, 0xff, 0x7d]), /not JSON/],
    ['[]', /outermost/],
    ['{}', /no table/],
    ['{"A": 1}', /"A" is not a list/],
    ['{"A": [{}, 7]}', /row 2 of "A"/],
  ]
  for (const [content, words] of cases) {
    assert.throws(
      () => readDataFile(write(content)),
      (error) => error instanceof KithError && error.code === 'bad-encoding' && words.test(error.message),
    )
  }
})
