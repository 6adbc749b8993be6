import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { errorCodes } from '@kith/core/bytes'
import { errorsDocumentUrl, errorsToDocument } from './write-errors.ts'

test('docs/protocol/errors.md is what node docs/protocol/write-errors.ts writes now', () => {
  assert.equal(readFileSync(errorsDocumentUrl, 'utf8'), errorsToDocument())
})

test('every error code says in whole sentences what to do', () => {
  for (const [code, what] of Object.entries(errorCodes)) {
    assert.match(code, /^[a-z]+(-[a-z]+)*$/)
    assert.match(what, /^[A-Z].*\.$/, code)
  }
})
