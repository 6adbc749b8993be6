/** What a hub asks of whoever makes a log, and how the suite pays for it: tokens of the invite it was given, work of its own. */
import { fromBase64Url, labelled } from '@kith/core/bytes'
import { createBlindRsa } from '@kith/core/crypto/blind'
import {
  type HubMessage,
  type HubTerms,
  hubToTokenChallenge,
  inviteCodeBytes,
  issueBytes,
  joinBytes,
  searchWork,
  tokenKeyId,
  tokenToBytes,
  tokenToInput,
  toTokenRequest,
  type Work,
  type WorkChallenge,
} from '@kith/core/wire'
import type { Client, Result } from './client.ts'
import { Failed, same, Skipped } from './expect.ts'
import { type Log, random, signing } from './logs.ts'

export type Member = { readonly code: Uint8Array; readonly seed: Uint8Array }

/** More would keep both machines busy: 4 million hashes. */
const workBitsMost = 22

const blindRsa = createBlindRsa(crypto.subtle)

/** The same member for the same invite, so that the suite can be run again with it. */
export function inviteToMember(invite: string): Member {
  const bytes = fromBase64Url(invite)
  if (bytes.length !== 32 + inviteCodeBytes)
    throw new Failed('--invite is no invite: give the text that `kith hub invite` prints, whole')
  return { code: bytes.subarray(32), seed: signing.sha256(labelled('kith/1 conformance member', bytes)) }
}

export async function join(client: Client, { code, seed }: Member): Promise<Result> {
  const member = signing.ed25519PublicKey(seed)
  const signature = signing.ed25519Sign(joinBytes(client.hello, code), seed)
  const { results } = await client.ask({ type: 'join', code, member, signature })
  return results[0] ?? {}
}

export async function askTerms(client: Client, logs: readonly Pick<Log, 'id'>[] = []) {
  const { message, results } = await client.ask({ type: 'terms', logs: logs.map(({ id }) => id) })
  const { terms } = message as Extract<HubMessage, { type: 'told' }>
  return { terms, results }
}

export async function issue(
  client: Client,
  seed: Uint8Array,
  requests: readonly Uint8Array[],
): Promise<readonly Result[]> {
  const signature = signing.ed25519Sign(issueBytes(signing, client.hello, requests), seed)
  const member = signing.ed25519PublicKey(seed)
  return (await client.ask({ type: 'issue', member, signature, requests })).results
}

export type BlindToken = {
  readonly request: Uint8Array
  /** Undefined where the signature is not one of the key. */
  readonly finish: (signature: Uint8Array) => Promise<Uint8Array | undefined>
}

export async function blindToken({ hello }: Client, { modulus }: HubTerms['keys'][number]): Promise<BlindToken> {
  const keyId = tokenKeyId(signing, modulus)
  const input = { nonce: random(32), challengeDigest: signing.sha256(hubToTokenChallenge(hello.hubKey)), keyId }
  const { blinded, inverse } = await blindRsa.blind(modulus, tokenToInput(input))
  return {
    request: toTokenRequest(keyId, blinded),
    async finish(signature) {
      const authenticator = await blindRsa.finalize(modulus, tokenToInput(input), signature, inverse)
      return authenticator && tokenToBytes({ ...input, authenticator })
    },
  }
}

/** One token; on a connection that opens no log. */
export async function fetchToken(client: Client, { seed }: Member): Promise<Uint8Array> {
  const { terms } = await askTerms(client)
  const blind = await blindToken(client, terms.keys[0] ?? fail('the hub wants tokens and tells no key for them'))
  const [result] = await issue(client, seed, [blind.request])
  if (result?.refused === 'tokens-used-up') throw new Skipped('the tokens of the invite’s member are used up for now')
  if (result?.signature === undefined) throw new Failed(`no token was issued: ${result?.refused}`)
  return (await blind.finish(result.signature)) ?? fail('a blind signature is not by the key that the hub told')
}

export async function pay(
  client: Client,
  { id }: Pick<Log, 'id'>,
  tokens: readonly Uint8Array[],
  works: readonly Work[] = [],
): Promise<Result> {
  const { results } = await client.ask({ type: 'pay', pays: [{ log: id, tokens, works }] })
  return results[0] ?? {}
}

export function doWork(challenge: WorkChallenge): Work {
  const { bits, expiresMs } = challenge
  if (bits > workBitsMost)
    throw new Skipped(`the hub asks for ${bits} bits of work now: try again when it is less crowded`)
  let from = 0
  for (;;) {
    const found = searchWork(signing, challenge, from, 1 << 20)
    if ('nonce' in found) return { bits, expiresMs, nonce: found.nonce }
    from = found.next
  }
}

/** Pays for an open log's first entry, whatever the hub wants for it. */
export async function payForLog(client: Client, log: Log, token: () => Promise<Uint8Array>): Promise<void> {
  const { terms, results } = await askTerms(client, [log])
  const { kind } = log.policy
  if (terms.access !== 'open' && (kind === 'space' || kind === 'media')) {
    same((await pay(client, log, [await token()])).done, true, 'a good token is taken')
    return
  }
  const challenge = results[0]
  if (challenge?.refused !== undefined) return
  same((await pay(client, log, [], [doWork(challenge as WorkChallenge)])).done, true, 'work that was done is taken')
}

function fail(why: string): never {
  throw new Failed(why)
}
