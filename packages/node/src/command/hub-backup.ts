import { cpSync, existsSync, readdirSync } from 'node:fs'
import { KithError } from '@kith/core/bytes'
import { backupStorage, renewGeneration, restoreStorage, takeBucket } from '@kith/hub'
import { readOperatorFile } from './hub-serve.ts'
import type { HubSettings } from './hub-settings.ts'
import { type Output, UsageError } from './output.ts'

/** Copies a hub, which may be running: then it makes the copy itself, asked on the operator's port. */
export const backupHub = async ({ storage, database, s3 }: HubSettings, to: string, output: Output): Promise<void> => {
  refuseShared(database)
  if (!isCopyOrEmpty(to)) throw new KithError('bad-value', `${to} holds other things. Name another folder.`)
  try {
    await backupStorage(storage, to)
  } catch (cause) {
    if (!(cause instanceof KithError) || cause.code !== 'storage-busy') throw cause
    cpSync(await askRunning(storage), to, { recursive: true })
  }
  output.print(`Copied to ${to}. It holds the hub's keys: keep it as you keep the hub.`)
  if (s3 !== undefined) output.print('Its large entries stay on S3: keep the bucket, or copy it with the tools of S3.')
}

const isCopyOrEmpty = (folder: string): boolean =>
  !existsSync(folder) || readdirSync(folder).every((name) => name === 'entries' || name.startsWith('hub.db'))

const askRunning = async (storage: string): Promise<string> => {
  const operator = readOperatorFile(storage)
  if (operator === undefined) {
    throw new KithError(
      'storage-busy',
      `The hub runs without an operator's port, by which it could be asked. Stop it first.`,
    )
  }
  const answer = await fetch(`${operator.url}/backup`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operator.token}` },
  }).catch(() => undefined)
  if (answer?.status !== 200) {
    throw new KithError(
      'storage-busy',
      `Something has ${storage} open, and ${operator.url} does not make copies. Stop it first.`,
    )
  }
  return ((await answer.json()) as { folder: string }).folder
}

const refuseShared = (database: string | undefined): void => {
  if (database === undefined) return
  throw new KithError(
    'not-supported',
    'A hub on PostgreSQL is copied and restored by the tools of PostgreSQL (pg_dump, a base backup with its log); after a restore: kith hub new-generation.',
  )
}

/** For a database that was put back to an earlier state, while no process of the hub runs. */
export const beginGeneration = async ({ database }: HubSettings, output: Output): Promise<void> => {
  if (database === undefined)
    throw new UsageError('A hub with a file of its own begins a new generation by itself: kith hub restore.')
  await renewGeneration(database)
  output.print('A new generation: when the hub starts, each client compares what it has and puts what is missing.')
}

/** For a bucket whose other hub is gone, or that was lost; while no process of this hub runs. */
export const takeHubBucket = async ({ storage, database, s3 }: HubSettings, output: Output): Promise<void> => {
  if (s3 === undefined) throw new UsageError('Say which bucket: --s3-endpoint and the others, as for the hub.')
  await takeBucket(database === undefined ? storage : { postgres: database }, s3)
  output.print('The bucket is this hub’s now. What its database does not name is deleted when it runs.')
}

export const restoreHub = ({ storage, database, s3 }: HubSettings, from: string, output: Output): void => {
  refuseShared(database)
  restoreStorage(from, storage)
  if (s3 !== undefined)
    output.print(
      'If the hub that was copied is gone for good, say first: kith hub take-bucket. If not, do not start this one.',
    )
  output.print(`Restored to ${storage}. Start it as before: clients bring what came after the copy was made.`)
}
