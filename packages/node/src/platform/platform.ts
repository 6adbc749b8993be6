import { createBlindRsa } from '@kith/core/crypto/blind'
import { createSecretSharing } from '@kith/core/crypto/split'
import type { Platform } from '@kith/core/ports'
import { createNodeClock } from './clock.ts'
import { createNodeCompression } from './compression.ts'
import { createNodeCrypto } from './crypto.ts'
import { createNodeFiles } from './files.ts'
import { createNodeNetwork } from './network.ts'
import { openSqlite } from './sqlite.ts'

/** Node's clock, crypto, zlib, sockets and SQLite; `file` is the database's path. */
export const createNodePlatform = async (file: string): Promise<Platform> => ({
  clock: createNodeClock(),
  crypto: await createNodeCrypto(),
  compression: createNodeCompression(),
  blindRsa: createBlindRsa(crypto.subtle),
  secretSharing: createSecretSharing(),
  network: createNodeNetwork(),
  files: createNodeFiles(),
  openDatabase: () => openSqlite(file),
})
