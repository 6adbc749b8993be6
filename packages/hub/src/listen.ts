/** Takes the port that a hub serves on, and says which of address and port is at fault if it cannot be had. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KithError } from '@kith/core/bytes'

/** Resolves with the port, which is another where `port` is 0. Throws 'host-unavailable' and 'port-unavailable'. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const refuse = (cause: unknown) => reject(listenFailure(host, port, cause))
  server.once('error', refuse)
  try {
    server.listen(port, host, () => {
      server.off('error', refuse)
      resolve((server.address() as AddressInfo).port)
    })
  } catch (cause) {
    // A number that is no port is thrown at once.
    refuse(cause)
  }
  return promise
}

function listenFailure(host: string, port: number, cause: unknown): KithError {
  const code = (cause as { code?: unknown } | null)?.code
  switch (code) {
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EAI_AGAIN':
    case 'EINVAL':
    case 'ENOTFOUND':
      return new KithError(
        'host-unavailable',
        `The hub cannot listen on the address ${host}: this machine does not have it. Choose another host; 127.0.0.1 is for this machine alone.`,
        {},
        cause,
      )
    case 'EADDRINUSE':
      return portFailure(`Port ${port} of ${host} is in use. Choose another port, or stop what uses it.`, cause)
    case 'EACCES':
      return portFailure(`The hub may not listen on port ${port}. Choose one above 1023.`, cause)
    case 'ERR_SOCKET_BAD_PORT':
      return portFailure(`${port} is no port. Choose one from 0 to 65535; 0 is any that is free.`, cause)
    default:
      return portFailure(`The hub cannot listen on port ${port} of ${host} (${String(code)}).`, cause)
  }
}

function portFailure(message: string, cause: unknown): KithError {
  return new KithError('port-unavailable', message, {}, cause)
}
