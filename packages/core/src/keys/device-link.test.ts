import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import { createSigningKey } from '../crypto/sign/index.ts'
import {
  codeToSecret,
  confirmPairing,
  createDeviceCode,
  createDeviceLink,
  createSealingKey,
  createWelcome,
  decodeWelcome,
  encodeWelcome,
  isConfirmed,
  openHomePointer,
  openPairing,
  openWelcome,
  parseDeviceCode,
  type PairingMessage,
  revealToCommitment,
  sealHomePointer,
  sealPairing,
  secretToPairingLog,
  tagToHomeLog,
  toTranscript,
  transcriptToCheck,
} from './index.ts'

const crypto = await createNodeCrypto()

const newDevice = () => ({ signing: createSigningKey(crypto), sealing: createSealingKey(crypto) })
const reveal = (device: ReturnType<typeof newDevice>) => ({
  signing: device.signing.publicKey,
  sealing: device.sealing.publicKey,
  nonce: crypto.randomBytes(32),
  name: 'Phone',
  apps: undefined,
})

test('a code is read as people type it, and a slip is noticed before anything is asked', () => {
  const code = createDeviceCode(crypto)
  assert.match(code, /^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$/)
  const { secret, hubs } = parseDeviceCode(crypto, code)
  assert.deepEqual(hubs, [])
  assert.deepEqual(secret, codeToSecret(crypto, code))
  assert.deepEqual(
    parseDeviceCode(crypto, ` ${code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')}`)
      .secret,
    secret,
  )
  for (const bad of ['', 'hello', code.slice(1), `${code}A`, code.replace(/^./, '*')])
    assert.throws(() => parseDeviceCode(crypto, bad), { code: 'bad-device-code' })
  let noticed = 0
  for (let round = 0; round < 100; round += 1) {
    const other = createDeviceCode(crypto).slice(0, -1) + code.slice(-1)
    try {
      parseDeviceCode(crypto, other)
    } catch {
      noticed += 1
    }
  }
  assert.ok(noticed > 80, `${noticed} of 100 slips were noticed`)
})

test('a link carries 32 bytes and hubs, whole or not at all', () => {
  const secret = crypto.randomBytes(32)
  const link = createDeviceLink(crypto, secret, ['wss://hub.example'])
  assert.deepEqual(parseDeviceCode(crypto, `Scan this: ${link}`), { secret, hubs: ['wss://hub.example'] })
  for (let cut = 1; cut < 40; cut += 1)
    assert.throws(() => parseDeviceCode(crypto, link.slice(0, -cut)), { code: 'bad-device-code' })
})

test('messages on the log open with its secret alone', () => {
  const log = secretToPairingLog(crypto, crypto.randomBytes(32))
  const device = newDevice()
  const shown = reveal(device)
  const messages: PairingMessage[] = [
    { type: 'offer', expires: 1 },
    { type: 'commit', commitment: revealToCommitment(crypto, shown) },
    { type: 'answer', device: device.signing.publicKey, address: new Uint8Array(48), nonce: new Uint8Array(32) },
    { type: 'reveal', ...shown },
    { type: 'reveal', ...shown, apps: ['org.example.todo'] },
    { type: 'ended' },
  ]
  const other = secretToPairingLog(crypto, crypto.randomBytes(32))
  for (const message of messages) {
    const sealed = sealPairing(crypto, log, message)
    assert.deepEqual(openPairing(crypto, log, sealed), message)
    assert.throws(() => openPairing(crypto, other, sealed), { code: 'cannot-open' })
  }
})

test('who stands between two devices shows other digits on each side', () => {
  const log = secretToPairingLog(crypto, crypto.randomBytes(32))
  const [old, young, thief] = [newDevice(), newDevice(), newDevice()]
  const answer = { device: old.signing.publicKey, address: crypto.randomBytes(48), nonce: crypto.randomBytes(32) }
  const honest = toTranscript(crypto, log, answer, reveal(young))
  assert.match(transcriptToCheck(crypto, honest), /^\d{3} \d{3}$/)
  const stolen = toTranscript(crypto, log, answer, reveal(thief))
  assert.notEqual(transcriptToCheck(crypto, stolen), transcriptToCheck(crypto, honest))
  const confirmed = confirmPairing(crypto, young.signing, honest)
  assert.ok(confirmed.type === 'confirmed')
  assert.ok(isConfirmed(crypto, young.signing.publicKey, honest, confirmed.signature))
  assert.ok(!isConfirmed(crypto, young.signing.publicKey, stolen, confirmed.signature))
})

test('the welcome is for the device that was compared, from the device that was compared', () => {
  const [old, young, thief] = [newDevice(), newDevice(), newDevice()]
  const transcript = crypto.randomBytes(32)
  const payload = {
    person: crypto.randomBytes(32),
    admission: crypto.randomBytes(32),
    addressSeed: crypto.randomBytes(32),
    epoch: { hash: crypto.randomBytes(32), level: 'admin' as const, secret: crypto.randomBytes(32) },
    recovery: { writeSeed: crypto.randomBytes(32), readKey: crypto.randomBytes(32) },
    hubs: ['wss://hub.example'],
  }
  const welcome = createWelcome(crypto, old.signing, reveal(young), transcript, encodeWelcome(payload))
  assert.ok(welcome.type === 'welcome')
  const open = (from: Uint8Array, own: ReturnType<typeof newDevice>) =>
    openWelcome(crypto, from, own.sealing, transcript, welcome)
  assert.deepEqual(decodeWelcome(open(old.signing.publicKey, young)), payload)
  assert.throws(() => open(thief.signing.publicKey, young), { code: 'bad-signature' })
  assert.throws(() => open(old.signing.publicKey, thief), { code: 'cannot-open' })
})

test('the key of a tag leads to the home space of its app, another does not', () => {
  const log = tagToHomeLog(crypto, crypto.randomBytes(32))
  const { publicKey } = createSigningKey(crypto)
  const pointer = {
    app: 'org.example.todo',
    space: crypto.randomBytes(32),
    epoch: crypto.randomBytes(32),
    level: 'admin' as const,
    secret: crypto.randomBytes(32),
    policy: { read: publicKey, write: publicKey, admin: 'none', kind: 'space' } as const,
    time: 5,
  }
  const sealed = sealHomePointer(crypto, log, pointer)
  assert.deepEqual(openHomePointer(crypto, log, sealed), pointer)
  assert.throws(() => openHomePointer(crypto, tagToHomeLog(crypto, crypto.randomBytes(32)), sealed), {
    code: 'cannot-open',
  })
})
