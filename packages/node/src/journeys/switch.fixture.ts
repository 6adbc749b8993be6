import type { Connection, Platform } from '@kith/core/ports'

/** A device's way to the network, which a test cuts and mends. */
export type NetworkSwitch = {
  /** The platform with the switch in it. */
  readonly on: (platform: Platform) => Platform
  readonly cut: () => void
  readonly mend: () => void
}

export const createSwitch = (): NetworkSwitch => {
  let isCut = false
  const open = new Set<{ readonly connection: Connection; isCut: boolean }>()
  return {
    on: (platform) => ({
      ...platform,
      network: {
        connect: (url, events) => {
          if (isCut) {
            queueMicrotask(() => events.closed('The line is cut.'))
            return { send: () => {}, bufferedBytes: () => 0, close: () => {} }
          }
          const line = {
            isCut: false,
            connection: platform.network.connect(url, {
              ...events,
              // A connection that closes hears what was on its way: over a line that is cut nothing comes.
              received: (bytes) => {
                if (!line.isCut) events.received(bytes)
              },
              closed: (reason) => {
                open.delete(line)
                events.closed(reason)
              },
            }),
          }
          open.add(line)
          return line.connection
        },
      },
    }),
    cut: () => {
      isCut = true
      for (const line of open) {
        line.isCut = true
        line.connection.close()
      }
    },
    mend: () => {
      isCut = false
    },
  }
}
