/** The keys under which tokens are issued: one a period, made when the one before closes, forgotten a period later. */
import { toHex } from '@kith/core/bytes'
import { tokenKeysMax } from '@kith/core/limits'
import type { Clock } from '@kith/core/ports'
import { tokenKeyId } from '@kith/core/wire'
import { nodeVerifying } from '../node-crypto.ts'
import type { AccessStore, TokenKeyRow } from '../store/access-store.ts'
import { createTokenRsa, createTokenSecret, type TokenRsa } from './token-rsa.ts'

export type HubTokenKey = TokenRsa & Pick<TokenKeyRow, 'n' | 'closesMs' | 'endsMs'> & { readonly id: Uint8Array }

export type TokenKeys = {
  /** Those whose tokens are good now, the one that issues first. */
  readonly good: () => Promise<readonly HubTokenKey[]>
  /** The good key of that id. */
  readonly find: (id: Uint8Array) => Promise<HubTokenKey | undefined>
}

/** Between two looks at the store for a key that another process may have made. */
const lookMs = 10_000

export function createTokenKeys(
  store: Pick<AccessStore, 'keys' | 'addKey'>,
  clock: Pick<Clock, 'now' | 'monotonic'>,
  periodMs: number,
): TokenKeys {
  const opened = new Map<number, HubTokenKey>()
  let known: readonly HubTokenKey[] = []
  let lookedAt = Number.NEGATIVE_INFINITY
  let making: Promise<void> | undefined

  async function look(): Promise<void> {
    lookedAt = clock.monotonic()
    const rows = await store.keys()
    known = rows.map((row) => opened.get(row.n) ?? openKey(row))
    opened.clear()
    for (const key of known) opened.set(key.n, key)
  }

  async function make(): Promise<void> {
    await look()
    if (isOpen(known[0])) return
    const secret = await createTokenSecret()
    const nowMs = clock.now()
    await store.addKey({ secret, closesMs: nowMs + periodMs, endsMs: nowMs + 2 * periodMs }, nowMs)
    await look()
  }

  const isOpen = (key: HubTokenKey | undefined) => key !== undefined && key.closesMs > clock.now()

  async function good(): Promise<readonly HubTokenKey[]> {
    if (!isOpen(known[0])) {
      making ??= make().finally(() => {
        making = undefined
      })
      await making
    }
    return known.filter(({ endsMs }) => endsMs > clock.now()).slice(0, tokenKeysMax)
  }

  return {
    good,
    async find(id) {
      const name = toHex(id)
      const among = (keys: readonly HubTokenKey[]) => keys.find((key) => toHex(key.id) === name)
      const found = among(await good())
      if (found !== undefined || clock.monotonic() - lookedAt < lookMs) return found
      await look()
      return among(await good())
    },
  }
}

function openKey({ n, secret, closesMs, endsMs }: TokenKeyRow): HubTokenKey {
  const rsa = createTokenRsa(secret)
  return { ...rsa, n, closesMs, endsMs, id: tokenKeyId(nodeVerifying, rsa.modulus) }
}
