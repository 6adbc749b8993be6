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
  const open = new Set<Connection>()
  return {
    on: (platform) => ({
      ...platform,
      network: {
        connect: (url, events) => {
          if (isCut) {
            queueMicrotask(() => events.closed('The line is cut.'))
            return { send: () => {}, bufferedBytes: () => 0, close: () => {} }
          }
          const connection = platform.network.connect(url, {
            ...events,
            closed: (reason) => {
              open.delete(connection)
              events.closed(reason)
            },
          })
          open.add(connection)
          return connection
        },
      },
    }),
    cut: () => {
      isCut = true
      for (const connection of open) connection.close()
    },
    mend: () => {
      isCut = false
    },
  }
}
