// One list, to which every adapter is held; its vectors and helpers are nobody else's.
/**
 * What every adapter of the `Crypto` port must do, whatever runs the tests: each case throws when it fails.
 * Published vectors first, then the refusals on which peers must agree, then wrong lengths and shared memory.
 */
import { concatBytes, equalBytes, fromHex, KithError, toHex, utf8 } from '../bytes/index.ts'
import type { Channelling, Crypto, Hashing, Verifying } from './crypto.ts'

export type ConformanceCase<Port> = { readonly name: string; readonly run: (port: Port) => void }

/** A hub fills these, `verifyingConformance` and `channellingConformance` only. */
export const hashingConformance: readonly ConformanceCase<Hashing>[] = [
  {
    name: 'SHA-256 gives the digests of FIPS 180-4',
    run({ sha256 }) {
      same(sha256(utf8('')), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
      same(sha256(utf8('abc')), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
      same(
        sha256(new Uint8Array(1_000_000).fill(0x61)),
        'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
      )
    },
  },
  {
    name: 'HMAC-SHA-256 gives the tags of RFC 4231',
    run({ hmacSha256 }) {
      same(
        hmacSha256(new Uint8Array(20).fill(0x0b), utf8('Hi There')),
        'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
      )
      same(
        hmacSha256(new Uint8Array(131).fill(0xaa), utf8('Test Using Larger Than Block-Size Key - Hash Key First')),
        '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
      )
    },
  },
  {
    name: 'hashes are plain Uint8Arrays of their own and leave their input alone',
    run({ sha256, hmacSha256 }) {
      const input = new Uint8Array(40).fill(7)
      for (const output of [sha256(input), hmacSha256(input, input)]) {
        check(output.constructor === Uint8Array && output.length === 32, 'a plain Uint8Array of 32 bytes')
        output.fill(0)
      }
      check(
        input.every((byte) => byte === 7),
        'input unchanged',
      )
      check(!equalBytes(sha256(input), new Uint8Array(32)), 'an output of its own')
    },
  },
]

// RFC 8032 §7.1: seed, public key, message, signature.
const ed25519Vectors = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
] as const

export const verifyingConformance: readonly ConformanceCase<Verifying>[] = [
  ...hashingConformance,
  {
    name: 'Ed25519 accepts the signatures of RFC 8032 and no altered one',
    run({ ed25519Verify }) {
      for (const [, publicKey, message, signature] of ed25519Vectors) {
        const inputs = [fromHex(signature), fromHex(message), fromHex(publicKey)] as const
        check(ed25519Verify(...inputs), 'the signature itself')
        for (let at = 0; at < 64; at += 1) {
          const altered = Uint8Array.from(inputs[0])
          altered[at]! ^= 1
          check(!ed25519Verify(altered, inputs[1], inputs[2]), `altered at ${at}`)
        }
        check(!ed25519Verify(inputs[0], concatBytes(inputs[1], Uint8Array.of(0)), inputs[2]), 'another message')
      }
    },
  },
  {
    name: 'Ed25519 answers false to wrong lengths instead of throwing',
    run({ ed25519Verify }) {
      const [, publicKey, message, signature] = ed25519Vectors[0].map(fromHex) as [
        never,
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ]
      for (const length of [0, 31, 33, 64]) check(!ed25519Verify(signature, message, new Uint8Array(length)), 'key')
      for (const length of [0, 32, 63, 65])
        check(!ed25519Verify(new Uint8Array(length), message, publicKey), 'signature')
      check(!ed25519Verify(concatBytes(signature, Uint8Array.of(0)), message, publicKey), 'a longer signature')
      check(!ed25519Verify(signature, message, concatBytes(publicKey, Uint8Array.of(0))), 'a longer key')
    },
  },
  {
    name: 'Ed25519 refuses public keys of low order and second encodings of a key',
    run({ ed25519Verify }) {
      // With a key of low order, R = the identity and S = 0 would be right for every message or every eighth.
      const forged = new Uint8Array(64)
      forged[0] = 1
      for (const key of weakEd25519Keys) {
        for (let attempt = 0; attempt < 16; attempt += 1) {
          check(!ed25519Verify(forged, Uint8Array.of(attempt), fromHex(key)), `key ${key}`)
        }
      }
    },
  },
  {
    name: 'Ed25519 refuses an S that is not reduced, which would be a second signature for the same message',
    run({ ed25519Verify }) {
      const [, publicKey, message, signature] = ed25519Vectors[1].map(fromHex) as [
        never,
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ]
      check(!ed25519Verify(addGroupOrderToS(signature), message, publicKey), 'S + L')
    },
  },
]

/** What both ends of a channel need: a hub too. */
export const channellingConformance: readonly ConformanceCase<Channelling>[] = [
  {
    name: 'HKDF-SHA-256 gives the keys of RFC 5869',
    run({ hkdfSha256 }) {
      const inputKey = new Uint8Array(22).fill(0x0b)
      same(
        hkdfSha256(inputKey, fromHex('000102030405060708090a0b0c'), fromHex('f0f1f2f3f4f5f6f7f8f9'), 42),
        '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
      )
      same(
        hkdfSha256(inputKey, new Uint8Array(0), new Uint8Array(0), 42),
        '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
      )
      check(hkdfSha256(inputKey, inputKey, inputKey, 8160).length === 8160, 'the longest output')
      check(hkdfSha256(inputKey, inputKey, inputKey, 32).constructor === Uint8Array, 'a plain Uint8Array')
      throws(() => hkdfSha256(inputKey, inputKey, inputKey, 8161))
    },
  },
  {
    name: 'X25519 gives the shared secrets of RFC 7748',
    run({ x25519, x25519PublicKey }) {
      same(
        x25519(
          fromHex('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4'),
          fromHex('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c'),
        ),
        'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
      )
      // §6.1, as RFC 8037 A.6 prints it.
      same(
        x25519(
          fromHex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'),
          fromHex('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f'),
        ),
        '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
      )
      same(
        x25519PublicKey(fromHex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a')),
        '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
      )
    },
  },
  {
    name: 'X25519 refuses points of low order and wrong lengths with bad-key',
    run({ x25519 }) {
      const secretKey = new Uint8Array(32).fill(9)
      for (const point of lowOrderX25519Points) throws(() => x25519(secretKey, fromHex(point)), 'bad-key')
      for (const length of [0, 31, 33]) throws(() => x25519(secretKey, new Uint8Array(length).fill(9)), 'bad-key')
    },
  },
  {
    name: 'random bytes come in the length asked for and do not repeat',
    run({ randomBytes }) {
      for (const length of [0, 1, 32, 65_536, 200_001]) check(randomBytes(length).length === length, `${length} bytes`)
      check(!equalBytes(randomBytes(32), randomBytes(32)), 'two that differ')
      check(
        randomBytes(200_001)
          .subarray(-64)
          .some((byte) => byte !== 0),
        'the end is filled too',
      )
    },
  },
  ...aeadConformance<Channelling>(
    'ChaCha20-Poly1305',
    'RFC 8439 §2.8.2',
    () => chachaVector,
    (port) => [port.channelSeal, port.channelOpen],
  ),
]

/** Points of low order in all encodings, and y ≥ p (here the key 2^255 − 19 + 3, a second encoding of y = 3). */
const weakEd25519Keys = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
]

export const cryptoConformance: readonly ConformanceCase<Crypto>[] = [
  ...verifyingConformance,
  ...channellingConformance,
  {
    name: 'Ed25519 makes the keys and signatures of RFC 8032, again and again in any order',
    run({ ed25519PublicKey, ed25519Sign }) {
      for (let round = 0; round < 3; round += 1) {
        for (const [seed, publicKey, message, signature] of ed25519Vectors) {
          const key = ed25519PublicKey(fromHex(seed))
          same(key, publicKey)
          key.fill(0)
          same(ed25519Sign(fromHex(message), fromHex(seed)), signature)
        }
      }
    },
  },
  {
    name: 'Ed25519 keeps no reference to a seed that its owner overwrites',
    run({ ed25519PublicKey }) {
      const seed = fromHex(ed25519Vectors[0][0])
      ed25519PublicKey(seed)
      seed.set(fromHex(ed25519Vectors[1][0]))
      same(ed25519PublicKey(seed), ed25519Vectors[1][1])
      same(ed25519PublicKey(fromHex(ed25519Vectors[0][0])), ed25519Vectors[0][1])
    },
  },
  {
    // Verdicts of peers must agree on these too, so every adapter takes libsodium's side: see crypto/seal/sodium.ts.
    name: 'Ed25519 judges signatures that only a dishonest owner can make as libsodium does',
    run({ ed25519Verify }) {
      for (const { publicKey, message, signature, valid, why } of dishonestSignatures) {
        check(ed25519Verify(fromHex(signature), fromHex(message), fromHex(publicKey)) === valid, why)
      }
    },
  },
  ...aeadConformance<Crypto>(
    'XChaCha20-Poly1305',
    'draft-irtf-cfrg-xchacha-03 A.3.1',
    () => xchachaVector,
    (port) => [port.aeadSeal, port.aeadOpen],
  ),
]

const lowOrderX25519Points = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
]

/**
 * Made with a known key whose R or public key has a component of order 8, and with R of low order. RFC 8032 leaves them open; the
 * verdict is that of verification without the cofactor which also refuses an R of low order.
 */
const dishonestSignatures = [
  {
    why: 'R is the identity',
    publicKey: '6e7a1cdd29b0b78fd13af4c5598feff4ef2a97166e3ca6f2e4fbfccd80505bf1',
    message: '6b697468',
    signature:
      '0100000000000000000000000000000000000000000000000000000000000000c6805e4f45c357ac96b172d7e05f3a44d7ed024670216c52db6b42fa3e293f0a',
    valid: false,
  },
  {
    why: 'R of order 8',
    publicKey: '6e7a1cdd29b0b78fd13af4c5598feff4ef2a97166e3ca6f2e4fbfccd80505bf1',
    message: '6b697468',
    signature:
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05dd8632864d59e531ec53bf4a60bb4847ead460d3702b7d0bd8820ff7fc693203',
    valid: false,
  },
  {
    why: 'R has a component of order 8',
    publicKey: '6e7a1cdd29b0b78fd13af4c5598feff4ef2a97166e3ca6f2e4fbfccd80505bf1',
    message: '6b697468',
    signature:
      '1dd960b291c53514fece1341fc0dcd8a648b3934c2c533666f737a654ff1e1bf0933d674f421829277b43365682e85fc5f8f41ef98e05ad727bd9608b872f600',
    valid: false,
  },
  {
    why: 'mixed key',
    publicKey: '4aa7d9ec83b4df153159caf2f72cfc4981f252923c8155cdbbed6c8bf09b24d8',
    message: '00',
    signature:
      '17ffad8068dc0de9935d36636f3ad1b5de6de3413b12388e453b05f2a4c1d3dbec5d67e73d03c3ce97e77c5577835a0ea91ea2a08049a07a4e6e8cc7385a0204',
    valid: false,
  },
  {
    why: 'mixed key, challenge multiple of 8',
    publicKey: '4aa7d9ec83b4df153159caf2f72cfc4981f252923c8155cdbbed6c8bf09b24d8',
    message: '01',
    signature:
      '17ffad8068dc0de9935d36636f3ad1b5de6de3413b12388e453b05f2a4c1d3db984940d1cafd9d5f78a9bb900592dabd2dc5bfe84cc6e7f4c0ffcd975016d10b',
    valid: true,
  },
] as const

const xchachaVector = {
  key: fromHex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f'),
  nonce: fromHex('404142434445464748494a4b4c4d4e4f5051525354555657'),
  associated: fromHex('50515253c0c1c2c3c4c5c6c7'),
  plain: utf8(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  ),
  sealed: fromHex(
    'bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52e' +
      'c0875924c1c7987947deafd8780acf49',
  ),
}

const chachaVector = {
  ...xchachaVector,
  nonce: fromHex('070000004041424344454647'),
  sealed: fromHex(
    'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b6116' +
      '1ae10b594f09e26a7e902ecbd0600691',
  ),
}

/** `source` is where the vector was published. */
function aeadConformance<Port>(
  cipher: string,
  source: string,
  vector: () => typeof xchachaVector,
  of: (port: Port) => [Crypto['aeadSeal'], Crypto['aeadOpen']],
): ConformanceCase<Port>[] {
  return [
    {
      name: `${cipher} gives the ciphertext of ${source}`,
      run(port) {
        const { key, nonce, plain, associated, sealed } = vector()
        const [seal, open] = of(port)
        same(seal(key, nonce, plain, associated), toHex(sealed))
        same(open(key, nonce, sealed, associated) as Uint8Array, toHex(plain))
      },
    },
    {
      name: `${cipher} answers undefined to anything altered or cut off`,
      run(port) {
        const { key, nonce, plain, associated, sealed } = vector()
        const [seal, open] = of(port)
        for (let at = 0; at < sealed.length; at += 1) {
          const altered = Uint8Array.from(sealed)
          altered[at]! ^= 0x80
          check(open(key, nonce, altered, associated) === undefined, `altered at ${at}`)
          check(open(key, nonce, sealed.subarray(0, at), associated) === undefined, `cut off at ${at}`)
        }
        check(open(key, nonce, sealed, associated.subarray(1)) === undefined, 'other associated data')
        check(open(key, new Uint8Array(nonce.length), sealed, associated) === undefined, 'another nonce')
        check(open(otherKey(key), nonce, sealed, associated) === undefined, 'another key')
        const empty = seal(key, nonce, new Uint8Array(0), new Uint8Array(0))
        check(empty.length === 16 && open(key, nonce, empty, new Uint8Array(0))?.length === 0, 'an empty message')
        check(empty.constructor === Uint8Array, 'a plain Uint8Array')
        throws(() => seal(key.subarray(1), nonce, plain, associated))
        throws(() => open(key, nonce.subarray(1), sealed, associated))
      },
    },
  ]
}

/** Another key that is as long. */
function otherKey(key: Uint8Array): Uint8Array {
  const other = Uint8Array.from(key)
  other[31]! ^= 1
  return other
}

/** The second S that is congruent to the first: the group order L added, as little-endian numbers. */
function addGroupOrderToS(signature: Uint8Array): Uint8Array {
  const order = fromHex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010')
  const altered = Uint8Array.from(signature)
  let carry = 0
  for (let at = 0; at < 32; at += 1) {
    const sum = altered[32 + at]! + order[at]! + carry
    altered[32 + at] = sum & 0xff
    carry = sum >> 8
  }
  return altered
}

function same(actual: Uint8Array, expectedHex: string): void {
  check(toHex(actual) === expectedHex, `got ${toHex(actual)} instead of ${expectedHex}`)
}

function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(`The adapter does not conform: ${what}`)
}

function throws(run: () => unknown, code?: string): void {
  try {
    run()
  } catch (error) {
    if (code === undefined || (error instanceof KithError && error.code === code)) return
    throw error
  }
  throw new Error('The adapter does not conform: it accepted what it must refuse')
}
