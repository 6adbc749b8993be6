/** For tests: a member of a hub, who fetches tokens and pays with them frame by frame. */
import { createBlindRsa } from '@kith/core/crypto/blind'
import { fromBase64Url } from '@kith/core/bytes'
import {
  hubToTokenChallenge,
  issueBytes,
  joinBytes,
  type TokenFields,
  tokenKeyId,
  tokenToBytes,
  tokenToInput,
  toTokenRequest,
} from '@kith/core/wire'
import { random } from '../node-crypto.ts'
import type { TestAnswer, TestClient, TestLog } from './client.ts'
import { testSigning } from './client.ts'

const blindRsa = createBlindRsa(crypto.subtle)

/** `secret` is an invite's: the hub's key, then the code. */
export async function join(client: TestClient, secret: string, seed: Uint8Array): Promise<string> {
  const code = fromBase64Url(secret).subarray(32)
  const member = testSigning.ed25519PublicKey(seed)
  const signature = testSigning.ed25519Sign(joinBytes(client.hello, code), seed)
  const { results } = await client.ask({ type: 'join', code, member, signature })
  return results[0]!.refused ?? 'joined'
}

export async function askTerms(client: TestClient, logs: readonly Uint8Array[] = []) {
  const answer = (await client.ask({ type: 'terms', logs })) as TestAnswer & { terms: Terms }
  return answer
}

type Terms = {
  access: string
  tokensPerPeriod: number
  roomBytes: number
  keys: { modulus: Uint8Array; closesMs: number; endsMs: number }[]
}

export type BlindTokens = {
  readonly requests: Uint8Array[]
  readonly finish: (results: readonly { signature?: Uint8Array }[]) => Promise<Uint8Array[]>
}

export async function blindTokens(client: TestClient, modulus: Uint8Array, count: number): Promise<BlindTokens> {
  const keyId = tokenKeyId(testSigning, modulus)
  const challengeDigest = testSigning.sha256(hubToTokenChallenge(client.hello.hubKey))
  const blinds: { input: Omit<TokenFields, 'authenticator'>; blinded: Uint8Array; inverse: Uint8Array }[] = []
  for (let at = 0; at < count; at += 1) {
    const input = { nonce: random(32), challengeDigest, keyId }
    blinds.push({ input, ...(await blindRsa.blind(modulus, tokenToInput(input))) })
  }
  return {
    requests: blinds.map(({ blinded }) => toTokenRequest(keyId, blinded)),
    finish: (results) =>
      Promise.all(
        blinds.map(async ({ input, inverse }, at) => {
          const authenticator = await blindRsa.finalize(modulus, tokenToInput(input), results[at]!.signature!, inverse)
          return tokenToBytes({ ...input, authenticator: authenticator! })
        }),
      ),
  }
}

export async function issue(client: TestClient, seed: Uint8Array, requests: readonly Uint8Array[]) {
  const signature = testSigning.ed25519Sign(issueBytes(testSigning, client.hello, requests), seed)
  const member = testSigning.ed25519PublicKey(seed)
  const { results } = await client.ask({ type: 'issue', member, signature, requests })
  return results as unknown as { signature?: Uint8Array; refused?: string }[]
}

export async function fetchTokens(client: TestClient, seed: Uint8Array, count: number): Promise<Uint8Array[]> {
  const { terms } = await askTerms(client)
  const blind = await blindTokens(client, terms.keys[0]!.modulus, count)
  return blind.finish(await issue(client, seed, blind.requests))
}

/** 'paid' or why not. */
export async function payTokens(client: TestClient, log: TestLog, tokens: readonly Uint8Array[]): Promise<string> {
  const { results } = await client.ask({ type: 'pay', pays: [{ log: log.id, tokens, works: [] }] })
  return results[0]!.refused ?? 'paid'
}
