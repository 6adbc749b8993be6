import { existsSync } from 'node:fs'
import { KithError } from '@kith/core/bytes'
import { takeSharedPlace } from '../cluster/postgres-open.ts'
import { nodeClock } from '../node-clock.ts'
import { random } from '../node-crypto.ts'
import { loadIdentity, noteTaken } from '../store/sqlite-meta.ts'
import { openSqlite } from '../store/sqlite-open.ts'
import { toS3Problem } from './failure.ts'
import { checkS3, type S3Options } from './options.ts'
import { createS3Requests } from './requests.ts'
import { markName, toMark } from './s3-entries.ts'

/**
 * Makes the bucket this hub's, whatever it holds or lacks, while the hub does not run: after the hub was restored from a copy and the original is
 * gone for good, or after the bucket was lost. Objects that this hub's database does not name are deleted when it runs.
 *
 * @throws KithError `not-found`, `storage-busy` if it is running, `storage-unavailable` if the bucket cannot be written.
 */
export async function takeBucket(storage: string | { readonly postgres: string }, options: S3Options): Promise<void> {
  checkS3(options)
  const publicKey = typeof storage === 'string' ? takeInFile(storage) : await takeSharedPlace(storage.postgres)
  const requests = await createS3Requests(options, nodeClock)
  try {
    await requests.put(markName, Buffer.from(toMark(publicKey)))
  } catch (cause) {
    throw new KithError('storage-unavailable', `The hub's S3: ${toS3Problem(cause).text}. Say this again.`, {}, cause)
  }
}

/** The note before the mark: should the mark fail, the hub refuses to start and says so. */
function takeInFile(storage: string): Uint8Array {
  if (!existsSync(storage)) throw new KithError('not-found', `There is no hub in ${storage}.`)
  const database = openSqlite(storage, undefined)
  try {
    const { publicKey } = loadIdentity(database, random)
    noteTaken(database)
    return publicKey
  } finally {
    database.close()
  }
}
