import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { limitsDocumentUrl, limitsToDocument } from '../../../../docs/protocol/write-limits.ts'
import * as limits from './index.ts'

test('every limit is a whole positive number with its unit in the name', () => {
  for (const [name, value] of Object.entries(limits)) {
    assert.ok(Number.isSafeInteger(value) && value > 0, name)
    assert.match(name, /(Max|Min|Bytes|Ms)$/, name)
  }
})

test('docs/protocol/limits.md is what node docs/protocol/write-limits.ts writes now', () => {
  assert.equal(readFileSync(limitsDocumentUrl, 'utf8'), limitsToDocument())
})
