import type { BlindRsa } from './blind-rsa.ts'
import type { Clock } from './clock.ts'
import type { Compression } from './compression.ts'
import type { Crypto } from './crypto.ts'
import type { Files } from './files.ts'
import type { Network } from './network.ts'
import type { SecretSharing } from './secret-sharing.ts'
import type { SqlDatabase } from './sql.ts'
import type { Vault } from './vault.ts'

/**
 * Everything the core may touch outside itself. The same core runs in Node, in a browser worker and in the simulator
 * because each hands it one of these and nothing else.
 */
export type Platform = {
  readonly clock: Clock
  readonly crypto: Crypto
  readonly compression: Compression
  /** Without it, this device can be no member of a hub that wants invites. */
  readonly blindRsa?: BlindRsa
  /** Without it, phrases are neither split nor joined. */
  readonly secretSharing?: SecretSharing
  readonly network: Network
  readonly files?: Files
  /** Without one, secrets lie in the database in clear. */
  readonly vault?: Vault | undefined
  /** Opens (or makes) the person's database. Its durability on commit must be real: see `SqlDatabase`. */
  readonly openDatabase: () => SqlDatabase | Promise<SqlDatabase>
}
