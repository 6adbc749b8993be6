/** Logs of fresh keys: those of the conformance suite, for one protocol needs one way to speak it by hand. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { type Resumption, resumeBytes, type Right } from '@kith/core/wire'
import { type Log, prove } from '../../conformance/logs.ts'
import type { LoadClient } from './client.ts'

export { createLog, type Log, prove, pullItem, random } from '../../conformance/logs.ts'

export async function openTo(client: LoadClient, log: Log, ...rights: Right[]): Promise<void> {
  const proofs = rights.map((right) => prove(client, log, right))
  await client.ask({ type: 'open', resumption: undefined, logs: [{ policy: log.policy, proofs }] })
}

/** The key that one's tickets are bound to, made ready once: thousands come back in one process here. */
export function createResumption(): (client: LoadClient) => Resumption {
  const { publicKey: key, privateKey } = generateKeyPairSync('ed25519')
  const publicKey = new Uint8Array(Buffer.from(key.export({ format: 'jwk' }).x as string, 'base64url'))
  return ({ hello }) => ({
    publicKey,
    signature: new Uint8Array(sign(null, resumeBytes(hello, publicKey), privateKey)),
  })
}
