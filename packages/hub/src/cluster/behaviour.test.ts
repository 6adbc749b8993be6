/** The hub's behaviour on PostgreSQL: the tests of the hub themselves, once more. */
import { after } from 'node:test'
import { startPostgres } from '../testing/servers.ts'
import { useSharedStorage } from '../testing/storage.ts'

// Nothing here cuts the power.
const server = await startPostgres({ fsync: 'off' })
after(() => server.stop())
useSharedStorage(async () => ({ postgres: await server.createDatabase() }))

await import('../verbs.test.ts')
await import('../tickets.test.ts')
await import('../knocks.test.ts')
await import('../retention.test.ts')
await import('../access.test.ts')
