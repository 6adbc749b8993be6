import { ifUsable, toHex } from '../bytes/index.ts'
import { bytesToSchemaRecord } from '../schema/index.ts'
import { type CompiledRecord, compileRecord } from './compiled.ts'

/** Compiled schema records by hash. */
export type Records = {
  /** Undefined for bytes that are no record of this app: an admin can publish anything, and then it allows nothing. */
  readonly get: (hash: Uint8Array, bytes: Uint8Array, app: string) => CompiledRecord | undefined
}

export const createRecords = (): Records => {
  const compiled = new Map<string, CompiledRecord | undefined>()
  return {
    get: (hash, bytes, app) => {
      const key = toHex(hash)
      if (!compiled.has(key))
        compiled.set(
          key,
          ifUsable(() => compileRecord(bytesToSchemaRecord(bytes))),
        )
      const record = compiled.get(key)
      // A record that names another app would write into that app's tables.
      return record?.app === app ? record : undefined
    },
  }
}
