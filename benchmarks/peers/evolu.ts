import { timingSafeEqual } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import {
  AppName,
  createAppOwner,
  createBroadcastChannel,
  createConsole,
  createConsoleStoreOutput,
  createEvolu,
  createMessageChannel,
  createMessagePort,
  createOwnerSecret,
  createQueryBuilder,
  createRandomBytes,
  createRun,
  createSharedWorker,
  createSqlite,
  type CreateSqliteDriver,
  createWebSocket,
  createWorker,
  id,
  Mnemonic,
  mnemonicToOwnerSecret,
  Name,
  NonEmptyTrimmedString1000,
  NonNegativeInt,
  ok,
  SqliteBoolean,
} from '@evolu/common'
import {
  applyProtocolMessageAsRelay,
  createBaseSqliteStorageTables,
  createEvoluDeps,
  createRelaySqliteStorage,
  createRelayStorageTables,
  type DbWorkerInit,
  defaultProtocolMessageMaxSize,
  initSharedWorker,
  type SharedWorkerInput,
  type SharedWorkerOutput,
  startDbWorker,
} from '@evolu/common/local-first'
import { installPolyfills } from '@evolu/common/polyfills'
import { WebSocket, WebSocketServer } from 'ws'
import type { PlainRecord, Product } from '../workloads/product.ts'
import { closeServer, connectBare, listening } from './sockets.ts'

installPolyfills()

/** A driver of `node:sqlite`: the released `@evolu/nodejs` does not load with the current `@evolu/common`. WAL with FULL, as Kith has. */
const driverIn =
  (folder: string, closed: () => void = () => {}): CreateSqliteDriver =>
  (name) =>
  () => {
    const database = new DatabaseSync(join(folder, `${name}.db`))
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    const statements = new Map<string, StatementSync>()
    let isOpen = true
    const close = (): void => {
      if (!isOpen) return
      isOpen = false
      database.close()
      closed()
    }
    return ok({
      exec: ({ sql, parameters }) => {
        let statement = statements.get(sql)
        if (!statement) {
          statement = database.prepare(sql)
          statements.set(sql, statement)
        }
        if (statement.columns().length > 0) return { rows: statement.all(...parameters) as never, changes: 0 }
        return { rows: [], changes: Number(statement.run(...parameters).changes) }
      },
      export: () => {
        throw new Error('not needed')
      },
      deleteDatabase: close,
      [Symbol.dispose]: close,
    })
  }

/** The relay of `@evolu/nodejs`, by the same parts of `@evolu/common`. */
const startServer: Product['startServer'] = async (folder, port) => {
  const isNew = !existsSync(join(folder, 'relay.db'))
  const timing = { timingSafeEqual: (left: Uint8Array, right: Uint8Array) => timingSafeEqual(left, right) }
  const run = createRun({ createSqliteDriver: driverIn(folder), ...timing })
  const sqlite = await run.ok(createSqlite(Name.orThrow('relay')))
  const deps = { ...run.deps, sqlite }
  if (isNew) {
    createBaseSqliteStorageTables(deps)
    createRelayStorageTables(deps)
  }
  const relayRun = run.create({
    ...run.deps,
    storage: createRelaySqliteStorage(deps)({ isOwnerWithinQuota: () => true }),
  })
  const server = new WebSocketServer({ port, host: '127.0.0.1', maxPayload: defaultProtocolMessageMaxSize })
  const sockets = new Map<string, Set<WebSocket>>()
  server.on('connection', (socket) => {
    const options = {
      subscribe: (owner: string) => {
        const all = sockets.get(owner) ?? new Set()
        sockets.set(owner, all.add(socket))
      },
      unsubscribe: (owner: string) => {
        sockets.get(owner)?.delete(socket)
      },
      broadcast: (owner: string, message: Uint8Array) => {
        for (const other of sockets.get(owner) ?? [])
          if (other !== socket && other.readyState === WebSocket.OPEN) other.send(message, { binary: true })
      },
    }
    socket.on('message', (message: Uint8Array) => {
      void relayRun(applyProtocolMessageAsRelay(message, options)).then((response) => {
        if (response.ok) socket.send(response.value.message, { binary: true })
        else console.error(response.error)
      })
    })
    socket.on('close', () => {
      for (const all of sockets.values()) all.delete(socket)
    })
  })
  const url = await listening(server)
  return {
    url,
    close: async () => {
      await closeServer(server)
      await run[Symbol.asyncDispose]()
      await sqlite[Symbol.asyncDispose]()
    },
  }
}

const schema = {
  record: {
    id: id('Record'),
    title: NonEmptyTrimmedString1000,
    note: NonEmptyTrimmedString1000,
    done: SqliteBoolean,
    points: NonNegativeInt,
    due: NonNegativeInt,
  },
}
const createQuery = createQueryBuilder(schema)
const countQuery = createQuery((db) => db.selectFrom('record').select((of) => of.fn.countAll<number>().as('count')))
const pageQuery = createQuery((db) => db.selectFrom('record').selectAll().orderBy('id').limit(20))
const newestQuery = createQuery((db) =>
  db.selectFrom('record').select(['id', 'title']).orderBy('updatedAt', 'desc').limit(20),
)

/** Its parts for a platform whose workers are in the process (React Native's): there are none for Node. */
const openClient: Product['openClient'] = ({ folder, url }) => {
  const closed = Promise.withResolvers<void>()
  const createWorkerRun = () => {
    const output = createConsoleStoreOutput()
    return createRun({
      console: createConsole({ output, level: 'error' }),
      consoleStoreOutputEntry: output.entry,
      createMessagePort,
      createMessageChannel,
      createBroadcastChannel,
      createWebSocket,
      createSqliteDriver: driverIn(folder, closed.resolve),
      lockManager: navigator.locks,
    })
  }
  const sharedWorker = createSharedWorker<SharedWorkerInput, SharedWorkerOutput>((self) => {
    void createWorkerRun()(initSharedWorker(self))
  })
  const deps = createEvoluDeps({
    createDbWorker: () =>
      createWorker<DbWorkerInit>((self) => {
        void createWorkerRun()(startDbWorker(self))
      }),
    createBroadcastChannel,
    createMessageChannel,
    lockManager: navigator.locks,
    reloadApp: () => {},
    sharedWorker,
  })
  deps.evoluError.subscribe(() => console.error('evolu:', deps.evoluError.get()))
  const run = createRun({ ...deps, console: createConsole({ level: 'error' }) })

  const open = (mnemonic: string) =>
    run.ok(
      createEvolu(schema, {
        appName: AppName.orThrow('benchmark'),
        appOwner: createAppOwner(mnemonicToOwnerSecret(Mnemonic.orThrow(mnemonic))),
        transports: url === '' ? [] : [{ type: 'WebSocket', url }],
      }),
    )
  let evolu: Awaited<ReturnType<typeof open>> | undefined
  const current = () => {
    if (!evolu) throw new Error('nothing is open')
    return evolu
  }
  const insert = (record: PlainRecord, onComplete?: () => void): string =>
    current().insert(
      'record',
      {
        title: NonEmptyTrimmedString1000.orThrow(record.title),
        note: NonEmptyTrimmedString1000.orThrow(record.note),
        done: record.done ? 1 : 0,
        points: NonNegativeInt.orThrow(record.points),
        due: NonNegativeInt.orThrow(record.due),
      },
      onComplete === undefined ? {} : { onComplete },
    ).id
  const reopen = async (link: string): Promise<void> => {
    evolu = await open(link)
    // The store is opened by the first query.
    await current().loadQuery(countQuery)
  }
  return Promise.resolve({
    create: async () => {
      const { mnemonic } = createAppOwner(createOwnerSecret({ randomBytes: createRandomBytes() }))
      await reopen(mnemonic)
      return mnemonic
    },
    join: reopen,
    reopen,
    writeBatch: (batch) =>
      new Promise<void>((resolve) => {
        // Mutations of one turn are one transaction.
        for (const [index, record] of batch.entries()) insert(record, index === batch.length - 1 ? resolve : undefined)
      }),
    writeOne: (record) =>
      new Promise<string>((resolve) => {
        const made = insert(record, () => resolve(made))
      }),
    updateTitle: (target, title) =>
      new Promise<void>((resolve) => {
        current().update(
          'record',
          { id: target as never, title: NonEmptyTrimmedString1000.orThrow(title) },
          { onComplete: resolve },
        )
      }),
    onTitle: (listener) => {
      const tell = (rows: readonly { title: string | null }[]): void => {
        for (const { title } of rows) if (title !== null) listener(title)
      }
      current().subscribeQuery(newestQuery)(() => tell(current().getQueryRows(newestQuery)))
      void current().loadQuery(newestQuery).then(tell)
    },
    count: async () => (await current().loadQuery(countQuery))[0]?.count ?? 0,
    firstPage: () => current().loadQuery(pageQuery),
    synced: async () => {
      const isComplete = (): boolean => {
        const routes = (deps.syncState.get()?.tenants ?? []).flatMap(({ owners }) =>
          owners.flatMap((owner) => owner.routes),
        )
        return routes.length > 0 && routes.every(({ complete }) => complete)
      }
      while (!isComplete()) await new Promise((resolve) => setTimeout(resolve, 5))
    },
    close: async () => {
      // Its workers live as long as the program; the last instance's end has its store closed.
      await evolu?.[Symbol.asyncDispose]()
      await closed.promise
    },
  })
}

export const product: Product = {
  title: 'Evolu',
  packages: ['@evolu/common'],
  traits: {
    encryption: 'end to end',
    queries: 'SQL on the device, live',
    permissions: 'one owner’s keys',
    durability: 'FULL commit: power cut',
  },
  startServer,
  openClient,
  connectIdle: connectBare,
}
