/** Keeps a server's certificate good: serves with what is in the folder, and has it renewed in time. */
import type { ServerOptions } from 'node:http'
import { createServer } from 'node:https'
import { KithError } from '@kith/core/bytes'
import type { Clock } from '@kith/core/ports'
import type { HubLog, HubLogEvent } from '../log.ts'
import type { SecureServer } from '../tls.ts'
import { createChallengeDoor } from './challenge-door.ts'
import {
  type AcmeState,
  freshState,
  openAcmeFolder,
  readAcmeState,
  readCertificate,
  writeAcmeState,
  writeCertificate,
} from './files.ts'
import { type AcmeOptions, checkAcme, directoryUrl } from './options.ts'
import { orderCertificate } from './order.ts'
import { mayTry, needsCertificate, nextTryMs } from './schedule.ts'

/**
 * A server that has no certificate until it gets its first: until then handshakes fail, but for the authority's.
 *
 * @throws KithError `bad-value` for options that no certificate can be got with, `storage-unavailable` for the folder.
 */
export function createAcmeServer(
  options: AcmeOptions,
  serverOptions: ServerOptions,
  { clock, log }: { readonly clock: Clock; readonly log: HubLog },
): SecureServer {
  checkAcme(options)
  const { folder, name } = options
  const directory = directoryUrl(options.directory)
  openAcmeFolder(folder)
  const server = createServer({ ...serverOptions, minVersion: 'TLSv1.2' })
  const door = createChallengeDoor(server)
  let certificate = readCertificate(folder)
  let isBusy = false
  /** As the state on disk has it, where that can be written. */
  let heldUntilMs = 0
  if (certificate !== undefined) server.setSecureContext({ cert: certificate.pem, key: certificate.pem })

  /** What came of it, when all of it is on disk. */
  async function order(state: AcmeState): Promise<HubLogEvent> {
    const failures = state.failures + 1
    try {
      // Counted before it is begun: a hub that is killed over it, or cannot write afterwards, hammers nobody either.
      heldUntilMs = nextTryMs(failures, 0, clock.now())
      writeAcmeState(folder, {
        ...state,
        failures,
        retryAtMs: heldUntilMs,
        problem: 'The hub ended before it was told.',
      })
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      const pem = await orderCertificate(options, port, door)
      writeCertificate(folder, pem)
      writeAcmeState(folder, { ...freshState, name, directory })
      heldUntilMs = 0
      certificate = readCertificate(folder)
      server.setSecureContext({ cert: pem, key: pem })
      return { event: 'certificate-obtained', until: new Date(certificate?.untilMs ?? 0).toISOString() }
    } catch (cause) {
      const toldMs = cause instanceof KithError ? Number(cause.details['retryAfterMs'] ?? 0) : 0
      heldUntilMs = nextTryMs(failures, toldMs, clock.now())
      const problem = cause instanceof Error ? cause.message : String(cause)
      writeAcmeState(folder, { ...state, failures, retryAtMs: heldUntilMs, problem })
      return {
        event: 'certificate-failed',
        message: `${problem} Tried again at ${new Date(heldUntilMs).toISOString()}.`,
      }
    }
  }

  return {
    server,
    renew() {
      const now = clock.now()
      const state = readAcmeState(folder)
      const isHeld = !mayTry(state, now) || !mayTry({ retryAtMs: heldUntilMs }, now)
      if (isBusy || isHeld || !needsCertificate(certificate, state, options, now)) return undefined
      isBusy = true
      void order(state)
        .catch((cause: unknown): HubLogEvent => ({ event: 'certificate-failed', message: String(cause) }))
        .then((event) => {
          isBusy = false
          log(event)
        })
      return undefined
    },
  }
}
