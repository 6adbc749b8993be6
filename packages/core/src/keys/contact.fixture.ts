/** Persons with one or several devices, and cards and letters of them, for tests. */
import { kinds, type Segment } from '../change/index.ts'
import { createSigningKey, type SigningKey } from '../crypto/sign/index.ts'
import { encodeAdmission, encodeRemoval } from '../membership/index.ts'
import type { Crypto } from '../ports/index.ts'
import { type Card, formatCard } from './card.ts'
import { chainStart, createChainWriter } from './chain.ts'
import type { Letter } from './letter.ts'
import { createLineage } from './lineage.ts'
import { createPerson, type NewPerson } from './person.ts'

export const nowMs = 1_795_000_000_000

export type TestPerson = {
  readonly person: NewPerson
  /** The newest device, and its lineage. */
  readonly device: SigningKey
  readonly admission: Uint8Array
  readonly segments: readonly Segment[]
  readonly lineage: Uint8Array
}

/** A person whose devices admitted each other, one after the other; each also wrote something else. */
export const createTestPerson = (crypto: Crypto, devices = 1): TestPerson => {
  const person = createPerson(crypto, { last: { ms: 0, counter: 0 }, nowMs })
  const id = person.secrets.person
  const segments: Segment[] = [person.segment]
  let device = person.secrets.device.signing
  let admission = id
  let end = person.end
  for (let made = 1; made < devices; made += 1) {
    const writer = createChainWriter(crypto, device, { ...end, space: id, grant: admission, admission }, nowMs)
    const next = createSigningKey(crypto)
    writer.write(
      kinds.removal,
      encodeRemoval({ salt: crypto.randomBytes(16), grants: [], cut: [], replacement: undefined }),
    )
    const admitted = writer.write(
      kinds.admission,
      encodeAdmission({
        salt: crypto.randomBytes(16),
        device: next.publicKey,
        deviceSealing: crypto.x25519PublicKey(crypto.randomBytes(32)),
        tags: [],
      }),
    )
    writer.write(
      kinds.removal,
      encodeRemoval({ salt: crypto.randomBytes(16), grants: [], cut: [], replacement: undefined }),
    )
    segments.push(writer.sign())
    device = next
    admission = admitted.hash
    end = chainStart(end.time, admission)
  }
  return { person, device, admission, segments, lineage: createLineage(id, admission, segments) }
}

export const createTestCard = (
  crypto: Crypto,
  of: TestPerson,
  patch: Partial<Card> = {},
): { card: Card; text: string } => {
  const card: Card = {
    name: 'Alice',
    sealing: crypto.x25519PublicKey(crypto.randomBytes(32)),
    knock: createSigningKey(crypto).publicKey,
    hubs: [{ key: crypto.randomBytes(32), url: 'wss://hub.example' }],
    time: nowMs,
    lineage: of.lineage,
    ...patch,
  }
  return { card, text: formatCard(crypto, card, of.device) }
}

export const createTestLetter = (crypto: Crypto, of: TestPerson, patch: Partial<Letter> = {}): Letter => ({
  type: 'letter',
  id: crypto.randomBytes(16),
  time: nowMs,
  lineage: of.lineage,
  terms: undefined,
  invite: undefined,
  message: 'Hello',
  ...patch,
})
