/** Large entries as objects of a bucket: their names are random, and one more object says whose they are. */
import { KithError, toHex } from '@kith/core/bytes'
import type { Clock } from '@kith/core/ports'
import type { HubLog } from '../log.ts'
import { nodeVerifying } from '../node-crypto.ts'
import { StoreFailure } from '../store/entry-store.ts'
import type { LargeEntries, Owner } from '../store/large-entries.ts'
import { toS3Problem } from './failure.ts'
import { checkS3, type S3Options } from './options.ts'
import { createS3Requests, type S3Requests } from './requests.ts'

export type S3Entries = LargeEntries & {
  /**
   * Resolves when the bucket is known to be this hub's, or when the service cannot be reached now: then it is asked again before the
   * first entry.
   *
   * @throws KithError `storage-unavailable` for settings that are wrong, `storage-busy` for a bucket that is another hub's.
   */
  readonly check: () => Promise<void>
}

/** The object that says whose the others are. */
export const markName = 'hub'

const pageNames = 1000
const namePattern = /^[0-9a-f]{32}$/

/** What a hub leaves in its bucket: tells it from another hub's, and nobody which hub it is. */
export function toMark(publicKey: Uint8Array): string {
  return toHex(nodeVerifying.sha256(Buffer.concat([Buffer.from('kith: large entries of '), publicKey])))
}

/** @throws KithError `bad-value`. Asks nothing of the service yet. */
export async function openS3Entries(options: S3Options, clock: Clock, log: HubLog): Promise<S3Entries> {
  checkS3(options)
  const requests = await createS3Requests(options, clock, {
    away: ({ text }) => log({ event: 'large-entries-away', problem: text }),
    back: () => log({ event: 'large-entries-back' }),
  })
  return createS3Entries(requests)
}

function createS3Entries(requests: S3Requests): S3Entries {
  let owner: Owner | undefined
  let mark = ''
  /** Whether the bucket was ours when it was last asked. */
  let isOurs = false
  /** That the bucket is ours; asked for once, and again after a failure. */
  let owned: Promise<void> | undefined

  function own(): Promise<void> {
    const asked = (owned ??= claim())
    asked.then(
      () => (isOurs = true),
      () => {
        isOurs = false
        if (owned === asked) owned = undefined
      },
    )
    return asked
  }

  async function claim(): Promise<void> {
    if (owner === undefined) throw new StoreFailure('away')
    const found = await readMark(requests)
    if (found === mark) {
      if (!owner.isInUse()) await owner.noteUse()
      return
    }
    if (found !== undefined) throw othersBucket()
    if (owner.isInUse()) throw emptyBucket()
    // The mark before the note: with a note and no mark, the bucket would be the wrong one.
    await requests.put(markName, Buffer.from(mark))
    await owner.noteUse()
  }

  /** Every failure is a StoreFailure: it may be over the next time. */
  async function run<Result>(request: () => Promise<Result>): Promise<Result> {
    try {
      await own()
      return await request()
    } catch (cause) {
      throw cause instanceof StoreFailure ? cause : new StoreFailure('away', cause)
    }
  }

  return {
    isFar: true,
    isAway: () => requests.isAway() || !isOurs,
    begin(of) {
      owner = of
      mark = toMark(of.publicKey)
    },
    async check() {
      try {
        await own()
      } catch (cause) {
        if (cause instanceof KithError) throw cause
        if (cause instanceof StoreFailure) return
        const { isWrong, text } = toS3Problem(cause)
        if (isWrong) throw new KithError('storage-unavailable', `The hub's S3: ${text}. See --s3-endpoint.`, {}, cause)
      }
    },
    put: (name, bytes) => run(() => requests.put(toHex(name), bytes)),
    get: (name) =>
      run(async () => {
        const found = await requests.get(toHex(name))
        if (found !== undefined) return found
        // That it is gone is believed of the right bucket alone: whoever hears it forgets the entry.
        owned = undefined
        await own()
        return requests.get(toHex(name))
      }),
    remove: (name) => run(() => requests.remove(toHex(name))),
    async *names() {
      owned = undefined
      let from: string | undefined
      do {
        const page = await run(() => requests.list(from, pageNames))
        if (page === undefined) throw new StoreFailure('away')
        yield page.names.filter((name) => namePattern.test(name)).map((name) => Buffer.from(name, 'hex'))
        from = page.next
      } while (from !== undefined)
    },
  }
}

/** Undefined if there is none. Rejects where the bucket cannot be read at all. */
export async function readMark(requests: S3Requests): Promise<string | undefined> {
  const found = await requests.get(markName)
  if (found !== undefined) return Buffer.from(found.subarray(0, 100)).toString('latin1')
  if ((await requests.list(undefined, 1)) === undefined)
    throw new KithError(
      'storage-unavailable',
      'The hub’s S3: it has no bucket of that name. Make it, or correct --s3-bucket.',
    )
  return undefined
}

const othersBucket = (): KithError =>
  new KithError(
    'storage-busy',
    'The S3 bucket holds the large entries of another hub under this prefix. Say another --s3-prefix; or, if they are this hub’s and that other is gone for good: kith hub take-bucket.',
  )

const emptyBucket = (): KithError =>
  new KithError(
    'storage-unavailable',
    'The S3 bucket has nothing of this hub under this prefix, where its large entries should be. Correct --s3-endpoint, --s3-bucket or --s3-prefix; or, if they are lost for good: kith hub take-bucket, and clients put them again.',
  )
