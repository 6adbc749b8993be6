/**
 * Requests to one bucket, bounded in time, size and number. A service that does not answer is left alone: after a request that failed,
 * whoever asks is refused at once, but for one at a time who tries.
 */
import type { Clock } from '@kith/core/ports'
import { entryBytesMax } from '@kith/core/limits'
import type { S3mini } from 's3mini'
import { StoreFailure } from '../store/entry-store.ts'
import { type S3Problem, TooMuch, toS3Problem } from './failure.ts'
import type { S3Options } from './options.ts'

export type S3Requests = {
  /** All reject with the service's own error or, while it is left alone, with StoreFailure `away`. Names are without the prefix. */
  readonly put: (name: string, bytes: Uint8Array) => Promise<void>
  /** Undefined if there is none, or no such bucket. */
  readonly get: (name: string) => Promise<Uint8Array | undefined>
  readonly remove: (name: string) => Promise<void>
  /** Names in order, from the beginning or from where another list ended. Undefined if there is no such bucket. */
  readonly list: (from: string | undefined, count: number) => Promise<S3List | undefined>
  readonly isAway: () => boolean
}

export type S3List = { readonly names: readonly string[]; readonly next: string | undefined }

export type S3Events = {
  /** From now on it is left alone; told once until it is back. */
  readonly away: (problem: S3Problem) => void
  readonly back: () => void
}

/** For one attempt: 1 MiB at 100 KB/s. */
const attemptMs = 10_000
const triesMax = 2
const pauseMs = 200

/** How long nobody asks after a failure; then one at a time. */
const leaveMs = 2000

/** Sockets, and so what waits in them. */
const flyingMax = 64

/** A list of 1,000 names is about 300 KB; an entry has its own bound. */
const answerBytesMax = Math.max(2 * 1024 * 1024, entryBytesMax + 1024)

/** Loads the client: only a hub that is asked to use it does. `options` are checked. */
export async function createS3Requests(
  options: S3Options,
  clock: Clock,
  events: S3Events = { away() {}, back() {} },
): Promise<S3Requests> {
  const { S3mini: Client } = await import('s3mini')
  const { prefix } = options
  const client: S3mini = new Client({
    accessKeyId: options.keyId,
    secretAccessKey: options.secret,
    endpoint: `${new URL(options.endpoint).origin}/${options.bucket}`,
    region: options.region,
    fetch: boundedFetch,
  })
  let awaySince: number | undefined
  let isTrying = false
  let flying = 0
  const waiting: (() => void)[] = []

  async function ask<Result>(request: () => Promise<Result>): Promise<Result> {
    const isTrial = awaySince !== undefined
    if (awaySince !== undefined && (isTrying || clock.monotonic() - awaySince < leaveMs)) throw new StoreFailure('away')
    isTrying ||= isTrial
    if (flying >= flyingMax) await new Promise<void>((resume) => waiting.push(resume))
    else flying += 1
    try {
      const result = await tryTwice(request, isTrial)
      if (awaySince !== undefined) events.back()
      awaySince = undefined
      return result
    } catch (cause) {
      if (awaySince === undefined) events.away(toS3Problem(cause))
      awaySince = clock.monotonic()
      throw cause
    } finally {
      if (isTrial) isTrying = false
      const next = waiting.shift()
      if (next === undefined) flying -= 1
      else next()
    }
  }

  async function tryTwice<Result>(request: () => Promise<Result>, isTrial: boolean): Promise<Result> {
    for (let tries = 1; ; tries += 1) {
      try {
        // Those that waited for a place while it went away need not wait for its silence, too.
        if (awaySince !== undefined && !isTrial) throw new StoreFailure('away')
        return await request()
      } catch (cause) {
        if (tries === triesMax || isTrial || cause instanceof StoreFailure || toS3Problem(cause).isWrong) throw cause
        await new Promise<void>((resolve) => clock.after(pauseMs, resolve))
      }
    }
  }

  return {
    async put(name, bytes) {
      await ask(() => client.putObject(prefix + name, bytes))
    },
    async get(name) {
      const found = await ask(() => client.getObjectArrayBuffer(prefix + name))
      return found === null ? undefined : new Uint8Array(found)
    },
    async remove(name) {
      await ask(() => client.deleteObject(prefix + name))
    },
    async list(from, count) {
      const found = await ask(() => client.listObjectsPaged('/', prefix, count, from))
      if (found === null || found === undefined) return undefined
      const names = (found.objects ?? []).map(({ Key }) => Key.slice(prefix.length))
      return { names, next: found.nextContinuationToken }
    },
    isAway: () => awaySince !== undefined,
  }
}

/** Ends in time, follows nothing elsewhere, and reads no more than anything that is asked for can have. */
async function boundedFetch(input: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> {
  const answer = await fetch(input, { ...init, redirect: 'manual', signal: AbortSignal.timeout(attemptMs) })
  if (answer.body === null) return answer
  let bytes = 0
  const counted = answer.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.length
        if (bytes > answerBytesMax) controller.error(new TooMuch())
        else controller.enqueue(chunk)
      },
    }),
  )
  return new Response(counted, { status: answer.status, statusText: answer.statusText, headers: answer.headers })
}
