/**
 * Answers tls-alpn-01 on a hub's own port. Node picks a certificate before it knows the protocols that a client offers, so the choice is made a step earlier: while a challenge waits, each
 * new connection's first record is looked at for the name of the ACME protocol. Whoever offers it gets the challenge's certificate, all others go on as always. At other times nothing is looked at.
 */
import type { Server as HttpServer } from 'node:http'
import type { Socket } from 'node:net'
import { createServer } from 'node:tls'

export type ChallengeDoor = {
  /** Until it is closed. */
  readonly open: (certificate: string, key: string) => void
  readonly close: () => void
}

const acmeProtocol = 'acme-tls/1'
/** As ALPN carries it: its length, then its letters. */
const wanted = Buffer.concat([Buffer.of(acmeProtocol.length), Buffer.from(acmeProtocol)])

/** A TLS record: its kind, two bytes of version, two of length; a hello fits into one. */
const recordHeadBytes = 5
const recordBytesMax = recordHeadBytes + 16_384
const patienceMs = 10_000

type Listener = (socket: Socket) => void

export function createChallengeDoor(server: HttpServer): ChallengeDoor {
  let usual: Listener[] | undefined
  let challenge: ReturnType<typeof createServer> | undefined

  function look(socket: Socket, serve: Listener, answer: Listener): void {
    const pieces: Buffer[] = []
    let length = 0
    const timer = setTimeout(() => socket.destroy(), patienceMs)
    const stop = (): void => {
      clearTimeout(timer)
      socket.off('data', hear)
      socket.off('error', end)
      socket.off('close', end)
    }
    const end = (): void => {
      stop()
      socket.destroy()
    }
    const hear = (data: Buffer): void => {
      pieces.push(data)
      length += data.length
      const hello = pieces.length === 1 ? data : Buffer.concat(pieces)
      const isWhole = length >= recordHeadBytes && length >= recordHeadBytes + hello.readUInt16BE(3)
      if (!isWhole && length < recordBytesMax) return
      stop()
      socket.pause()
      socket.unshift(hello)
      const next = hello.includes(wanted) ? answer : serve
      next(socket)
    }
    socket.on('data', hear)
    socket.on('error', end)
    socket.on('close', end)
  }

  function close(): void {
    if (usual === undefined) return
    server.removeAllListeners('connection')
    for (const listener of usual) server.on('connection', listener)
    usual = undefined
    challenge = undefined
  }

  return {
    open(certificate, key) {
      close()
      const own = createServer({ cert: certificate, key, ALPNProtocols: [acmeProtocol], minVersion: 'TLSv1.2' })
      // The handshake is all that is wanted.
      own.on('secureConnection', (socket) => socket.end())
      own.on('tlsClientError', (_, socket) => socket.destroy())
      challenge = own
      const listeners = server.listeners('connection') as Listener[]
      usual = listeners
      const serve = (socket: Socket) => {
        for (const listener of listeners) listener.call(server, socket)
      }
      server.removeAllListeners('connection')
      server.on('connection', (socket: Socket) => look(socket, serve, (found) => challenge?.emit('connection', found)))
    },
    close,
  }
}
