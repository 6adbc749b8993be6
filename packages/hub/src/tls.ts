/** A hub's own certificate: read from files, and read again when they change, as renewing programs do. */
import { readFileSync, statSync } from 'node:fs'
import type { Server, ServerOptions } from 'node:http'
import { createServer } from 'node:https'
import { createSecureContext, type Server as TlsServer } from 'node:tls'
import { KithError } from '@kith/core/bytes'

export type TlsFiles = {
  /** The certificate and those between it and the root, PEM. */
  readonly certificate: string
  readonly key: string
}

export type SecureServer = {
  readonly server: Server
  /** Takes over files that have changed; keeps the old ones where the new are wrong, and says why. */
  readonly renew: () => string | undefined
}

/** @throws KithError `storage-unavailable` where a file cannot be read, or is no certificate with its key. */
export function createSecureServer(files: TlsFiles, options: ServerOptions = {}): SecureServer {
  let seen = stampOf(files)
  const server = createServer({ ...options, ...read(files), minVersion: 'TLSv1.2' })
  return {
    server,
    renew() {
      try {
        const stamp = stampOf(files)
        if (stamp === seen) return undefined
        ;(server as TlsServer).setSecureContext(read(files))
        seen = stamp
        return undefined
      } catch (cause) {
        return cause instanceof Error ? cause.message : String(cause)
      }
    },
  }
}

function stampOf({ certificate, key }: TlsFiles): string {
  return [certificate, key].map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0).join()
}

function read({ certificate, key }: TlsFiles): { cert: Buffer; key: Buffer } {
  try {
    const context = { cert: readFileSync(certificate), key: readFileSync(key) }
    createSecureContext(context)
    return context
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw new KithError(
      'storage-unavailable',
      `The certificate ${certificate} with the key ${key} cannot be used: ${why}. Name PEM files that belong together.`,
      {},
      cause,
    )
  }
}
