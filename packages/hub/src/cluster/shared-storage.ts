/** What several processes of one hub share: PostgreSQL keeps, NATS tells. */
import { toHex } from '@kith/core/bytes'
import type { Clock } from '@kith/core/ports'
import type { HubLog } from '../log.ts'
import type { HubStorage } from '../store/hub-storage.ts'
import type { LargeEntries } from '../store/large-entries.ts'
import { checkNatsUrl, createNatsTransport } from './nats-transport.ts'
import { openPostgresStorage } from './postgres-open.ts'
import { createSharedFanOut, type SharedFanOut } from './shared-fan-out.ts'

export type SharedStorageOptions = {
  /** postgres://user:password@host:port/database. Never logged. */
  readonly postgres: string
  /** nats://user:password@host:port, several with commas. Without, followers on other processes wait up to a second. Never logged. */
  readonly nats?: string | undefined
}

/** @throws KithError `bad-value`, `storage-unavailable`, `storage-newer`. A NATS that is down is no reason not to start. */
export async function openSharedStorage(
  { postgres, nats }: SharedStorageOptions,
  random: (length: number) => Uint8Array,
  clock: Clock,
  log: HubLog,
  far?: LargeEntries,
): Promise<HubStorage & { readonly close: () => Promise<void> }> {
  if (nats !== undefined) checkNatsUrl(nats)
  const storage = await openPostgresStorage(postgres, random, clock, far)
  let fanOut: SharedFanOut | undefined
  const transport =
    nats === undefined
      ? undefined
      : await createNatsTransport(nats, toHex(storage.identity.publicKey.subarray(0, 16)), clock, {
          connected() {
            log({ event: 'fan-out-connected' })
            fanOut?.lookSoon()
          },
          disconnected: () => log({ event: 'fan-out-lost' }),
        })
  return {
    isShared: true,
    isFar: far !== undefined,
    start(options) {
      const started = storage.start(options)
      fanOut = createSharedFanOut(transport, started.store.heads, clock)
      const store = {
        ...started.store,
        async close() {
          fanOut?.close()
          await transport?.close()
          await started.store.close()
        },
      }
      return { identity: started.identity, store, fanOut }
    },
    async close() {
      await transport?.close()
      await storage.close()
    },
  }
}
