/** Logs of fresh keys: those of the conformance suite, for one protocol needs one way to speak it by hand. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { type LaneCursor, type Resumption, resumeBytes, type ResumeFields, type Right } from '@kith/core/wire'
import { type Log, prove, ticketLog } from '../../conformance/logs.ts'
import type { LoadClient } from './client.ts'

/** What a client keeps so that it can come back; logs are those of the ticket, in order. */
export type Kept = {
  readonly logs: readonly Log[]
  readonly ticket: Uint8Array
  readonly generation: Uint8Array
  readonly resumption: (client: LoadClient) => Resumption
}

/** Opens logs by signatures to read and write, for a ticket. */
export async function openFirst(
  client: LoadClient,
  logs: readonly Log[],
  resumption: Kept['resumption'],
): Promise<Kept> {
  const items = logs.map((log) => ({
    policy: log.policy,
    proofs: [prove(client, log, 'read'), prove(client, log, 'write')],
  }))
  const message = await client.answer({ type: 'open', resumption: resumption(client), logs: items })
  if (message.type !== 'opened' || message.ticket === undefined) throw new Error('No ticket was given.')
  const { generation } = message.results[0] as { generation: Uint8Array }
  return { logs, ticket: message.ticket, generation, resumption }
}

/** What opens them again and follows them from there. */
export function toResume(client: LoadClient, kept: Kept, cursors: (at: number) => readonly LaneCursor[]): ResumeFields {
  const { ticket, generation, resumption } = kept
  const logs = kept.logs.map((log, at) => ({ ...ticketLog(log, 'read', 'write'), cursors: cursors(at) }))
  return { resumption: resumption(client), ticket, generation, logs }
}

export { createLog, cursorAt, type Log, prove, pullItem, random, ticketLog } from '../../conformance/logs.ts'

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
