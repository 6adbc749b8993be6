import { ifUsable, toHex } from '../bytes/index.ts'
import { bytesToSchemaRecord } from '../schema/index.ts'
import { type CompiledRecord, compileRecord } from './compiled.ts'

/** Compiled schema records by hash. */
export type Records = {
  /** Undefined for bytes that are no record of this app: an admin can publish anything, and then it allows nothing. */
  readonly get: (hash: Uint8Array, bytes: Uint8Array, app: string) => CompiledRecord | undefined
}

export const createRecords = (): Records => {
  const byHash = new Map<string, CompiledRecord | undefined>()
  /** Spaces of one app have the same record, each published by a change of its own. */
  const byText = new Map<string, CompiledRecord | undefined>()
  const compile = (bytes: Uint8Array): CompiledRecord | undefined => {
    const text = toHex(bytes)
    if (!byText.has(text))
      byText.set(
        text,
        ifUsable(() => compileRecord(bytesToSchemaRecord(bytes))),
      )
    return byText.get(text)
  }
  const find = (hash: Uint8Array, bytes: Uint8Array): CompiledRecord | undefined => {
    const key = toHex(hash)
    if (!byHash.has(key)) byHash.set(key, compile(bytes))
    return byHash.get(key)
  }
  /** By the array itself: it is asked for once or twice a change, by the same one. */
  const seen = new WeakMap<Uint8Array, { readonly record: CompiledRecord | undefined }>()
  return {
    get: (hash, bytes, app) => {
      let found = seen.get(hash)
      if (!found) seen.set(hash, (found = { record: find(hash, bytes) }))
      const { record } = found
      // A record that names another app would write into that app's tables.
      return record?.app === app ? record : undefined
    },
  }
}
