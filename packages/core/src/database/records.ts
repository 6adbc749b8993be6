import { toHex } from '../bytes/index.ts'
import { bytesToSchemaRecord } from '../schema/index.ts'
import { type CompiledRecord, compileRecord } from './compiled.ts'

/** Compiled schema records by hash. */
export type Records = {
  readonly get: (hash: Uint8Array, bytes: Uint8Array) => CompiledRecord
  /** One that was compiled before: that of every applied change is. */
  readonly known: (hash: Uint8Array) => CompiledRecord | undefined
}

export const createRecords = (): Records => {
  const compiled = new Map<string, CompiledRecord>()
  return {
    get: (hash, bytes) => {
      const key = toHex(hash)
      let record = compiled.get(key)
      if (!record) compiled.set(key, (record = compileRecord(bytesToSchemaRecord(bytes))))
      return record
    },
    known: (hash) => compiled.get(toHex(hash)),
  }
}
