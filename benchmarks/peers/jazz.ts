import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import {
  type AgentSecret,
  type CoID,
  getSqliteStorage,
  LocalNode,
  type RawAccountID,
  type RawCoList,
  type RawCoMap,
} from 'cojson'
import { NapiCrypto } from 'cojson/crypto/NapiCrypto'
import { createWebSocketPeer } from 'cojson-transport-ws'
import WebSocket, { WebSocketServer } from 'ws'
import type { PlainRecord, Product } from '../workloads/product.ts'
import { closeServer, connectBare, listening } from './sockets.ts'

/** A driver of `node:sqlite` for its SQLite storage: WAL with NORMAL, as its own drivers have. It commits for each object: with FULL it would be slower by far. */
const createStorage = (folder: string) => {
  mkdirSync(folder, { recursive: true })
  const database = new DatabaseSync(join(folder, 'jazz.db'))
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  const statements = new Map<string, StatementSync>()
  const prepare = (sql: string): StatementSync => {
    const statement = statements.get(sql) ?? database.prepare(sql)
    statements.set(sql, statement)
    return statement
  }
  const storage = getSqliteStorage({
    run: (sql, parameters) => {
      prepare(sql).run(...(parameters as string[]))
    },
    get: <Row>(sql: string, parameters: unknown[]) => prepare(sql).get(...(parameters as string[])) as Row | undefined,
    query: <Row>(sql: string, parameters: unknown[]) => prepare(sql).all(...(parameters as string[])) as Row[],
    transaction: (work) => {
      database.exec('BEGIN')
      try {
        work()
        database.exec('COMMIT')
      } catch (error) {
        database.exec('ROLLBACK')
        throw error
      }
    },
    closeDb: () => database.close(),
  })
  return { storage, close: () => database.close() }
}

/** As its sync server does: a node without an account, with storage, and a peer for each connection. */
const startServer: Product['startServer'] = async (folder, port) => {
  const crypto = await NapiCrypto.create()
  const { storage, close } = createStorage(folder)
  const secret = crypto.newRandomAgentSecret()
  const node = new LocalNode(secret, crypto.newRandomSessionID(crypto.getAgentID(secret)), crypto)
  node.setStorage(storage)
  const server = new WebSocketServer({ port, host: '127.0.0.1' })
  let peers = 0
  server.on('connection', (socket) => {
    peers += 1
    node.syncManager.addPeer(
      createWebSocketPeer({
        id: `client-${peers}`,
        role: 'client',
        websocket: socket,
        expectPings: false,
        batchingByDefault: false,
        deletePeerStateOnClose: true,
      }),
    )
  })
  const url = await listening(server)
  return {
    url,
    close: async () => {
      await closeServer(server)
      await node.gracefulShutdown()
      close()
    },
  }
}

type RecordMap = RawCoMap<PlainRecord>
type RecordList = RawCoList<CoID<RecordMap>>
type Link = { accountID: RawAccountID; accountSecret: AgentSecret; list: CoID<RecordList> }

/**
 * An object a record, and a list of them: Jazz's data model, by the layer below its schemas, which costs less than with them.
 * B is the same account on another device.
 */
const openClient: Product['openClient'] = async ({ folder, url }) => {
  const crypto = await NapiCrypto.create()
  const { storage, close } = createStorage(folder)
  const socket = new WebSocket(url)
  const peer = createWebSocketPeer({ id: 'server', role: 'server', websocket: socket, expectPings: false })
  let node: LocalNode | undefined
  let list: RecordList | undefined
  const maps = new Map<string, RecordMap>()
  const asked = new Set<string>()
  let listener: (title: string) => void = () => {}

  const current = (): { node: LocalNode; list: RecordList } => {
    if (!node || !list) throw new Error('nothing is open')
    return { node, list }
  }
  const follow = (map: RecordMap): void => {
    maps.set(map.id, map)
    map.subscribe((now) => {
      const title = now.get('title')
      if (title !== undefined) listener(title)
    })
  }
  /** Loads what the list names and this device has not loaded yet. */
  const loadNew = (now: RecordList): void => {
    for (const id of now.asArray()) {
      if (asked.has(id)) continue
      asked.add(id)
      void current()
        .node.load(id)
        .then((map) => {
          if (map === 'unavailable') asked.delete(id)
          else follow(map)
        })
    }
  }
  const open = async (link: string): Promise<void> => {
    const { accountID, accountSecret, list: id } = JSON.parse(link) as Link
    node = await LocalNode.withLoadedAccount({
      accountID,
      accountSecret,
      sessionID: undefined,
      peers: [peer],
      crypto,
      storage,
    })
    const found = await node.load(id)
    if (found === 'unavailable') throw new Error('the list is unavailable')
    list = found
    found.subscribe(loadNew)
  }
  const add = (records: readonly PlainRecord[]): RecordMap[] => {
    const added = records.map((record) => current().list.group.createMap<RecordMap>({ ...record }))
    for (const map of added) {
      asked.add(map.id)
      maps.set(map.id, map)
    }
    current().list.appendItems(added.map((map) => map.id))
    return added
  }
  const stored = async (added: readonly RecordMap[]): Promise<void> => {
    const { syncManager } = current().node
    for (const { id } of [...added, current().list]) await syncManager.waitForStorageSync(id)
  }
  const synced = async (): Promise<void> => {
    await current().node.syncManager.waitForAllCoValuesSync(600_000)
  }

  return {
    create: async () => {
      const made = await LocalNode.withNewlyCreatedAccount({
        creationProps: { name: 'Alice' },
        peers: [peer],
        crypto,
        storage,
      })
      node = made.node
      list = node.createGroup().createList<RecordList>()
      const link: Link = { accountID: made.accountID, accountSecret: made.accountSecret, list: list.id }
      await synced()
      return JSON.stringify(link)
    },
    join: open,
    reopen: open,
    writeBatch: async (batch) => {
      await stored(add(batch))
    },
    writeOne: async (record) => {
      const added = add([record])
      await stored(added)
      return added[0]?.id ?? ''
    },
    updateTitle: async (id, title) => {
      const map = maps.get(id)
      if (!map) throw new Error('no such record')
      map.set('title', title)
      await stored([map])
    },
    onTitle: (to) => {
      listener = to
    },
    count: () => Promise.resolve(maps.size),
    firstPage: async () => {
      const { node: open, list: all } = current()
      return Promise.all(
        all
          .asArray()
          .slice(0, 20)
          .map((id) => open.load(id)),
      )
    },
    synced,
    close: async () => {
      await node?.gracefulShutdown()
      socket.terminate()
      close()
    },
  }
}

export const product: Product = {
  title: 'Jazz classic (cojson)',
  packages: ['cojson', 'cojson-transport-ws', 'cojson-core-napi'],
  traits: {
    encryption: 'end to end',
    queries: 'none: objects in memory',
    permissions: 'signed, by groups',
    durability: 'NORMAL commit: crash of the program',
  },
  startServer,
  openClient,
  connectIdle: connectBare,
}
