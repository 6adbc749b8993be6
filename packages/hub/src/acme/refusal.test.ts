import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freshState } from './files.ts'
import { problemToError } from './refusal.ts'
import { mayTry, needsCertificate, nextTryMs } from './schedule.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const settings = { name: 'hub.example.org', directory: 'production' }
const got = { ...freshState, name: settings.name, directory: 'https://acme-v02.api.letsencrypt.org/directory' }

test('each problem that an authority tells is one that its operator can mend', () => {
  const told: [type: string, why: string, says: RegExp][] = [
    ['dns', 'dns', /A or AAAA record/],
    ['connection', 'unreachable', /nothing answers on port 443.*port 8443 here/],
    ['unauthorized', 'not-found-there', /nothing answers there, or somebody else does/],
    ['tls', 'not-found-there', /no proxy on the way end TLS/],
    ['caa', 'forbidden', /CAA record/],
    ['rateLimited', 'rate-limited', /too many were asked for/],
    ['rejectedIdentifier', 'name', /a name that you own/],
    ['somethingNew', 'refused', /the authority refused/],
  ]
  for (const [type, why, says] of told) {
    const error = problemToError('hub.example.org', 8443, { type, detail: `about\u0007 ${type}\n`, retryAfterMs: 5 })
    assert.equal(error.code, 'certificate-refused')
    assert.deepEqual(error.details, { why, retryAfterMs: 5 })
    assert.match(error.message, says)
    assert.ok(error.message.endsWith(`The authority says: about ${type}`), 'one line, without control characters')
  }
  const long = problemToError('hub.example.org', 443, { type: 'dns', detail: 'x'.repeat(100_000), retryAfterMs: 0 })
  assert.ok(long.message.length < 1000)
})

test('what an authority asks to be waited is waited, within reason, and never less than our own', () => {
  assert.equal(nextTryMs(1, 0, 1000), 1000 + hourMs / 6)
  assert.equal(nextTryMs(1, 2 * dayMs, 0), 2 * dayMs)
  assert.equal(nextTryMs(4, hourMs, 0), 12 * hourMs)
  assert.equal(nextTryMs(1, 1000 * dayMs, 0), 7 * dayMs)
  assert.equal(mayTry({ ...freshState, retryAtMs: dayMs }, dayMs - 1), false)
  assert.equal(mayTry({ ...freshState, retryAtMs: dayMs }, dayMs), true)
  assert.equal(mayTry({ ...freshState, retryAtMs: 3650 * dayMs }, 0), true, 'a clock that was wrong by years')
})

test('a certificate of 90 days, or of six, is renewed while more than a third of it is left', () => {
  for (const days of [90, 6]) {
    const certificate = { pem: '', fromMs: 0, untilMs: days * dayMs }
    const needsAt = (part: number) => needsCertificate(certificate, got, settings, part * days * dayMs)
    assert.deepEqual([needsAt(0), needsAt(0.5), needsAt(0.65), needsAt(2)], [false, false, true, true])
  }
  const certificate = { pem: '', fromMs: 0, untilMs: 90 * dayMs }
  assert.ok(needsCertificate(undefined, got, settings, 0))
  assert.ok(needsCertificate(certificate, got, { ...settings, name: 'other.example.org' }, 0))
  assert.ok(needsCertificate(certificate, got, { ...settings, directory: 'staging' }, 0))
})
