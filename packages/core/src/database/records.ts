import { ifUsable, toHex } from '../bytes/index.ts'
import { bytesToSchemaRecord } from '../schema/index.ts'
import { type CompiledRecord, compileRecord } from './compiled.ts'

/** Compiled schema records by their bytes. */
export type Records = {
  /** Undefined for bytes that are no record of this app: an admin can publish anything, and then it allows nothing. */
  readonly get: (bytes: Uint8Array, app: string) => CompiledRecord | undefined
}

export const createRecords = (): Records => {
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
  /** By the array itself: it is asked for once or twice a change, by the same one. */
  const seen = new WeakMap<Uint8Array, { readonly record: CompiledRecord | undefined }>()
  return {
    get: (bytes, app) => {
      let found = seen.get(bytes)
      if (!found) seen.set(bytes, (found = { record: compile(bytes) }))
      const { record } = found
      // A record that names another app would write into that app's tables.
      return record?.app === app ? record : undefined
    },
  }
}
