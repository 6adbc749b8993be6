/**
 * Privacy Pass tokens of type 2 (RFC 9577, RFC 9578): blind RSA signatures that anybody can verify and nobody can link to the moment
 * when they were issued. Here are their bytes; the arithmetic is the platforms' and the hub's.
 */
import { concatBytes, equalBytes, fromHex, toHex, utf8 } from '../bytes/index.ts'
import type { Hashing } from '../ports/index.ts'

const tokenType = 2
/** RSA-2048: a modulus, a blinded message and a signature are as long. */
export const tokenModulusBytes = 256
/** Type, nonce, challenge digest, key id, authenticator. */
export const tokenBytes = 2 + 32 + 32 + 32 + tokenModulusBytes
/** Type, last byte of the key id, blinded message. */
export const tokenRequestBytes = 2 + 1 + tokenModulusBytes

export type TokenFields = {
  readonly nonce: Uint8Array
  readonly challengeDigest: Uint8Array
  readonly keyId: Uint8Array
  readonly authenticator: Uint8Array
}

const typeBytes = Uint8Array.of(0, tokenType)

/** The head of a SubjectPublicKeyInfo of an RSASSA-PSS key (SHA-384, MGF1 with SHA-384, salt 48) of 2048 bits, up to the modulus. */
const spkiHead = fromHex(
  '30820152303d06092a864886f70d01010a3030a00d300b0609608648016503040202a11a301806092a864886f70d010108300b0609608648016503040202a2030201300382010f003082010a0282010100',
)
/** The public exponent 65537. */
const spkiTail = fromHex('0203010001')

/** The key as RFC 9578 has it: its hash is the key's id. */
export function modulusToSpki(modulus: Uint8Array): Uint8Array {
  return concatBytes(spkiHead, modulus, spkiTail)
}

export function tokenKeyId(crypto: Hashing, modulus: Uint8Array): Uint8Array {
  return crypto.sha256(modulusToSpki(modulus))
}

/** Whether it can be the modulus of an RSA-2048 key: of full length, and odd. */
export function isTokenModulus(modulus: Uint8Array): boolean {
  return modulus.length === tokenModulusBytes && modulus[0]! >= 0x80 && (modulus.at(-1)! & 1) === 1
}

/**
 * TokenChallenge (RFC 9577, 2.1) with the hub, by its key, as issuer; without context and origin, so that tokens can be fetched long
 * before they are spent.
 */
export function hubToTokenChallenge(hubKey: Uint8Array): Uint8Array {
  const issuer = utf8(toHex(hubKey))
  return concatBytes(typeBytes, Uint8Array.of(issuer.length >> 8, issuer.length & 255), issuer, Uint8Array.of(0, 0, 0))
}

/** What is signed: all of a token before its authenticator. */
export function tokenToInput(token: Omit<TokenFields, 'authenticator'>): Uint8Array {
  return concatBytes(typeBytes, token.nonce, token.challengeDigest, token.keyId)
}

export function tokenToBytes(token: TokenFields): Uint8Array {
  return concatBytes(tokenToInput(token), token.authenticator)
}

/** Undefined for another type. `bytes` has `tokenBytes`; the fields are views. */
export function bytesToToken(bytes: Uint8Array): TokenFields | undefined {
  if (bytes.length !== tokenBytes || !equalBytes(bytes.subarray(0, 2), typeBytes)) return undefined
  return {
    nonce: bytes.subarray(2, 34),
    challengeDigest: bytes.subarray(34, 66),
    keyId: bytes.subarray(66, 98),
    authenticator: bytes.subarray(98),
  }
}

export function toTokenRequest(keyId: Uint8Array, blinded: Uint8Array): Uint8Array {
  return concatBytes(typeBytes, keyId.subarray(31), blinded)
}

/** The blinded message, where the request is for that key; undefined for another's, and for another type. */
export function tokenRequestToBlinded(request: Uint8Array, keyId: Uint8Array): Uint8Array | undefined {
  const isOurs =
    request.length === tokenRequestBytes && equalBytes(request.subarray(0, 3), toTokenRequest(keyId, nothing))
  return isOurs ? request.subarray(3) : undefined
}

const nothing = new Uint8Array(0)
