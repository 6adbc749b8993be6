/**
 * What a device keeps secret is locked by a key that no script can take out of the browser, kept beside the files: a copy of them alone
 * gives neither the device's keys nor the person's.
 */
import { concatBytes, KithError, utf8 } from '@kith/core/bytes'
import type { Crypto, Vault } from '@kith/core/ports'

const nonceBytes = 24

/**
 * What the key of a store makes of our name: WebCrypto answers later, and the engine locks within a commit. Under the store's lock, for the
 * first to ask makes the key.
 *
 * @throws KithError `storage-unavailable`.
 */
export const loadVaultSecret = async (store: string): Promise<Uint8Array> => {
  try {
    const key = (await loadKey(store)) ?? (await makeKey(store))
    return new Uint8Array(await crypto.subtle.sign('HMAC', key, label))
  } catch (cause) {
    throw new KithError(
      'storage-unavailable',
      `The key of the store "${store}" cannot be read: the browser gives no IndexedDB.`,
      { store },
      cause,
    )
  }
}

export const createVault = (
  store: string,
  secret: Uint8Array,
  { randomBytes, aeadSeal, aeadOpen }: Pick<Crypto, 'randomBytes' | 'aeadSeal' | 'aeadOpen'>,
): Vault => ({
  lock: (plain) => {
    const nonce = randomBytes(nonceBytes)
    return concatBytes(nonce, aeadSeal(secret, nonce, plain, label))
  },
  unlock: (locked) => {
    const plain = aeadOpen(secret, locked.subarray(0, nonceBytes), locked.subarray(nonceBytes), label)
    if (plain) return plain
    throw new KithError(
      'storage-locked',
      `The keys in the store "${store}" are locked by a key that this browser has lost. Erase the store, then link this device again or recover by the phrase.`,
      { store },
    )
  },
})

const label = Uint8Array.from(utf8('kith vault 1'))
const table = 'vault'

/** Deletes the key: what is locked by it stays so. */
export const dropVault = async (store: string): Promise<void> => {
  await inKeys('readwrite', (keys) => keys.delete(store))
}

const loadKey = async (store: string): Promise<CryptoKey | undefined> => {
  const found: unknown = await inKeys('readonly', (keys) => keys.get(store))
  return found instanceof CryptoKey ? found : undefined
}

const makeKey = async (store: string): Promise<CryptoKey> => {
  const made = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  await inKeys('readwrite', (keys) => keys.put(made, store))
  return made
}

/** Resolves with what the request gives, when it is on the disk. */
const inKeys = async <Result>(
  mode: IDBTransactionMode,
  run: (keys: IDBObjectStore) => IDBRequest<Result>,
): Promise<Result> => {
  const database = await openDatabase()
  try {
    return await new Promise((resolve, reject) => {
      // Nothing may be locked by a key that a power cut takes away.
      const transaction = database.transaction(table, mode, { durability: 'strict' })
      const request = run(transaction.objectStore(table))
      transaction.addEventListener('complete', () => resolve(request.result))
      for (const end of ['abort', 'error'])
        transaction.addEventListener(end, () => reject(transaction.error ?? new Error('IndexedDB gave up.')))
    })
  } finally {
    database.close()
  }
}

const openDatabase = async (): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open('kith', 1)
    request.addEventListener('upgradeneeded', () => request.result.createObjectStore(table))
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('IndexedDB does not open.')))
  })
