/** What strangers do to a hub. Each attack comes from many neighbourhoods of addresses, and goes on until it is told to end. */
import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { logsPerOpenMax } from '@kith/core/limits'
import { clientMessageToFrame, type OpenItem } from '@kith/core/wire'
import { connectLoad, type LoadClient } from './client.ts'
import { createLog, openTo, pullItem, random } from './logs.ts'

export type Attack = {
  /** Returns what was done, in words. */
  readonly end: () => Promise<string>
}

type Target = { readonly url: string; readonly port: number }

const neighbourhoods = 20
const from = (at: number): string => `203.0.${at % neighbourhoods}.${(at / neighbourhoods) | 0}`

/** A key that may be one: nobody has its other half. */
function randomKey(): Uint8Array {
  const key = random(32)
  key[31] = (key[31] as number) & 0x3f
  return key
}

const strangeLog = (withProof: boolean): OpenItem => ({
  policy: { write: randomKey(), read: withProof ? randomKey() : 'open', admin: 'none', kind: 'space' },
  proofs: withProof ? [{ right: 'read', signature: random(64) }] : [],
})

/** Runs `work` on so many connections, each anew when the hub ends it. */
function swarm(
  { url }: Target,
  count: number,
  work: (client: LoadClient, isOver: () => boolean) => Promise<void>,
): { readonly end: () => Promise<void>; readonly connections: () => number } {
  const flood = { isOver: false }
  let connections = 0
  const running = Promise.all(
    Array.from({ length: count }, async (_, at) => {
      while (!flood.isOver) {
        try {
          connections += 1
          const client = await connectLoad(url, { from: from(at) })
          await work(client, () => flood.isOver).finally(client.close)
        } catch {
          await wait(20)
        }
      }
    }),
  )
  return {
    connections: () => connections,
    async end() {
      flood.isOver = true
      await running
    },
  }
}

const counted = (results: readonly Record<string, unknown>[], into: Map<string, number>): void => {
  for (const { refused } of results) {
    const name = typeof refused === 'string' ? refused : 'taken'
    into.set(name, (into.get(name) ?? 0) + 1)
  }
}

const told = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([name, count]) => `${count} ${name}`).join(', ')

export const attacks = {
  'wrong proofs': async (target: Target): Promise<Attack> => {
    const counts = new Map<string, number>()
    // Made once: whoever attacks has more processors than a hub.
    const logs = Array.from({ length: logsPerOpenMax }, () => strangeLog(true))
    const attackers = swarm(target, 2 * neighbourhoods, async (client, isOver) => {
      while (!isOver()) {
        counted(await client.ask({ type: 'open', resumption: undefined, logs }, true), counts)
        await wait(5)
      }
    })
    return {
      async end() {
        await attackers.end()
        return `proofs: ${told(counts)}`
      },
    }
  },

  /** A million ids: opened as far as the hub lets them, and asked for, put to and signalled to without being opened. */
  'random log ids': async (target: Target): Promise<Attack> => {
    const counts = new Map<string, number>()
    let ids = 0
    const attackers = swarm(target, 2 * neighbourhoods, async (client, isOver) => {
      while (!isOver() && ids < 1_000_000) {
        ids += 4 * logsPerOpenMax
        const logs = Array.from({ length: logsPerOpenMax }, () => strangeLog(false))
        counted(await client.ask({ type: 'open', resumption: undefined, logs }, true), counts)
        const strange = () => ({ id: random(32) })
        const pulls = Array.from({ length: 2 * logsPerOpenMax }, () => pullItem(strange()))
        counted(await client.ask({ type: 'pull', pulls }, true), counts)
        const puts = Array.from({ length: logsPerOpenMax }, () => ({
          log: random(32),
          lane: 2 as const,
          entries: [random(32)],
          covers: [],
        }))
        counted(await client.ask({ type: 'put', puts }, true), counts)
      }
      while (!isOver()) await wait(20)
    })
    return {
      async end() {
        await attackers.end()
        return `${ids} ids: ${told(counts)}`
      },
    }
  },

  /** They ask for 64 MB each, again and again, and take nothing of it. */
  'slow readers': async (target: Target): Promise<Attack> => {
    const log = createLog()
    const writer = await connectLoad(target.url, { from: from(0) })
    await openTo(writer, log, 'write')
    for (let at = 0; at < 256; at += 1) {
      const put = { log: log.id, lane: 2 as const, entries: [random(256 * 1024)], covers: [] }
      await writer.ask({ type: 'put', puts: [put] })
    }
    writer.close()
    const attackers = swarm(target, 10 * neighbourhoods, async (client, isOver) => {
      await openTo(client, log, 'read')
      client.raw.pause()
      for (let request = 100; !isOver(); request += 1) {
        if (request < 120) client.socket.send(clientMessageToFrame({ type: 'pull', request, pulls: [pullItem(log)] }))
        await wait(20)
      }
    })
    return {
      async end() {
        await attackers.end()
        return `${attackers.connections()} connections`
      },
    }
  },

  /** Lengths over the limit, and frames of the greatest length that are no CBOR. */
  'oversized frames': async (target: Target): Promise<Attack> => {
    const rubbish = Buffer.alloc(1024 * 1024 + 256 * 1024, 0x9b)
    const attackers = swarm(target, 2 * neighbourhoods, async (client) => {
      const gone = new Promise((resolve) => client.socket.once('close', resolve))
      if (Math.random() < 0.5) client.socket.send(rubbish)
      else client.raw.write(Buffer.from([0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4]))
      await gone
    })
    return {
      async end() {
        await attackers.end()
        return `${attackers.connections()} connections`
      },
    }
  },

  /** Sockets that say nothing, half a request, or half a frame. */
  'half-open sockets': async (target: Target): Promise<Attack> => {
    const flood = { isOver: false }
    let count = 0
    const running = Promise.all(
      Array.from({ length: 3000 }, async (_, at) => {
        while (!flood.isOver) {
          count += 1
          const socket: Socket = connect(target.port, '127.0.0.1')
          const gone = new Promise((resolve) => socket.once('close', resolve))
          socket.on('error', () => {})
          socket.resume()
          const begin = `GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: ${from(at)}\r\n`
          const upgrade = `${begin}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`
          if (at % 3 === 1) socket.write(begin)
          if (at % 3 === 2) {
            socket.write(upgrade)
            socket.write(Buffer.from([0x82, 0xfe, 0xff, 0xff, 1, 2, 3, 4, 5]))
          }
          await Promise.race([gone, wait(2000)])
          socket.destroy()
          await gone
        }
      }),
    )
    return {
      async end() {
        flood.isOver = true
        await running
        return `${count} sockets`
      },
    }
  },
} as const

export type AttackName = keyof typeof attacks
