/** From a Yjs update of one author to the two parts of a text op. */
import { concatBytes } from '../../bytes/index.ts'
import { encodeDeletes } from './bytes.ts'
import { readDeleteSection, readStructSection } from './inspect.ts'
import { bad, createReader } from './reader.ts'

/**
 * The structs and the deletions of a Yjs v1 update, each as an update of its own, or no bytes where there are none.
 * Throws `KithError('bad-encoding')` where the update holds structs of several clients, a gap or anything else that
 * no text op may hold.
 */
export function splitUpdate(update: Uint8Array): { structs: Uint8Array; deletes: Uint8Array } {
  const reader = createReader(update)
  const inserted = readStructSection(reader)
  const structsEnd = reader.at
  const deleted = readDeleteSection(reader, false)
  if (reader.at !== update.length) throw bad('bytes follow it')
  return {
    structs: inserted.length === 0 ? new Uint8Array(0) : concatBytes(update.subarray(0, structsEnd), Uint8Array.of(0)),
    deletes: encodeDeletes(deleted),
  }
}
