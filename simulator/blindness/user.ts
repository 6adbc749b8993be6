import { createKith, type Kith, KithError } from '@kith/core'
import type { Network, Platform } from '@kith/core/ports'
import { createDisk, createSeededCrypto, compression, type Disk } from '@kith/testing/simulation'
import type { ShiftedClock } from './clock.ts'

/** One person on one device who comes and goes: the production core on a database in memory, over real sockets. */
export type User = {
  readonly name: string
  readonly disk: Disk
  /** As the operator's proxy would tell it to the hub. */
  readonly internetAddress: string
  /** The program starts, does something, and ends. */
  readonly session: <T>(run: (kith: Kith) => Promise<T>) => Promise<T>
}

export type UserOptions = {
  readonly name: string
  readonly internetAddress: string
  readonly hubUrl: string
  readonly clock: ShiftedClock
  readonly seed: string
}

export const createUser = ({ name, internetAddress, hubUrl, clock, seed }: UserOptions): User => {
  const disk = createDisk()
  let sessions = 0
  return {
    name,
    disk,
    internetAddress,
    session: async (run) => {
      sessions += 1
      let isAlive = true
      const platform: Platform = {
        clock,
        crypto: createSeededCrypto(`${seed}/${sessions}`),
        compression,
        network: createProxiedNetwork(internetAddress),
        openDatabase: () => disk.open(() => isAlive),
      }
      const kith = await createKith(platform, { hubs: [hubUrl], name })
      try {
        return await run(kith)
      } finally {
        await kith.close()
        isAlive = false
      }
    },
  }
}

/** WebSockets that carry the address of a client as a proxy before the hub would. */
const createProxiedNetwork = (internetAddress: string): Network => ({
  connect: (url, events) => {
    // Node's takes headers, which the types of browsers do not know.
    const socket = new WebSocket(url, { headers: { 'x-forwarded-for': internetAddress } } as unknown as string[])
    socket.binaryType = 'arraybuffer'
    let isOver = false
    socket.addEventListener('open', () => events.opened())
    socket.addEventListener('message', ({ data }) => events.received(new Uint8Array(data as ArrayBuffer)))
    const end = (): void => {
      if (isOver) return
      isOver = true
      events.closed('The connection was closed.')
    }
    socket.addEventListener('close', end)
    socket.addEventListener('error', end)
    return {
      send: (message) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(message.slice())
      },
      bufferedBytes: () => socket.bufferedAmount,
      close: () => socket.close(),
    }
  },
})

/** What may fail without harm: a link that is used up, somebody who was removed. */
export const tolerate = async (work: Promise<unknown>): Promise<boolean> => {
  try {
    await work
    return true
  } catch (cause) {
    if (!(cause instanceof KithError)) throw cause
    return false
  }
}
