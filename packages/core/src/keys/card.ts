/** Contact cards: what one gives to others, by link or QR code, so that they can write. */
import { concatBytes, decodeCbor, encodeCbor, isList, KithError, labelled } from '../bytes/index.ts'
import type { SigningKey } from '../crypto/sign/index.ts'
import { signatureBytes } from '../crypto/verify/index.ts'
import { cardCharsMax } from '../limits/index.ts'
import type { Signing, Verifying } from '../ports/index.ts'
import { bytesToCheckedText, checkedTextToBytes } from './checked-text.ts'
import { hubsToValue, toContactSealing, toHubs, toMs, toName, toReadKey } from './contact-fields.ts'
import { openLineage } from './lineage.ts'
import type { LinkHub } from './link.ts'

/** All that a card says. Whoever has it can send one letters; it opens nothing. */
export type Card = {
  /** A proposal: what the receiver calls the person is the receiver's affair. */
  readonly name: string
  /** X25519: letters are sealed to it. */
  readonly sealing: Uint8Array
  /** Public read key of the knock box, which completes its policy. */
  readonly knock: Uint8Array
  readonly hubs: readonly LinkHub[]
  /** When it was made, milliseconds since 1970: of two cards of a person the newer counts. */
  readonly time: number
  /** `createLineage` of the device that signs. */
  readonly lineage: Uint8Array
}

/** A card whose signature and lineage were checked. */
export type CheckedCard = Card & {
  readonly person: Uint8Array
  readonly address: Uint8Array
  readonly device: Uint8Array
}

const kind = { prefix: 'kith:card:', label: 'kith/1 card sum' }
const version = 1

/**
 * 'kith:card:' and base64url of CBOR [1, name, sealing key, knock box's read key, [[hub key, URL]…], time, lineage] ‖ 64 bytes of
 * signature ‖ 4 bytes of checksum, so that a card that was cut off is told from one that was forged.
 *
 * @throws KithError `too-large`.
 */
export function formatCard(crypto: Signing, card: Card, device: SigningKey): string {
  const { name, sealing, knock, hubs, time, lineage } = card
  const payload = encodeCbor([version, name, sealing, knock, hubsToValue(hubs), time, lineage])
  const signed = concatBytes(payload, crypto.ed25519Sign(cardToSign(payload), device.seed))
  const text = bytesToCheckedText(crypto, kind, signed)
  if (text.length > cardCharsMax)
    throw new KithError('too-large', 'The card would be too long to read. Use fewer or shorter hub URLs.')
  return text
}

/**
 * Reads what `formatCard` wrote, also as the fragment of a web address and with space around it.
 *
 * @throws KithError `bad-card` (not whole), `protocol-version`, `bad-signature` and what `openLineage` throws (forged), `bad-encoding`.
 */
export function parseCard(crypto: Verifying, text: string): CheckedCard {
  const signed = text.length > cardCharsMax ? undefined : checkedTextToBytes(crypto, kind, text)
  if (signed === undefined || signed.length <= signatureBytes) throw badCard()
  const payload = signed.subarray(0, -signatureBytes)
  const value = decodeCbor(payload)
  if (!isList(value)) throw badCard()
  if (value[0] !== version)
    throw new KithError('protocol-version', 'The card was made by a newer version of Kith. Update this program.')
  const [, name, sealing, knock, hubs, time, lineage] = value
  if (value.length !== 7 || !(lineage instanceof Uint8Array)) throw badCard()
  const shown = openLineage(crypto, lineage)
  if (!crypto.ed25519Verify(signed.subarray(payload.length), cardToSign(payload), shown.device))
    throw new KithError('bad-signature', 'The card is not signed by a device of its person. Do not use it.')
  return {
    name: toName(name),
    sealing: toContactSealing(sealing),
    knock: toReadKey(knock),
    hubs: toHubs(hubs),
    time: toMs(time),
    lineage,
    person: shown.person,
    address: shown.address,
    device: shown.device,
  }
}

function cardToSign(payload: Uint8Array): Uint8Array {
  return labelled('kith/1 card', payload)
}

function badCard(): KithError {
  return new KithError('bad-card', 'The contact card is not whole. Ask for it again and copy all of it.')
}
