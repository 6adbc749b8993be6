/** Locks what a device keeps secret, before it is written to its database, by a key that lies elsewhere: a copy of the file alone opens nothing. */
export type Vault = {
  readonly lock: (secret: Uint8Array) => Uint8Array
  /** @throws KithError `storage-locked`: it was locked by another key. */
  readonly unlock: (locked: Uint8Array) => Uint8Array
}
