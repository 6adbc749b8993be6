import { KithError } from '@kith/core/bytes'
import type { Callee } from '../port/callee.ts'
import { errorToData } from '../port/error-data.ts'
import { portVersion, type WorkerMessage } from '../port/messages.ts'
import { openChannel } from './channel.ts'
import { lockEnded } from './lock.ts'
import type { Opened, SquareMessage, TabMessage } from './messages.ts'
import { square, tabChannel, tabLock } from './names.ts'

export type ServeOptions = {
  readonly store: string
  readonly opened: Opened
  /** Makes the end of a connection with a tab. */
  readonly connect: (tab: string, post: (message: WorkerMessage) => void) => Callee
  /** The tab will never ask again. */
  readonly forget: (tab: string) => void
  /** Tabs that have something noted from before: they may be gone. */
  readonly known: readonly string[]
}

type Connection = { readonly welcome: () => void; readonly close: () => void }

/** Answers all tabs but the engine's own, until it is closed. Then nobody is answered: the next worker does that. */
export const serveTabs = ({ store, opened, connect, forget, known }: ServeOptions): { readonly close: () => void } => {
  const { round } = opened
  const connections = new Map<string, Connection>()
  const ended = new AbortController()

  const watch = (tab: string): void => {
    void lockEnded(tabLock(store, tab), ended.signal).then((isGone) => {
      if (!isGone) return
      connections.get(tab)?.close()
      connections.delete(tab)
      forget(tab)
    })
  }
  const open = (tab: string): Connection => {
    const channel = openChannel<TabMessage>(tabChannel(store, tab), (message) => {
      if (message.type === 'to worker' && message.round === round) callee.receive(message.message)
      else if (message.type === 'bye') callee.close()
    })
    const callee = connect(tab, (message) => channel.send({ type: 'to page', round, message }))
    if (!known.includes(tab)) watch(tab)
    return {
      welcome: () => channel.send({ type: 'welcome', opened }),
      close: () => {
        callee.close()
        channel.close()
      },
    }
  }
  const refuse = (tab: string, version: number): void => {
    const channel = openChannel<TabMessage>(tabChannel(store, tab), () => {})
    const words =
      version > portVersion
        ? 'Another tab runs an older version of this app: reload or close it.'
        : 'Another tab runs a newer version of this app: reload this one.'
    const error = errorToData(new KithError('protocol-version', words, { version }))
    channel.send({ type: 'refused', error })
    channel.close()
  }

  const place = openChannel<SquareMessage>(square(store), (message) => {
    if (message.type !== 'join') return
    if (message.version !== portVersion) return refuse(message.tab, message.version)
    let connection = connections.get(message.tab)
    if (!connection) connections.set(message.tab, (connection = open(message.tab)))
    connection.welcome()
  })
  for (const tab of known) watch(tab)
  place.send({ type: 'here', round })

  return {
    close: () => {
      ended.abort()
      place.close()
      for (const connection of connections.values()) connection.close()
      connections.clear()
    },
  }
}
