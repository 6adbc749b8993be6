import type { Connection, Network, Platform } from '@kith/core/ports'

/** A device's way to the network, which can be cut: connections end and new ones fail, as on a train. */
export type Line = {
  readonly on: (platform: Platform) => Platform
  readonly cut: () => void
  readonly mend: () => void
}

export const createLine = (): Line => {
  let isUp = true
  const open = new Set<{ connection: Connection; end: () => void }>()
  const through = (network: Network): Network => ({
    connect: (url, events) => {
      if (!isUp) {
        const timer = setTimeout(() => events.closed('There is no network.'), 0)
        return { send: () => {}, bufferedBytes: () => 0, close: () => clearTimeout(timer) }
      }
      const line = {
        connection: network.connect(url, {
          ...events,
          closed: (reason) => {
            open.delete(line)
            events.closed(reason)
          },
        }),
        end: () => {
          open.delete(line)
          line.connection.close()
          events.closed('The network is gone.')
        },
      }
      open.add(line)
      return line.connection
    },
  })
  return {
    on: (platform) => ({ ...platform, network: through(platform.network) }),
    cut: () => {
      isUp = false
      for (const line of open) line.end()
    },
    mend: () => {
      isUp = true
    },
  }
}
